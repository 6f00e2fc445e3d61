// SPDX-License-Identifier: MIT
// Claims: the same certificate is described once, however many ask; what one holds stays while
// others come.
#include "certs/facts_store.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "certs/build.h"
#include "certs/describe.h"

#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static EVP_PKEY *key;

static CRYPTO_BUFFER *certificate(unsigned number) {
    static const struct dates dates = {1700000000, 1800000000};
    char name[32];
    snprintf(name, sizeof(name), "server %u", number);
    X509 *x509 = build_certificate(key, &dates);
    assert_true(build_set_subject(x509, NID_commonName, name));
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    CRYPTO_BUFFER *der = build_der(x509);
    X509_free(x509);
    return der;
}

static CRYPTO_BUFFER *copy_of(const CRYPTO_BUFFER *der) {
    return CRYPTO_BUFFER_new(CRYPTO_BUFFER_data(der), CRYPTO_BUFFER_len(der), NULL);
}

static void the_same_bytes_are_described_once(void **state) {
    (void)state;
    struct facts_store *store = facts_store_new();
    CRYPTO_BUFFER *der = certificate(1);
    CRYPTO_BUFFER *again = copy_of(der); // each handshake has its own
    struct event_certificate *first = facts_store_get(store, der);
    struct event_certificate *second = facts_store_get(store, again);
    assert_ptr_equal(first, second);
    certificate_facts_free(first);
    facts_store_free(store);
    assert_string_equal(second->subject, "CN=server 1"); // It outlives them.
    certificate_facts_free(second);
    CRYPTO_BUFFER_free(der);
    CRYPTO_BUFFER_free(again);
}

static void another_certificate_is_another(void **state) {
    (void)state;
    enum { COUNT = 3 * LIMIT_FACTS_KEPT }; // so that they take each other's places
    struct facts_store *store = facts_store_new();
    struct event_certificate *held[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        CRYPTO_BUFFER *der = certificate(i);
        held[i] = facts_store_get(store, der);
        CRYPTO_BUFFER_free(der);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "CN=server %u", i);
        assert_string_equal(held[i]->subject, expected);
        certificate_facts_free(held[i]);
    }
    facts_store_free(store);
}

static void what_is_no_certificate_has_no_facts(void **state) {
    (void)state;
    struct facts_store *store = facts_store_new();
    CRYPTO_BUFFER *junk = CRYPTO_BUFFER_new((const uint8_t *)"junk", 4, NULL);
    assert_null(facts_store_get(store, junk));
    assert_null(facts_store_get(store, junk));
    CRYPTO_BUFFER_free(junk);
    facts_store_free(store);
}

static int make_key(void **state) {
    (void)state;
    key = build_key_p256();
    return key == NULL ? -1 : 0;
}

static int free_key(void **state) {
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_are_described_once),
        cmocka_unit_test(another_certificate_is_another),
        cmocka_unit_test(what_is_no_certificate_has_no_facts),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
