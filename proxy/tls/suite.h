// SPDX-License-Identifier: MIT
// suite: cipher suites by their IANA numbers, those too that BoringSSL cannot speak: a client that
// offers nothing else must learn what it offered.
#ifndef SCOPE_TLS_SUITE_H
#define SCOPE_TLS_SUITE_H

#include "base/buf.h"
#include "tls/hello.h"

const char *tls_suite_name(uint16_t suite); // IANA's; NULL where it is not known
bool tls_suite_is_ecdsa(uint16_t suite);    // one of TLS 1.2 or less for an ECDSA certificate
bool tls_suite_is_weak(uint16_t suite);     // CBC, or no forward secrecy (RFC 9325 4.2)

// Appends the names, comma between them, at most `max` and then how many more there are. GREASE and
// the signalling values (RFC 5746, 7507) are left out.
void tls_suites_put(struct buf *out, const struct tls_numbers *suites, size_t max);

#endif
