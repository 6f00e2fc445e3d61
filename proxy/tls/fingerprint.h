// SPDX-License-Identifier: MIT
// fingerprint: the two common short names for "which TLS library sent this ClientHello".
//
//   JA3   md5 of  version,suites,extensions,groups,point formats   in the order of the hello
//   JA4   t13d1516h2_8daaf6152771_e5627efa2ab1
//         │││ │ │ │  └ sha256 of the sorted suites, 12 digits
//         │││ │ │ │               └ the same of the sorted extensions and the signatures
//         │││ │ │ └ first and last character of the first ALPN name
//         │││ └─┴ how many suites and extensions
//         │└┴ version, and whether there is an SNI (d) or none (i)
//         └ t for TCP
//
// Both leave GREASE out (RFC 8701). JA3: github.com/salesforce/ja3; JA4: github.com/FoxIO-LLC/ja4.
#ifndef SCOPE_TLS_FINGERPRINT_H
#define SCOPE_TLS_FINGERPRINT_H

#include "tls/hello.h"

// Each a string that the caller frees.
char *tls_ja3(const struct tls_hello *hello);
char *tls_ja4(const struct tls_hello *hello);

#endif
