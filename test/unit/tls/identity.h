// SPDX-License-Identifier: MIT
// identity: throw-away self-signed certificates for the tests of this folder.
#ifndef SCOPE_TEST_TLS_IDENTITY_H
#define SCOPE_TEST_TLS_IDENTITY_H

#include "tls/endpoint.h"

enum identity_key { IDENTITY_P256, IDENTITY_P521, IDENTITY_RSA, IDENTITY_ED25519 };

struct identity {
    CRYPTO_BUFFER *chain[1];
    EVP_PKEY *key;
    char *certificate_pem;
    char *key_pem;
};

void identity_init(struct identity *identity, enum identity_key kind);
void identity_cleanup(struct identity *identity);
struct tls_identity identity_borrow(const struct identity *identity);

#endif
