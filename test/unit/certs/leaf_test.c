// SPDX-License-Identifier: MIT
// Claims: a good leaf verifies for a client that trusts the CA; a mirrored one has the faults asked
// for and no others; the same request gives the same leaf, for as long as it is good.
#include "certs/leaf.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "certs/describe.h"
#include "folder_of_test.h"
#include "server_certificates.h"

#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct test_folder folder;
static struct authority *authority;
static struct leaf_store *store;
static struct trust_store *client; // trusts the CA
static struct server_world world;

static const char NAME[] = "a.example.com";

static int set_up(void **state) {
    (void)state;
    struct failure failure;
    test_folder_make(&folder);
    server_world_init(&world);
    struct authority_options options = {.dir = folder.path, .now_unix_ns = TEST_NOW};
    if (authority_open(&authority, &failure, &options) != OK ||
        trust_store_new(&client, &failure, authority_certificate_file(authority)) != OK) {
        return -1;
    }
    store = leaf_store_new(authority, TEST_NOW);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    trust_store_free(client);
    leaf_store_free(store);
    authority_free(authority);
    server_world_cleanup(&world);
    test_folder_remove(&folder);
    return 0;
}

static const struct leaf *get(const struct leaf_request *request) {
    const struct leaf *leaf = NULL;
    struct failure failure;
    if (leaf_get(&leaf, &failure, store, request) != OK) {
        fail_msg("%s", failure.text);
    }
    return leaf;
}

static struct event_certificate *facts_of(const struct leaf *leaf) {
    return certificate_facts_new(
        slice_of(CRYPTO_BUFFER_data(leaf->chain[0]), CRYPTO_BUFFER_len(leaf->chain[0])));
}

static unsigned faults_seen(const struct leaf *leaf, const char *name) {
    struct trust_verdict verdict;
    trust_verify(&verdict, client, leaf->chain, leaf->chain_len, name, TEST_NOW);
    return verdict.faults;
}

static void assert_names(const struct leaf *leaf, const char *expected) {
    struct event_certificate *facts = facts_of(leaf);
    struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < facts->name_count; i++) {
        buf_putf(&text, "%s ", facts->names[i]);
    }
    assert_true(slice_is(buf_slice(&text), expected));
    buf_cleanup(&text);
    certificate_facts_free(facts);
}

static void test_good_leaf(void **state) {
    (void)state;
    struct server_plan plan = {.common_name = "mx", .names = {"mx.example.com", "10.0.0.1"}};
    CRYPTO_BUFFER *server = server_leaf(&world, &plan);
    struct leaf_request request = {.server = server, .name = NAME, .now_unix_ns = TEST_NOW};
    const struct leaf *leaf = get(&request);
    assert_int_equal(faults_seen(leaf, NAME), 0);
    assert_int_equal(faults_seen(leaf, "mx.example.com"), 0);
    assert_int_equal(faults_seen(leaf, "10.0.0.1"), 0);
    assert_int_equal(faults_seen(leaf, "b.example.com"), TRUST_WRONG_NAME);
    assert_names(leaf, "mx.example.com 10.0.0.1 a.example.com ");
    struct event_certificate *facts = facts_of(leaf);
    assert_string_equal(facts->subject, "CN=mx");
    assert_string_equal(facts->issuer, authority_facts(authority)->subject);
    assert_string_equal(facts->key, "EC P-256");
    assert_int_equal((facts->not_after_unix_ns - TEST_NOW) / 1000000000 / TEST_DAY_S, 7);
    assert_int_equal(leaf->chain_len, 1);
    certificate_facts_free(facts);
    CRYPTO_BUFFER_free(server);
}

static void test_a_name_that_the_server_has_is_not_there_twice(void **state) {
    (void)state;
    struct server_plan plan = {.common_name = "mx", .names = {"10.0.0.1", NAME, "A.example.com"}};
    CRYPTO_BUFFER *server = server_leaf(&world, &plan);
    struct leaf_request by_name = {.server = server, .name = NAME, .now_unix_ns = TEST_NOW};
    struct leaf_request by_address = {
        .server = server, .name = "10.0.0.1", .now_unix_ns = TEST_NOW};
    assert_names(get(&by_name), "10.0.0.1 a.example.com A.example.com ");
    assert_names(get(&by_address), "10.0.0.1 a.example.com A.example.com ");
    CRYPTO_BUFFER_free(server);
}

static void test_form(void **state) {
    (void)state;
    struct leaf_request request = {.name = "127.0.0.1", .now_unix_ns = TEST_NOW};
    X509 *leaf = X509_parse_from_buffer(get(&request)->chain[0]);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
    assert_non_null(X509_get0_authority_key_id(leaf));
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(leaf)), 16);
    assert_int_equal(X509_check_ca(leaf), 0);
    X509_free(leaf);
}

