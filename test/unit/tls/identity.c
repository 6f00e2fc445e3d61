// SPDX-License-Identifier: MIT
#include "identity.h"

#include "base/boringssl.h"
#include "base/memory.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <assert.h>
#include <stdlib.h>

static EVP_PKEY *make_ec(int nid) {
    EVP_PKEY *key = EVP_PKEY_new();
    EC_KEY *ec = EC_KEY_new_by_curve_name(nid);
    assert(EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(key, ec));
    return key;
}

// Small, and made once, since it is slow to make.
static EVP_PKEY *rsa_key(void) {
    static EVP_PKEY *key;
    if (key != NULL) {
        EVP_PKEY_up_ref(key);
        return key;
    }
    key = EVP_PKEY_new();
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    assert(BN_set_word(e, RSA_F4) && RSA_generate_key_ex(rsa, 1024, e, NULL));
    assert(EVP_PKEY_assign_RSA(key, rsa));
    BN_free(e);
    EVP_PKEY_up_ref(key);
    return key;
}

static EVP_PKEY *make_ed25519(void) {
    static const uint8_t SEED[32] = {1, 2, 3};
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, SEED, sizeof(SEED));
}

static EVP_PKEY *make_key(enum identity_key kind) {
    switch (kind) {
    case IDENTITY_P256:
        return make_ec(NID_X9_62_prime256v1);
    case IDENTITY_P521:
        return make_ec(NID_secp521r1);
    case IDENTITY_RSA:
        return rsa_key();
    case IDENTITY_ED25519:
        return make_ed25519();
    }
    return NULL;
}

static char *take_text(BIO *bio) {
    const uint8_t *data;
    size_t len;
    assert(BIO_mem_contents(bio, &data, &len));
    char *text = mem_string_of(slice_of(data, len));
    BIO_free(bio);
    return text;
}

void identity_init(struct identity *identity, enum identity_key kind) {
    identity->key = make_key(kind);
    X509 *x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_NAME *name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_set_pubkey(x509, identity->key);
    assert(X509_sign(x509, identity->key, kind == IDENTITY_ED25519 ? NULL : EVP_sha256()));
    uint8_t *der = NULL;
    int len = i2d_X509(x509, &der);
    identity->chain[0] = CRYPTO_BUFFER_new(der, (size_t)len, NULL);
    OPENSSL_free(der);
    BIO *certificate = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(certificate, x509);
    PEM_write_bio_PrivateKey(key, identity->key, NULL, NULL, 0, NULL, NULL);
    identity->certificate_pem = take_text(certificate);
    identity->key_pem = take_text(key);
    X509_free(x509);
}

void identity_cleanup(struct identity *identity) {
    CRYPTO_BUFFER_free(identity->chain[0]);
    EVP_PKEY_free(identity->key);
    free(identity->certificate_pem);
    free(identity->key_pem);
}

struct tls_identity identity_borrow(const struct identity *identity) {
    return (struct tls_identity){.chain = identity->chain, .chain_len = 1, .key = identity->key};
}
