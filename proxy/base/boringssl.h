// SPDX-License-Identifier: MIT
// boringssl: included before any other header of BoringSSL, it refuses to compile against OpenSSL,
// whose headers have the same names and would be taken silently if the include path were wrong.
// Only `tls`, `certs` and `base/digest` include it.
#ifndef SCOPE_BASE_BORINGSSL_H
#define SCOPE_BASE_BORINGSSL_H

#include <openssl/base.h>

#ifndef OPENSSL_IS_BORINGSSL
#error "these headers are OpenSSL's: install android-libboringssl-dev or set -DBORINGSSL_ROOT="
#endif

#endif
