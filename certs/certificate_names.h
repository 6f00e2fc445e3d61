// SPDX-License-Identifier: MIT
// certificate_names: host names and addresses in certificates (RFC 5280 4.2.1.6, 4.2.1.10). They
// are built as GENERAL_NAMEs, never as text like "DNS:a,DNS:b", where a comma from the wire would
// forge a name. Only inside `certs`.
#ifndef SCOPE_CERTS_CERTIFICATE_NAMES_H
#define SCOPE_CERTS_CERTIFICATE_NAMES_H

#include "base/err.h"

#include <openssl/base.h>
#include <openssl/x509v3.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_ADDRESS_LEN = 16 };

// The bytes of an IPv4 or IPv6 address; 0 where `text` is none. Brackets are fine.
size_t names_parse_address(uint8_t out[NAMES_ADDRESS_LEN], const char *text);
bool names_is_loopback(const char *text); // such an address: 127.0.0.0/8, ::1
// Whether a certificate can have it as a DNS name: labels of letters, digits, `-` and `_`.
bool names_is_host(const char *text);

// What the functions below return belongs to the caller (GENERAL_NAMES_free, GENERAL_NAME_free).
//
// The alternative names of `server` (or, where it has none, its common name if that is a name),
// and `also` if it is not among them. Either may be NULL. NULL where there is no name at all.
GENERAL_NAMES *names_of(X509 *server, const char *also);

// Adds a host or an address that is not among them yet; any other text is left out.
void names_append(GENERAL_NAMES *names, const char *text);

// One name of `type` with this value, or of a text that is a host or an address. NULL where memory
// is lacking.
GENERAL_NAME *names_make(int type, const uint8_t *data, size_t len);
GENERAL_NAME *names_make_of(const char *text);

#endif