static void test_without_a_server(void **state) {
    (void)state;
    struct leaf_request by_name = {.name = NAME, .now_unix_ns = TEST_NOW};
    struct leaf_request by_address = {.name = "::1", .now_unix_ns = TEST_NOW};
    struct leaf_request by_nothing = {.now_unix_ns = TEST_NOW};
    assert_int_equal(faults_seen(get(&by_name), NAME), 0);
    assert_int_equal(faults_seen(get(&by_address), "::1"), 0);
    assert_names(get(&by_nothing), "");
    assert_names(get(&by_address), "::1 localhost ");
    by_address.name = "127.0.0.9";
    assert_names(get(&by_address), "127.0.0.9 localhost ");
    by_address.name = "192.0.2.7";
    assert_names(get(&by_address), "192.0.2.7 ");
}

static void test_a_loopback_address_is_localhost_too(void **state) {
    (void)state;
    struct server_plan plan = {.common_name = "mx", .names = {"mx.example.com", "localhost"}};
    CRYPTO_BUFFER *server = server_leaf(&world, &plan);
    struct leaf_request request = {.server = server, .name = "127.0.0.1", .now_unix_ns = TEST_NOW};
    assert_names(get(&request), "mx.example.com localhost 127.0.0.1 ");
    request.faults = TRUST_WRONG_NAME;
    assert_names(get(&request), "mx.example.com localhost ");
    CRYPTO_BUFFER_free(server);
}

static void test_server_with_a_common_name_only(void **state) {
    (void)state;
    struct server_plan plan = {.common_name = "old.example.com"}, text = {.common_name = "My Mail"};
    CRYPTO_BUFFER *server = server_leaf(&world, &plan), *other = server_leaf(&world, &text);
    struct leaf_request request = {.server = server, .name = NAME, .now_unix_ns = TEST_NOW};
    assert_names(get(&request), "old.example.com a.example.com ");
    request.server = other;
    assert_names(get(&request), "a.example.com ");
    CRYPTO_BUFFER_free(server);
    CRYPTO_BUFFER_free(other);
}

// RFC 5280 A.1 allows a common name 64 characters, a host name may have 253.
static void test_long_name(void **state) {
    (void)state;
    static const char LONG[] = "a.long.name.of.a.host.that.does.not.fit.into.a.common.name.at.all."
                               "example.com";
    struct leaf_request request = {.name = LONG, .now_unix_ns = TEST_NOW};
    assert_int_equal(faults_seen(get(&request), LONG), 0);
}

// A name from the wire that would be two in OpenSSL's text form.
static void test_names_are_not_forged(void **state) {
    (void)state;
    static const char *const BAD[] = {"a.example.com,DNS:b.example.com", "a b", "a\nb", ""};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct leaf_request request = {.name = BAD[i], .now_unix_ns = TEST_NOW};
        assert_names(get(&request), "");
    }
}

struct mirror_case {
    struct server_plan plan;
    unsigned faults; // those to show
    bool issuer_sent;
    unsigned seen; // by a client that trusts the CA
};

