// SPDX-License-Identifier: MIT
// wire: the BIO between BoringSSL and our buffers. Incoming bytes are read straight out of the
// caller's slice, outgoing ones collect in a buffer. BoringSSL asks for five bytes of record header
// and then for exactly that record, so what it has not asked for is still the caller's: that is the
// back-pressure.
//
// On the way it looks at the records of a handshake for what BoringSSL would not tell: an OpenSSL
// client that distrusts a TLS 1.3 certificate sends its alert as a plain record (type 21, two
// bytes) where an encrypted one is due, and BoringSSL calls that "bad record MAC".
#ifndef SCOPE_TLS_WIRE_H
#define SCOPE_TLS_WIRE_H

#include "base/buf.h"

#include <openssl/base.h>

enum { TLS_RECORD_HEADER = 5 };

struct tls_wire {
    struct slice in; // what is left of the caller's slice
    struct buf out;  // to be sent
    // The observer.
    bool observing;
    struct buf first; // the first bytes of the stream, to say what was there instead of TLS
    uint8_t header[TLS_RECORD_HEADER];
    size_t header_len;
    size_t body_left;
    bool body_is_alert;
    uint8_t alert[2];
    size_t alert_len;
};

// The BIO_METHOD that `tls_wire_bio` makes BIOs of; made once for a context.
BIO_METHOD *tls_wire_method_new(void);
BIO *tls_wire_bio(const BIO_METHOD *method, struct tls_wire *wire);

void tls_wire_init(struct tls_wire *wire);
void tls_wire_cleanup(struct tls_wire *wire);
// The last plain alert by which the peer ended the handshake, or ALERT_NONE.
int tls_wire_plain_alert(const struct tls_wire *wire);
void tls_wire_stop_observing(struct tls_wire *wire);

#endif
