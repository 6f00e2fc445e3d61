// SPDX-License-Identifier: MIT
#include "certs/build.h"

#include "base/boringssl.h"
#include "base/slice.h"

#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { SERIAL_LEN = 16 };

// ── keys ────────────────────────────────────────────────────────────────────────────────────────

EVP_PKEY *build_key_p256(void) {
    EVP_PKEY *key = EVP_PKEY_new();
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    bool made =
        key != NULL && ec != NULL && EC_KEY_generate_key(ec) && EVP_PKEY_set1_EC_KEY(key, ec);
    EC_KEY_free(ec);
    if (!made) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

EVP_PKEY *build_key_rsa(unsigned bits) {
    EVP_PKEY *key = EVP_PKEY_new();
    RSA *rsa = RSA_new();
    BIGNUM *exponent = BN_new();
    bool made = key != NULL && rsa != NULL && exponent != NULL && BN_set_word(exponent, RSA_F4) &&
                RSA_generate_key_ex(rsa, (int)bits, exponent, NULL) && EVP_PKEY_set1_RSA(key, rsa);
    BN_free(exponent);
    RSA_free(rsa);
    if (!made) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

// ── the body ────────────────────────────────────────────────────────────────────────────────────

// RFC 5280 4.1.2.2: positive, at most 20 bytes; the first byte is never 0, so that all are as long.
static bool set_serial(X509 *x509) {
    uint8_t bytes[SERIAL_LEN];
    RAND_bytes(bytes, sizeof(bytes));
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return set;
}

X509 *build_certificate(EVP_PKEY *key, const struct dates *dates) {
    X509 *x509 = X509_new();
    if (x509 != NULL && X509_set_version(x509, X509_VERSION_3) && set_serial(x509) &&
        ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)dates->not_before) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)dates->not_after) != NULL &&
        X509_set_pubkey(x509, key)) {
        return x509;
    }
    X509_free(x509);
    return NULL;
}

bool build_set_subject(X509 *x509, int nid, const char *text) {
    X509_NAME *subject = X509_NAME_new();
    bool set =
        subject != NULL &&
        X509_NAME_add_entry_by_NID(subject, nid, MBSTRING_UTF8, (const uint8_t *)text, -1, -1, 0) &&
        X509_set_subject_name(x509, subject);
    X509_NAME_free(subject);
    return set;
}

// ── extensions ──────────────────────────────────────────────────────────────────────────────────

static bool add_basic_constraints(X509 *x509, bool ca, int path_len) {
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool added = constraints != NULL;
    if (added && ca) {
        constraints->ca = 0xff; // DER's TRUE
        constraints->pathlen = ASN1_INTEGER_new();
        added = constraints->pathlen != NULL && ASN1_INTEGER_set(constraints->pathlen, path_len);
    }
    added = added && X509_add1_ext_i2d(x509, NID_basic_constraints, constraints, 1, 0);
    BASIC_CONSTRAINTS_free(constraints);
    return added;
}

static bool add_key_usage(X509 *x509, const int *bits, size_t count) {
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool added = usage != NULL;
    for (size_t i = 0; added && i < count; i++) {
        added = ASN1_BIT_STRING_set_bit(usage, bits[i], 1);
    }
    added = added && X509_add1_ext_i2d(x509, NID_key_usage, usage, 1, 0);
    ASN1_BIT_STRING_free(usage);
    return added;
}

// RFC 5280 4.2.1.2 (1): the SHA-1 of the public key.
static bool add_subject_key_id(X509 *x509) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    bool added = id != NULL && X509_pubkey_digest(x509, EVP_sha1(), digest, &len) &&
                 ASN1_OCTET_STRING_set(id, digest, (int)len) &&
                 X509_add1_ext_i2d(x509, NID_subject_key_identifier, id, 0, 0);
    ASN1_OCTET_STRING_free(id);
    return added;
}

static bool add_authority_key_id(X509 *x509, X509 *issuer) {
    ASN1_OCTET_STRING *id = X509_get_ext_d2i(issuer, NID_subject_key_identifier, NULL, NULL);
    if (id == NULL) {
        return true; // a self-signed leaf has none to point to
    }
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool added = authority != NULL;
    if (added) {
        authority->keyid = id;
        added = X509_add1_ext_i2d(x509, NID_authority_key_identifier, authority, 0, 0);
    } else {
        ASN1_OCTET_STRING_free(id);
    }
    AUTHORITY_KEYID_free(authority);
    return added;
}

bool build_add_ca(X509 *x509, int path_len) {
    static const int BITS[] = {KEY_CERT_SIGN, CRL_SIGN};
    return add_basic_constraints(x509, true, path_len) && add_key_usage(x509, BITS, 2) &&
           add_subject_key_id(x509);
}

bool build_add_no_ca(X509 *x509) {
    return add_basic_constraints(x509, false, 0);
}

bool build_add_usage(X509 *x509, enum key_usage bit) {
    int bits[] = {(int)bit};
    return add_key_usage(x509, bits, 1);
}

// With RSA a client without elliptic curves encrypts its secret for the key (RFC 5246 7.4.2).
bool build_add_leaf(X509 *x509, EVP_PKEY *key) {
    static const int BITS[] = {DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
    return build_add_no_ca(x509) &&
           add_key_usage(x509, BITS, EVP_PKEY_id(key) == EVP_PKEY_RSA ? 2 : 1);
}

bool build_add_purpose(X509 *x509, int nid) {
    EXTENDED_KEY_USAGE *purposes = EXTENDED_KEY_USAGE_new();
    ASN1_OBJECT *purpose = OBJ_dup(OBJ_nid2obj(nid));
    bool added = purposes != NULL && purpose != NULL && sk_ASN1_OBJECT_push(purposes, purpose) > 0;
    if (!added) {
        ASN1_OBJECT_free(purpose);
    }
    added = added && X509_add1_ext_i2d(x509, NID_ext_key_usage, purposes, 0, 0);
    EXTENDED_KEY_USAGE_free(purposes);
    return added;
}

// ── signing ─────────────────────────────────────────────────────────────────────────────────────

bool build_sign(X509 *x509, const struct issuer *issuer) {
    return build_sign_with(x509, issuer, EVP_sha256());
}

bool build_sign_with(X509 *x509, const struct issuer *issuer, const EVP_MD *digest) {
    return X509_set_issuer_name(x509, X509_get_subject_name(issuer->certificate)) &&
           add_authority_key_id(x509, issuer->certificate) &&
           X509_sign(x509, issuer->key, digest) > 0;
}

bool build_issuer(struct issuer *out, const char *name, const struct dates *dates,
                  const struct issuer *parent) {
    *out = (struct issuer){.key = build_key_p256()};
    out->certificate = out->key == NULL ? NULL : build_certificate(out->key, dates);
    if (out->certificate != NULL && build_set_subject(out->certificate, NID_commonName, name) &&
        build_add_ca(out->certificate, parent == NULL ? 1 : 0) &&
        build_sign(out->certificate, parent == NULL ? out : parent)) {
        return true;
    }
    issuer_cleanup(out);
    return false;
}

void issuer_cleanup(struct issuer *issuer) {
    X509_free(issuer->certificate);
    EVP_PKEY_free(issuer->key);
    *issuer = (struct issuer){.certificate = NULL};
}

CRYPTO_BUFFER *build_der(X509 *x509) {
    uint8_t *der = NULL;
    int len = i2d_X509(x509, &der);
    CRYPTO_BUFFER *buffer = len > 0 ? CRYPTO_BUFFER_new(der, (size_t)len, NULL) : NULL;
    OPENSSL_free(der);
    return buffer;
}