static void test_mirrored_faults(void **state) {
    (void)state;
    const struct server_plan good = {.common_name = "s", .names = {"s.example.com"}};
    struct server_plan old = good, young = good, client_only = good;
    old.begins_s = -20 * TEST_DAY_S;
    old.ends_s = -TEST_DAY_S;
    young.begins_s = TEST_DAY_S;
    client_only.purpose = NID_client_auth;
    const struct server_plan by_common_name = {.common_name = "s.example.com"};
    const struct server_plan by_address = {.common_name = "s.example.com", .names = {"10.0.0.1"}};
    const struct mirror_case cases[] = {
        {old, TRUST_EXPIRED, true, TRUST_EXPIRED},
        {good, TRUST_EXPIRED, true, TRUST_EXPIRED}, // an intermediate's fault
        {young, TRUST_NOT_YET_VALID, true, TRUST_NOT_YET_VALID},
        {good, TRUST_NOT_YET_VALID, true, TRUST_NOT_YET_VALID},
        {good, TRUST_WRONG_NAME, true, TRUST_WRONG_NAME},
        {good, TRUST_SELF_SIGNED, false, TRUST_SELF_SIGNED},
        {good, TRUST_UNKNOWN_ISSUER, false, TRUST_UNKNOWN_ISSUER},
        {good, TRUST_UNKNOWN_ISSUER, true, TRUST_UNKNOWN_ISSUER},
        {good, TRUST_UNKNOWN_ISSUER | TRUST_ROOT_SENT, true,
         TRUST_UNKNOWN_ISSUER | TRUST_ROOT_SENT},
        {client_only, TRUST_WRONG_PURPOSE, true, TRUST_WRONG_PURPOSE},
        {good, TRUST_WRONG_PURPOSE, true, TRUST_WRONG_PURPOSE},
        {good, TRUST_OTHER, false, TRUST_UNKNOWN_ISSUER},
        {good, 1U << 30, false, TRUST_UNKNOWN_ISSUER}, // a fault that leaf.c has never heard of
        {old, TRUST_EXPIRED | TRUST_WRONG_NAME | TRUST_SELF_SIGNED, false,
         TRUST_EXPIRED | TRUST_WRONG_NAME | TRUST_SELF_SIGNED},
        {young, TRUST_NOT_YET_VALID | TRUST_UNKNOWN_ISSUER, false,
         TRUST_NOT_YET_VALID | TRUST_UNKNOWN_ISSUER},
        {good, TRUST_SHA1_SIGNATURE, true, TRUST_SHA1_SIGNATURE},
        {good, TRUST_SMALL_KEY, true, TRUST_SMALL_KEY},
        {good, TRUST_SHA1_SIGNATURE | TRUST_SMALL_KEY | TRUST_EXPIRED, true,
         TRUST_SHA1_SIGNATURE | TRUST_SMALL_KEY | TRUST_EXPIRED},
        {by_common_name, TRUST_COMMON_NAME, true, TRUST_COMMON_NAME},
        {by_address, TRUST_COMMON_NAME, true, TRUST_COMMON_NAME},
        {by_common_name, 0, true, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CRYPTO_BUFFER *server = server_leaf(&world, &cases[i].plan);
        struct leaf_request request = {.server = server,
                                       .faults = cases[i].faults,
                                       .name = NAME,
                                       .issuer_sent = cases[i].issuer_sent,
                                       .small_key_bits = 1024,
                                       .now_unix_ns = TEST_NOW};
        unsigned seen = faults_seen(get(&request), NAME);
        if (seen != cases[i].seen) {
            fail_msg("case %zu: %x instead of %x", i, seen, cases[i].seen);
        }
        CRYPTO_BUFFER_free(server);
    }
}

static void test_chain_that_is_sent(void **state) {
    (void)state;
    struct leaf_request request = {
        .faults = TRUST_UNKNOWN_ISSUER, .name = NAME, .now_unix_ns = TEST_NOW};
    assert_int_equal(get(&request)->chain_len, 1);
    request.issuer_sent = true;
    assert_int_equal(get(&request)->chain_len, 2);
}

static void test_expired_has_the_servers_dates(void **state) {
    (void)state;
    struct server_plan old = {.common_name = "s", .begins_s = -200 * TEST_DAY_S, .ends_s = -5};
    CRYPTO_BUFFER *server = server_leaf(&world, &old);
    struct leaf_request request = {
        .server = server, .faults = TRUST_EXPIRED, .name = NAME, .now_unix_ns = TEST_NOW};
    struct event_certificate *facts = facts_of(get(&request));
    assert_int_equal(facts->not_after_unix_ns, TEST_NOW - 5 * INT64_C(1000000000));
    certificate_facts_free(facts);
    CRYPTO_BUFFER_free(server);
}

static void test_small_keys(void **state) {
    (void)state;
    static const struct {
        unsigned bits;
        const char *key;
    } CASES[] = {{1024, "RSA 1024"}, {2047, "RSA 1536"}, {1040, "RSA 1024"}, {512, "RSA 768"}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct leaf_request request = {.faults = TRUST_SMALL_KEY,
                                       .name = NAME,
                                       .small_key_bits = CASES[i].bits,
                                       .now_unix_ns = TEST_NOW};
        struct event_certificate *facts = facts_of(get(&request));
        assert_string_equal(facts->key, CASES[i].key);
        certificate_facts_free(facts);
    }
}

static void test_rsa(void **state) {
    (void)state;
    struct leaf_request request = {.name = NAME, .rsa = true, .now_unix_ns = TEST_NOW};
    const struct leaf *leaf = get(&request);
    struct event_certificate *facts = facts_of(leaf);
    assert_string_equal(facts->key, "RSA 2048");
    certificate_facts_free(facts);
    X509 *x509 = X509_parse_from_buffer(leaf->chain[0]);
    assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    assert_int_equal(faults_seen(leaf, NAME), 0);
    X509_free(x509);
}

static void test_same_leaf_each_time(void **state) {
    (void)state;
    char first[HEX_SHA256_LEN + 1];
    struct leaf_request request = {.name = "same.example.com", .now_unix_ns = TEST_NOW};
    static const struct {
        int64_t days;
        bool same;
    } CASES[] = {{0, true}, {5, true}, {6, false}};
    struct event_certificate *facts = facts_of(get(&request));
    memcpy(first, facts->sha256, sizeof(first));
    certificate_facts_free(facts);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        request.now_unix_ns = TEST_NOW + CASES[i].days * TEST_DAY_S * 1000000000;
        facts = facts_of(get(&request));
        assert_int_equal(strcmp(first, facts->sha256) == 0, CASES[i].same);
        certificate_facts_free(facts);
    }
}

