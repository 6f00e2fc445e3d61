// SPDX-License-Identifier: MIT
// hello: what a ClientHello says (RFC 8446 4.1.2, RFC 5246 7.4.1.2), read from its bytes without
// any TLS library, so that it can be fuzzed and checked against published fingerprints.
//
//   version · random · session id · cipher suites · compression · extensions
//                                                                 ├ 0  server_name    RFC 6066
//                                                                 ├ 10 groups         RFC 8422
//                                                                 ├ 13 signatures     RFC 8446
//                                                                 ├ 16 ALPN           RFC 7301
//                                                                 └ 43 versions       RFC 8446
#ifndef SCOPE_TLS_HELLO_H
#define SCOPE_TLS_HELLO_H

#include "base/slice.h"

#include <stdint.h>

// A list of 16-bit numbers from the hello, in its order.
struct tls_numbers {
    uint16_t *items;
    size_t count;
};

struct tls_hello {
    const char *sni;        // NULL if none
    struct slice alpn_wire; // ALPN's ProtocolNameList without its outer length
    const char *ja3;
    const char *ja4;
    uint16_t version_max; // highest version offered, 0x0304
    bool rsa_only;        // no ECDSA P-256 leaf can be served: present an RSA one

    uint16_t version; // legacy_version
    bool has_sni_extension;
    bool has_alpn_extension;
    struct tls_numbers suites;
    struct tls_numbers extensions;
    struct tls_numbers groups;
    struct tls_numbers signatures;
    struct tls_numbers versions; // of supported_versions
    struct slice point_formats;  // for the fingerprint; null once the hello was read
};

// Reads the body of a ClientHello (without its 4-byte handshake header). `allowed_max` is the
// highest version that we serve; it decides `rsa_only`. NULL where it is malformed. Everything in
// it is owned by it.
struct tls_hello *tls_hello_new(struct slice body, uint16_t allowed_max);
// Decides `rsa_only` again, for another highest version.
void tls_hello_limit(struct tls_hello *hello, uint16_t allowed_max);
// Gives the lists back: only the reason of a handshake that failed is made of them.
void tls_hello_shed(struct tls_hello *hello); // NULL is fine
void tls_hello_free(struct tls_hello *hello);

// Whether a number is one of those that clients strew in to keep servers tolerant (RFC 8701).
bool tls_is_grease(uint16_t number);

#endif
