// SPDX-License-Identifier: MIT
#include "tls/wire.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "tls/alert.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <string.h>

enum { ALERT_LEVEL_FATAL = 2 };

void tls_wire_init(struct tls_wire *wire) {
    *wire = (struct tls_wire){.observing = true};
    buf_init(&wire->out, LIMIT_TLS_OUTPUT);
    buf_init(&wire->first, TLS_FIRST_BYTES);
}

void tls_wire_cleanup(struct tls_wire *wire) {
    buf_cleanup(&wire->out);
    buf_cleanup(&wire->first);
}

void tls_wire_stop_observing(struct tls_wire *wire) {
    wire->observing = false;
    buf_cleanup(&wire->first);
}

// RFC 8446 6.1: these two end a handshake whatever level they have.
static bool is_closure(int alert) {
    enum { CLOSE_NOTIFY = 0, USER_CANCELED = 90 };
    return alert == CLOSE_NOTIFY || alert == USER_CANCELED;
}

int tls_wire_plain_alert(const struct tls_wire *wire) {
    if (wire->alert_len < sizeof(wire->alert)) {
        return ALERT_NONE;
    }
    bool ends = wire->alert[0] == ALERT_LEVEL_FATAL || is_closure(wire->alert[1]);
    return ends ? wire->alert[1] : ALERT_NONE;
}

static void start_body(struct tls_wire *wire) {
    wire->body_left = (size_t)wire->header[3] << 8 | wire->header[4];
    wire->body_is_alert =
        wire->header[0] == SSL3_RT_ALERT && wire->body_left == sizeof(wire->alert);
    wire->alert_len = wire->body_is_alert ? 0 : wire->alert_len;
    wire->header_len = 0;
}

static void observe_body(struct tls_wire *wire, struct slice s) {
    if (wire->body_is_alert) {
        struct slice kept = slice_sub(s, 0, sizeof(wire->alert) - wire->alert_len);
        memcpy(wire->alert + wire->alert_len, kept.data, kept.len);
        wire->alert_len += kept.len;
    }
}

// Follows the record layer: five bytes of header, then as many as its length says.
static void observe(struct tls_wire *wire, struct slice s) {
    size_t at = 0;
    while (at < s.len) {
        if (wire->body_left > 0) {
            size_t take = wire->body_left < s.len - at ? wire->body_left : s.len - at;
            observe_body(wire, slice_sub(s, at, take));
            wire->body_left -= take;
            at += take;
            continue;
        }
        wire->header[wire->header_len++] = s.data[at++];
        if (wire->header_len == TLS_RECORD_HEADER) {
            start_body(wire);
        }
    }
}

static int wire_read(BIO *bio, char *out, int len) {
    struct tls_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (wire->in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    struct slice taken = slice_sub(wire->in, 0, (size_t)len);
    memcpy(out, taken.data, taken.len);
    wire->in = slice_from(wire->in, taken.len);
    if (wire->observing) {
        observe(wire, taken);
    }
    return (int)taken.len;
}

static int wire_write(BIO *bio, const char *data, int len) {
    struct tls_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t taken = buf_append_some(&wire->out, slice_of(data, (size_t)len));
    if (taken == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    return (int)taken;
}

static long wire_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int wire_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *tls_wire_method_new(void) {
    BIO_METHOD *method = BIO_meth_new(0, "smtpscope wire");
    if (method != NULL) {
        BIO_meth_set_create(method, wire_create);
        BIO_meth_set_read(method, wire_read);
        BIO_meth_set_write(method, wire_write);
        BIO_meth_set_ctrl(method, wire_ctrl);
    }
    return method;
}

BIO *tls_wire_bio(const BIO_METHOD *method, struct tls_wire *wire) {
    BIO *bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_data(bio, wire);
    }
    return bio;
}
