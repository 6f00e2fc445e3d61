// SPDX-License-Identifier: MIT
// build: the pieces that each certificate of ours is made of: key, serial number, dates, extensions
// (RFC 5280 4.1, 4.2). Only inside `certs`.
#ifndef SCOPE_CERTS_BUILD_H
#define SCOPE_CERTS_BUILD_H

#include "base/err.h"

#include <openssl/base.h>

#include <stdbool.h>
#include <stdint.h>

struct dates {
    int64_t not_before; // seconds since 1970-01-01
    int64_t not_after;
};

// The bits of KeyUsage, RFC 5280 4.2.1.3.
enum key_usage {
    DIGITAL_SIGNATURE = 0,
    KEY_ENCIPHERMENT = 2,
    DATA_ENCIPHERMENT = 3,
    KEY_CERT_SIGN = 5,
    CRL_SIGN = 6,
};

// What signs. An issuer owns both.
struct issuer {
    X509 *certificate;
    EVP_PKEY *key;
};

enum { SECONDS_PER_DAY = 86400, CLOCK_SKEW_S = 3600, CA_DAYS = 365, LEAF_DAYS = 7 };

EVP_PKEY *build_key_p256(void);
enum { RSA_BITS = 2048 };
EVP_PKEY *build_key_rsa(unsigned bits); // 2048 take some tenths of a second

// Version 3, a random serial number of 16 bytes, the dates and the key. NULL on failure.
X509 *build_certificate(EVP_PKEY *key, const struct dates *dates);
bool build_add_ca(X509 *x509, int path_len);    // CA, key usage, subject key id
bool build_add_leaf(X509 *x509, EVP_PKEY *key); // no CA, key usage
bool build_add_no_ca(X509 *x509);               // no CA
bool build_add_usage(X509 *x509, enum key_usage bit);
bool build_add_purpose(X509 *x509, int nid); // extended key usage: this one
// Signs with ECDSA and SHA-256, after an authority key identifier; `issuer` has its subject.
bool build_sign(X509 *x509, const struct issuer *issuer);
// The same with another digest.
bool build_sign_with(X509 *x509, const struct issuer *issuer, const EVP_MD *digest);
// A subject of one part; false for what is longer than RFC 5280 allows it to be.
bool build_set_subject(X509 *x509, int nid, const char *text);

// A CA with this name. `parent` signs it; NULL: itself. False on failure, with `out` empty.
bool build_issuer(struct issuer *out, const char *name, const struct dates *dates,
                  const struct issuer *parent);
void issuer_cleanup(struct issuer *issuer);

// The DER as a buffer that chains are made of; the caller frees it.
CRYPTO_BUFFER *build_der(X509 *x509);

#endif
