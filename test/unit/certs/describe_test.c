// SPDX-License-Identifier: MIT
// Claims: what a certificate says is told as RFC 4514 writes it, whatever its makers put in.
#include "certs/describe.h"

#include "base/boringssl.h"
#include "certs/build.h"
#include "certs/certificate_names.h"

#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dates DATES = {1700000000, 1800000000};

static void add_part(X509_NAME *name, const char *type, const char *value) {
    assert_true(
        X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0));
}

// Signs, describes and frees `x509`.
static struct event_certificate *describe(X509 *x509, EVP_PKEY *key, const EVP_MD *digest) {
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    assert_true(X509_sign(x509, key, digest) > 0);
    CRYPTO_BUFFER *der = build_der(x509);
    struct event_certificate *facts =
        certificate_facts_new(slice_of(CRYPTO_BUFFER_data(der), CRYPTO_BUFFER_len(der)));
    assert_non_null(facts);
    CRYPTO_BUFFER_free(der);
    X509_free(x509);
    EVP_PKEY_free(key);
    return facts;
}

static void test_subject(void **state) {
    (void)state;
    EVP_PKEY *key = build_key_p256();
    X509 *x509 = build_certificate(key, &DATES);
    X509_NAME *name = X509_get_subject_name(x509);
    add_part(name, "C", "DE");
    add_part(name, "O", "Müller, Söhne & Co");
    add_part(name, "CN", "smtp.example.com");
    struct event_certificate *facts = describe(x509, key, EVP_sha256());
    assert_string_equal(facts->subject, "CN=smtp.example.com,O=Müller\\, Söhne & Co,C=DE");
    assert_string_equal(facts->issuer, facts->subject);
    assert_int_equal(facts->not_before_unix_ns, INT64_C(1700000000000000000));
    assert_int_equal(facts->not_after_unix_ns, INT64_C(1800000000000000000));
    assert_int_equal(strlen(facts->sha256), HEX_SHA256_LEN);
    assert_false(facts->sha1_signature);
    assert_string_equal(facts->key, "EC P-256");
    certificate_facts_free(facts);
}

static void push_name(GENERAL_NAMES *names, int type, const char *data, size_t len) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value =
        ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    ASN1_STRING_set(value, data, (int)len);
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names, name);
}

static void test_names(void **state) {
    (void)state;
    EVP_PKEY *key = build_key_p256();
    X509 *x509 = build_certificate(key, &DATES);
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    push_name(names, GEN_DNS, "a.example.com", 13);
    push_name(names, GEN_EMAIL, "a@example.com", 13);
    push_name(names, GEN_IPADD, "\x0a\x00\x00\x01", 4);
    push_name(names, GEN_IPADD, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    push_name(names, GEN_IPADD, "abc", 3);
    push_name(names, GEN_DNS, "good\0.evil", 10);
    X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    struct event_certificate *facts = describe(x509, key, EVP_sha256());
    assert_int_equal(facts->name_count, 4);
    assert_string_equal(facts->names[0], "a.example.com");
    assert_string_equal(facts->names[1], "10.0.0.1");
    assert_string_equal(facts->names[2], "::1");
    assert_string_equal(facts->names[3], "good\\x00.evil");
    certificate_facts_free(facts);
}

static void test_keys_and_signatures(void **state) {
    (void)state;
    static const uint8_t SEED[32] = {1};
    EVP_PKEY *rsa = build_key_rsa(1024);
    struct event_certificate *facts = describe(build_certificate(rsa, &DATES), rsa, EVP_sha1());
    assert_string_equal(facts->key, "RSA 1024");
    assert_int_equal(facts->rsa_bits, 1024);
    assert_true(facts->sha1_signature);
    certificate_facts_free(facts);

    EVP_PKEY *ed = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, SEED, sizeof(SEED));
    facts = describe(build_certificate(ed, &DATES), ed, NULL);
    assert_string_equal(facts->key, "Ed25519");
    assert_int_equal(facts->rsa_bits, 0);
    assert_string_equal(facts->subject, "");
    certificate_facts_free(facts);
}

static void test_curves(void **state) {
    (void)state;
    static const struct {
        int nid;
        const char *key;
    } curves[] = {{NID_secp224r1, "EC P-224"},
                  {NID_X9_62_prime256v1, "EC P-256"},
                  {NID_secp384r1, "EC P-384"},
                  {NID_secp521r1, "EC P-521"}};
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        EVP_PKEY *key = EVP_PKEY_new();
        EC_KEY *ec = EC_KEY_new_by_curve_name(curves[i].nid);
        assert_true(EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(key, ec));
        struct event_certificate *facts =
            describe(build_certificate(key, &DATES), key, EVP_sha256());
        assert_string_equal(facts->key, curves[i].key);
        certificate_facts_free(facts);
    }
}

static void test_garbage(void **state) {
    (void)state;
    assert_null(certificate_facts_new(SLICE("")));
    assert_null(certificate_facts_new(SLICE("\x30\x82\x01\x00")));
    certificate_facts_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_keys_and_signatures),
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
