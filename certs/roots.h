// SPDX-License-Identifier: MIT
// roots: where this machine keeps the certificates it trusts.
#ifndef SCOPE_CERTS_ROOTS_H
#define SCOPE_CERTS_ROOTS_H

#include "base/err.h"

#include <openssl/base.h>

// Where the machine's roots are, as the environment says now: $SSL_CERT_FILE and $SSL_CERT_DIR
// where they are set and hold something, else the machine's bundle. All-zero: nowhere.
struct system_roots {
    char *file;   // PEM; NULL for none
    char *folder; // with OpenSSL's hashed names; NULL for none
};
struct system_roots roots_find_system(void); // roots_cleanup_system frees it
void roots_cleanup_system(struct system_roots *roots);

// Adds them to a store; what cannot be read is left out. Parsing 150 roots takes a few
// milliseconds.
void roots_add_system(X509_STORE *store, const struct system_roots *roots);
// Adds those of a file that the user named. ERR_INPUT with a sentence where it cannot be read or
// holds no certificate.
MUST_USE enum err roots_add_named(X509_STORE *store, struct failure *failure, const char *file);

// The PEM file with the machine's roots: $SSL_CERT_FILE if it can be read, else the first that is
// there of those that distributions use. NULL where there is none. Static or the environment's.
// `but_not` (NULL for none) is passed over: a bundle of ours must not be made out of itself.
const char *roots_system_file(const char *but_not);

#endif
