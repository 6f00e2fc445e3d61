// SPDX-License-Identifier: MIT
// Claims: a good chain verifies; each fault of a bad one is found, several at once too, and named
// as OpenSSL names it; names match as RFC 6125 says.
#include "certs/trust.h"

#include "base/boringssl.h"
#include "folder_of_test.h"
#include "server_certificates.h"

#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct server_world world;
static struct trust_store *trusting;    // knows the world's root
static struct trust_store *distrusting; // does not

static int set_up(void **state) {
    (void)state;
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    struct failure failure;
    server_world_init(&world);
    return trust_store_new(&trusting, &failure, world.root_file) == OK &&
                   trust_store_new(&distrusting, &failure, NULL) == OK
               ? 0
               : -1;
}

static int tear_down(void **state) {
    (void)state;
    trust_store_free(trusting);
    trust_store_free(distrusting);
    server_world_cleanup(&world);
    return 0;
}

enum sent { LEAF_ONLY, WITH_INTERMEDIATE, WITH_ROOT };

static struct trust_verdict verdict_of(struct trust_store *store, const struct server_plan *plan,
                                       enum sent sent, const char *name) {
    CRYPTO_BUFFER *chain[3] = {server_leaf(&world, plan), build_der(world.intermediate.certificate),
                               build_der(world.root.certificate)};
    struct trust_verdict verdict;
    trust_verify(&verdict, store, chain, (size_t)sent + 1, name, TEST_NOW);
    for (size_t i = 0; i < 3; i++) {
        CRYPTO_BUFFER_free(chain[i]);
    }
    return verdict;
}

static const struct server_plan GOOD = {.common_name = "a.example.com",
                                        .names = {"a.example.com", "127.0.0.1"}};

static void test_good(void **state) {
    (void)state;
    static const char *const NAMES[] = {"a.example.com", "A.Example.COM", "a.example.com.",
                                        "127.0.0.1"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        struct trust_verdict verdict = verdict_of(trusting, &GOOD, WITH_INTERMEDIATE, NAMES[i]);
        assert_int_equal(verdict.faults, 0);
        assert_string_equal(verdict.error, "");
    }
}

static void test_dates(void **state) {
    (void)state;
    struct server_plan old = GOOD, young = GOOD;
    old.begins_s = -20 * TEST_DAY_S;
    old.ends_s = -TEST_DAY_S;
    young.begins_s = TEST_DAY_S;
    struct trust_verdict verdict = verdict_of(trusting, &old, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_EXPIRED);
    assert_string_equal(verdict.error, "certificate has expired");
    verdict = verdict_of(trusting, &young, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_NOT_YET_VALID);
    assert_string_equal(verdict.error, "certificate is not yet valid");
}

static void test_wrong_name(void **state) {
    (void)state;
    static const struct {
        const char *name, *error;
    } CASES[] = {{"b.example.com", "Hostname mismatch"},
                 {"x.a.example.com", "Hostname mismatch"},
                 {"127.0.0.2", "IP address mismatch"},
                 {"::1", "IP address mismatch"}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct trust_verdict verdict =
            verdict_of(trusting, &GOOD, WITH_INTERMEDIATE, CASES[i].name);
        assert_int_equal(verdict.faults, TRUST_WRONG_NAME);
        assert_string_equal(verdict.error, CASES[i].error);
    }
}

static void test_wildcard(void **state) {
    (void)state;
    struct server_plan wild = {.common_name = "x", .names = {"*.example.com"}};
    assert_int_equal(verdict_of(trusting, &wild, WITH_INTERMEDIATE, "a.example.com").faults, 0);
    assert_int_equal(verdict_of(trusting, &wild, WITH_INTERMEDIATE, "a.b.example.com").faults,
                     TRUST_WRONG_NAME);
    assert_int_equal(verdict_of(trusting, &wild, WITH_INTERMEDIATE, "example.com").faults,
                     TRUST_WRONG_NAME);
}