enum { THREADS = 4, NAMES_OF_THREAD = LIMIT_LEAVES / THREADS + 32 };

static void *ask_for_many(void *argument) {
    unsigned *seed = argument;
    for (unsigned i = 0; i < NAMES_OF_THREAD; i++) {
        char name[32];
        snprintf(name, sizeof(name), "n%u.example.com", *seed * NAMES_OF_THREAD + i);
        struct leaf_request request = {.name = name, .now_unix_ns = TEST_NOW};
        const struct leaf *leaf = NULL;
        if (leaf_get(&leaf, NULL, store, &request) != OK || leaf->chain_len != 1 ||
            CRYPTO_BUFFER_len(leaf->chain[0]) < 100) {
            return argument;
        }
    }
    return NULL;
}

// Minted while the clock was a day ahead, it would be refused for as long as that day lasts.
static void test_another_leaf_once_the_clock_was_set_back(void **state) {
    (void)state;
    struct leaf_request request = {.name = "ahead.example.com",
                                   .now_unix_ns = TEST_NOW + TEST_DAY_S * NS_PER_S};
    assert_int_equal(faults_seen(get(&request), "ahead.example.com"), TRUST_NOT_YET_VALID);
    request.now_unix_ns = TEST_NOW;
    assert_int_equal(faults_seen(get(&request), "ahead.example.com"), 0);
    struct event_certificate *first = facts_of(get(&request));
    request.now_unix_ns -= 600 * NS_PER_S; // it is dated back by an hour
    struct event_certificate *second = facts_of(get(&request));
    assert_string_equal(first->sha256, second->sha256);
    certificate_facts_free(first);
    certificate_facts_free(second);
}

// More names than are kept, from several threads at once: what a thread holds stays whole.
static void test_more_than_are_kept(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_many, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

// ── a limited CA ────────────────────────────────────────────────────────────────────────────────

static void test_limited_ca(void **state) {
    (void)state;
    static const char *const HOSTS[] = {"example.com", "127.0.0.1"};
    struct test_folder limited;
    struct failure failure;
    struct authority *ca = NULL;
    struct trust_store *trusts = NULL;
    test_folder_make(&limited);
    struct authority_options options = {
        .dir = limited.path, .ca_hosts = HOSTS, .ca_host_count = 2, .now_unix_ns = TEST_NOW};
    assert_int_equal(authority_open(&ca, &failure, &options), OK);
    assert_int_equal(trust_store_new(&trusts, &failure, authority_certificate_file(ca)), OK);
    struct leaf_store *leaves = leaf_store_new(ca, TEST_NOW);
    static const struct {
        const char *name;
        bool inside;
    } CASES[] = {
        {"example.com", true},
        {"a.example.com", true},
        {"example.org", false},
        {"badexample.com", false}}; // BoringSSL knows no limits of addresses: see ca_trust.py
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct leaf_request request = {.name = CASES[i].name, .now_unix_ns = TEST_NOW};
        const struct leaf *leaf = NULL;
        struct trust_verdict verdict;
        assert_int_equal(leaf_get(&leaf, &failure, leaves, &request), OK);
        assert_int_equal(leaf->chain_len, 2);
        trust_verify(&verdict, trusts, leaf->chain, leaf->chain_len, CASES[i].name, TEST_NOW);
        if ((verdict.faults == 0) != CASES[i].inside) {
            fail_msg("%s: \"%s\"", CASES[i].name, verdict.error);
        }
    }
    leaf_store_free(leaves);
    trust_store_free(trusts);
    authority_free(ca);
    test_folder_remove(&limited);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_leaf),
        cmocka_unit_test(test_a_name_that_the_server_has_is_not_there_twice),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_without_a_server),
        cmocka_unit_test(test_server_with_a_common_name_only),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_a_loopback_address_is_localhost_too),
        cmocka_unit_test(test_names_are_not_forged),
        cmocka_unit_test(test_mirrored_faults),
        cmocka_unit_test(test_chain_that_is_sent),
        cmocka_unit_test(test_expired_has_the_servers_dates),
        cmocka_unit_test(test_small_keys),
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_same_leaf_each_time),
        cmocka_unit_test(test_another_leaf_once_the_clock_was_set_back),
        cmocka_unit_test(test_more_than_are_kept),
        cmocka_unit_test(test_limited_ca),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
