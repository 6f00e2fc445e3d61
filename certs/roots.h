// SPDX-License-Identifier: MIT
// roots: where this machine keeps the certificates it trusts.
#ifndef SCOPE_CERTS_ROOTS_H
#define SCOPE_CERTS_ROOTS_H

#include "base/err.h"

#include <openssl/base.h>

// $SSL_CERT_FILE and $SSL_CERT_DIR where they are set and hold something, else the machine's
// bundle; then those of `extra_file` (NULL for none). ERR_INPUT with a sentence where that one
// cannot be read or holds no certificate.
MUST_USE enum err roots_load(X509_STORE **out, struct failure *failure, const char *extra_file);

// The PEM file with the machine's roots: $SSL_CERT_FILE if it can be read, else the first that is
// there of those that distributions use. NULL where there is none. Static or the environment's.
// `but_not` (NULL for none) is passed over: a bundle of ours must not be made out of itself.
const char *roots_system_file(const char *but_not);

#endif