// RFC 6125 6.4.4: the common name only where there is no alternative one; RFC 9525 6.3: not even
// then.
static void test_common_name(void **state) {
    (void)state;
    struct server_plan alone = {.common_name = "a.example.com"};
    struct server_plan beside = {.common_name = "a.example.com", .names = {"b.example.com"}};
    struct server_plan address = {.common_name = "a.example.com", .names = {"127.0.0.1"}};
    struct trust_verdict verdict = verdict_of(trusting, &alone, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_COMMON_NAME);
    assert_non_null(strstr(verdict.error, "common name"));
    assert_false(trust_holds(&verdict));
    assert_int_equal(verdict_of(trusting, &alone, WITH_INTERMEDIATE, "b.example.com").faults,
                     TRUST_WRONG_NAME);
    assert_int_equal(verdict_of(trusting, &address, WITH_INTERMEDIATE, "a.example.com").faults,
                     TRUST_COMMON_NAME);
    assert_int_equal(verdict_of(trusting, &address, WITH_INTERMEDIATE, "127.0.0.1").faults, 0);
    assert_int_equal(verdict_of(trusting, &beside, WITH_INTERMEDIATE, "a.example.com").faults,
                     TRUST_WRONG_NAME);
}

static void test_no_name(void **state) {
    (void)state;
    struct trust_verdict verdict = verdict_of(trusting, &GOOD, WITH_INTERMEDIATE, NULL);
    assert_int_equal(verdict.faults, 0);
    assert_string_equal(verdict.error, "");
    struct server_plan old = GOOD;
    old.begins_s = -20 * TEST_DAY_S;
    old.ends_s = -TEST_DAY_S;
    verdict = verdict_of(trusting, &old, WITH_INTERMEDIATE, NULL);
    assert_int_equal(verdict.faults, TRUST_EXPIRED);
    assert_string_equal(verdict.error, "certificate has expired");
}

static void test_weaknesses(void **state) {
    (void)state;
    struct server_plan sha1 = GOOD, small = GOOD, fine = GOOD;
    sha1.sha1 = true;
    small.rsa_bits = 1024;
    fine.rsa_bits = 2048;
    struct trust_verdict verdict = verdict_of(trusting, &sha1, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_SHA1_SIGNATURE);
    assert_true(trust_holds(&verdict));
    assert_false(verdict.issuer_sha1);
    verdict = verdict_of(trusting, &small, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_SMALL_KEY);
    assert_true(trust_holds(&verdict));
    assert_int_equal(verdict.small_key_bits, 1024);
    assert_int_equal(verdict.issuer_key_bits, 0);
    assert_int_equal(verdict_of(trusting, &fine, WITH_INTERMEDIATE, "a.example.com").faults, 0);
}

// A root's own signature proves nothing, and counts for nothing.
static void test_weaknesses_above_the_leaf(void **state) {
    (void)state;
    struct issuer weak = {.key = build_key_rsa(1024)};
    struct dates dates = {TEST_NOW_S - TEST_DAY_S, TEST_NOW_S + TEST_DAY_S};
    weak.certificate = build_certificate(weak.key, &dates);
    assert_true(build_set_subject(weak.certificate, NID_commonName, "weak") &&
                build_add_ca(weak.certificate, 0) &&
                build_sign_with(weak.certificate, &world.root, EVP_sha1()));
    struct issuer strong = world.intermediate;
    world.intermediate = weak;
    struct trust_verdict verdict = verdict_of(trusting, &GOOD, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_SHA1_SIGNATURE | TRUST_SMALL_KEY);
    assert_true(verdict.issuer_sha1);
    assert_int_equal(verdict.issuer_key_bits, 1024);
    world.intermediate = strong;
    issuer_cleanup(&weak);
}

static void test_unknown_issuer(void **state) {
    (void)state;
    struct trust_verdict verdict = verdict_of(trusting, &GOOD, LEAF_ONLY, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_UNKNOWN_ISSUER);
    assert_string_equal(verdict.error, "unable to get local issuer certificate");
    verdict = verdict_of(distrusting, &GOOD, WITH_INTERMEDIATE, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_UNKNOWN_ISSUER);
    verdict = verdict_of(distrusting, &GOOD, WITH_ROOT, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_UNKNOWN_ISSUER | TRUST_ROOT_SENT);
    assert_string_equal(verdict.error, "self signed certificate in certificate chain");
}

static void test_self_signed(void **state) {
    (void)state;
    struct server_plan plan = GOOD;
    plan.self_signed = true;
    struct trust_verdict verdict = verdict_of(trusting, &plan, LEAF_ONLY, "a.example.com");
    assert_int_equal(verdict.faults, TRUST_SELF_SIGNED);
    assert_string_equal(verdict.error, "self signed certificate");
}

static void test_wrong_purpose(void **state) {
    (void)state;
    struct server_plan plan = GOOD;
    plan.purpose = NID_client_auth;
    assert_int_equal(verdict_of(trusting, &plan, WITH_INTERMEDIATE, "a.example.com").faults,
                     TRUST_WRONG_PURPOSE);
}

static void test_all_at_once(void **state) {
    (void)state;
    struct server_plan plan = GOOD;
    plan.self_signed = true;
    plan.begins_s = -20 * TEST_DAY_S;
    plan.ends_s = -TEST_DAY_S;
    struct trust_verdict verdict = verdict_of(trusting, &plan, LEAF_ONLY, "b.example.com");
    assert_int_equal(verdict.faults, TRUST_SELF_SIGNED | TRUST_EXPIRED | TRUST_WRONG_NAME);
    assert_string_equal(verdict.error,
                        "self signed certificate; certificate has expired; Hostname mismatch");
}

static void test_garbage(void **state) {
    (void)state;
    CRYPTO_BUFFER *chain[] = {CRYPTO_BUFFER_new((const uint8_t *)"junk", 4, NULL)};
    struct trust_verdict verdict;
    trust_verify(&verdict, trusting, chain, 1, "a", TEST_NOW);
    assert_int_equal(verdict.faults, TRUST_OTHER);
    CRYPTO_BUFFER_free(chain[0]);
}

// A verdict is kept for a minute, and not longer.
static void test_kept_for_a_minute(void **state) {
    (void)state;
    struct server_plan plan = GOOD;
    plan.ends_s = 30;
    CRYPTO_BUFFER *chain[] = {server_leaf(&world, &plan),
                              build_der(world.intermediate.certificate)};
    struct trust_verdict verdict;
    const int64_t S = 1000000000;
    trust_verify(&verdict, trusting, chain, 2, "a.example.com", TEST_NOW);
    assert_int_equal(verdict.faults, 0);
    trust_verify(&verdict, trusting, chain, 2, "a.example.com", TEST_NOW + 59 * S);
    assert_int_equal(verdict.faults, 0);
    trust_verify(&verdict, trusting, chain, 2, "a.example.com", TEST_NOW + 61 * S);
    assert_int_equal(verdict.faults, TRUST_EXPIRED);
    trust_verify(&verdict, trusting, chain, 2, "b.example.com", TEST_NOW);
    assert_int_equal(verdict.faults, TRUST_WRONG_NAME);
    CRYPTO_BUFFER_free(chain[0]);
    CRYPTO_BUFFER_free(chain[1]);
}

static void test_roots_that_cannot_be_read(void **state) {
    (void)state;
    struct trust_store *store = NULL;
    struct failure failure;
    assert_int_equal(trust_store_new(&store, &failure, "/nonexistent"), ERR_INPUT);
    assert_non_null(strstr(failure.text, "No such file"));
    char path[] = "/tmp/scope-empty-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(trust_store_new(&store, &failure, path), ERR_INPUT);
    assert_non_null(strstr(failure.text, "no certificate"));
    unlink(path);
}

static void test_roots_of_the_environment(void **state) {
    (void)state;
    struct trust_store *store = NULL;
    struct failure failure;
    setenv("SSL_CERT_FILE", world.root_file, 1);
    assert_int_equal(trust_store_new(&store, &failure, NULL), OK);
    unsetenv("SSL_CERT_FILE");
    assert_int_equal(verdict_of(store, &GOOD, WITH_INTERMEDIATE, "a.example.com").faults, 0);
    trust_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_wrong_name),
        cmocka_unit_test(test_wildcard),
        cmocka_unit_test(test_common_name),
        cmocka_unit_test(test_no_name),
        cmocka_unit_test(test_weaknesses),
        cmocka_unit_test(test_weaknesses_above_the_leaf),
        cmocka_unit_test(test_unknown_issuer),
        cmocka_unit_test(test_self_signed),
        cmocka_unit_test(test_wrong_purpose),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_kept_for_a_minute),
        cmocka_unit_test(test_roots_that_cannot_be_read),
        cmocka_unit_test(test_roots_of_the_environment),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
