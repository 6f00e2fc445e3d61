// SPDX-License-Identifier: MIT
// Claims: a client that checks sees of each fault exactly what the table says, with a CA for all
// names and with a limited one; the names are those that the fault is about; and what signs a leaf
// is wrong in nothing but its fault.
#include "certs/certificate_fault.h"

#include "base/boringssl.h"
#include "certs/certificate_names.h"
#include "certs/describe.h"
#include "certs/flaw.h"
#include "folder_of_test.h"
#include "server_certificates.h"

#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char NAME[] = "mail.eu.example.com";

// A CA, the leaves that it signs, and a client that trusts it.
struct world {
    struct test_folder folder;
    struct authority *authority;
    struct leaf_store *store;
    struct trust_store *client;
};

static void world_init(struct world *world, const char *host) {
    struct failure failure;
    test_folder_make(&world->folder);
    struct authority_options options = {.dir = world->folder.path,
                                        .ca_hosts = &host,
                                        .ca_host_count = host != NULL ? 1 : 0,
                                        .now_unix_ns = TEST_NOW};
    assert_int_equal(authority_open(&world->authority, &failure, &options), OK);
    assert_int_equal(
        trust_store_new(&world->client, &failure, authority_certificate_file(world->authority)),
        OK);
    world->store = leaf_store_new(world->authority, TEST_NOW);
}

static void world_cleanup(struct world *world) {
    trust_store_free(world->client);
    leaf_store_free(world->store);
    authority_free(world->authority);
    test_folder_remove(&world->folder);
}

// With a CA for all names, made once: the keys of a world and of its leaves take most of the time.
static struct world open_world;

static int set_up(void **state) {
    (void)state;
    world_init(&open_world, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    world_cleanup(&open_world);
    return 0;
}

static unsigned seen_of(const struct world *world, CRYPTO_BUFFER *const *chain, size_t len,
                        const char *name) {
    struct trust_verdict verdict;
    trust_verify(&verdict, world->client, chain, len, name, TEST_NOW);
    return verdict.faults;
}

static const struct leaf *get(struct world *world, const char *word, const char *name) {
    struct failure failure;
    const struct leaf *leaf = NULL;
    struct leaf_request request = {.name = name, .address = "192.0.2.7", .now_unix_ns = TEST_NOW};
    const struct certificate_fault *fault = certificate_fault_find(slice_of_string(word));
    assert_non_null(fault);
    certificate_fault_apply(&request, fault);
    assert_int_equal(leaf_get(&leaf, &failure, world->store, &request), OK);
    return leaf;
}

// What BoringSSL sees. It takes no partial wildcards, and says of what is no CA that it is not for
// this purpose, too.
static unsigned due_of(const struct certificate_fault *fault) {
    switch ((unsigned)fault->flaw) {
    case LEAF_FLAW_PARTIAL_WILDCARD:
        return TRUST_WRONG_NAME;
    case LEAF_FLAW_WRONG_KEY_USAGE:
        return TRUST_WRONG_PURPOSE;
    case LEAF_FLAW_ISSUER_NO_CA:
        return TRUST_OTHER | TRUST_WRONG_PURPOSE;
    }
    return fault->seen != 0 ? fault->seen : fault->faults;
}

static void assert_seen(struct world *world) {
    for (size_t i = 0; i < certificate_fault_count(); i++) {
        const struct certificate_fault *fault = certificate_fault_at(i);
        const struct leaf *leaf = get(world, fault->word, NAME);
        unsigned seen = seen_of(world, leaf->chain, leaf->chain_len, NAME);
        if (seen != due_of(fault)) {
            fail_msg("%s: %x instead of %x", fault->word, seen, due_of(fault));
        }
    }
}

static void test_each_is_seen_as_what_it_is(void **state) {
    (void)state;
    assert_seen(&open_world);
}

static void test_a_limited_ca_shows_them_too(void **state) {
    (void)state;
    struct world world;
    world_init(&world, "example.com");
    for (size_t i = 0; i < certificate_fault_count(); i++) {
        const struct certificate_fault *fault = certificate_fault_at(i);
        const struct leaf *leaf = get(&world, fault->word, NAME);
        unsigned seen = seen_of(&world, leaf->chain, leaf->chain_len, NAME);
        // One fault more, where the fault needs names that the CA may not sign for, or none.
        bool outside = flaw_has_own_names(fault->flaw);
        if ((seen & ~(outside ? (unsigned)TRUST_OTHER : 0U)) != due_of(fault)) {
            fail_msg("%s: %x instead of %x", fault->word, seen, due_of(fault));
        }
    }
    world_cleanup(&world);
}

// ── names ───────────────────────────────────────────────────────────────────────────────────────

// The alternative names, a blank after each; a NUL is shown as `|`.
static void assert_names(struct world *world, const char *word, const char *name,
                         const char *expected) {
    X509 *x509 = X509_parse_from_buffer(get(world, word, name)->chain[0]);
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    char text[512] = "";
    size_t len = 0;
    for (size_t i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        const uint8_t *data = ASN1_STRING_get0_data(one->d.ia5);
        for (int at = 0; at < ASN1_STRING_length(one->d.ia5); at++) {
            len += (size_t)snprintf(text + len, sizeof(text) - len,
                                    one->type == GEN_IPADD ? "%d." : "%c",
                                    data[at] == 0 && one->type == GEN_DNS ? '|' : data[at]);
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, " ");
    }
    assert_string_equal(text, expected);
    GENERAL_NAMES_free(names);
    X509_free(x509);
}

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *word;
        const char *name;
        const char *names;
    } CASES[] = {
        {"expired", NAME, "mail.eu.example.com "},
        {"wrong-name", NAME, "wrong-name.invalid "},
        {"common-name-only", NAME, ""},
        {"wildcard-too-deep", NAME, "*.mail.eu.example.com *.example.com "},
        {"wildcard-too-deep", "mail.example.com", "*.mail.example.com *.com "},
        {"wildcard-too-deep", "example.com", "*.example.com "},
        {"wildcard-too-deep", "127.0.0.1", "*.localhost "},
        {"partial-wildcard", NAME, "ma*.eu.example.com "},
        {"partial-wildcard", "a.example.com", "a*.example.com "},
        {"partial-wildcard", NULL, "local* "},
        {"address-for-name", NAME, "192.0.2.7. "},
        {"address-for-name", "192.0.2.7", "192.0.2.7 "},
        {"nul-in-name", NAME, "mail.eu.example.com|.wrong-name.invalid "},
        {"nul-in-name", "a b", "localhost|.wrong-name.invalid "},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_names(&open_world, CASES[i].word, CASES[i].name, CASES[i].names);
    }
}

static void test_common_name(void **state) {
    (void)state;
    const struct leaf *leaf = get(&open_world, "common-name-only", NAME);
    struct event_certificate *facts = certificate_facts_of(leaf->chain[0]);
    assert_string_equal(facts->subject, "CN=mail.eu.example.com");
    certificate_facts_free(facts);
}

static void test_each_address_has_its_own(void **state) {
    (void)state;
    struct failure failure;
    struct leaf_request request = {.name = NAME, .now_unix_ns = TEST_NOW};
    certificate_fault_apply(&request, certificate_fault_find(SLICE("address-for-name")));
    static const char *const ADDRESSES[] = {"192.0.2.7", "192.0.2.8"};
    for (size_t i = 0; i < 2; i++) {
        const struct leaf *leaf = NULL;
        request.address = ADDRESSES[i];
        assert_int_equal(leaf_get(&leaf, &failure, open_world.store, &request), OK);
        assert_int_equal(seen_of(&open_world, leaf->chain, leaf->chain_len, ADDRESSES[i]), 0);
    }
}

// ── use ─────────────────────────────────────────────────────────────────────────────────────────

static void test_wrong_key_usage(void **state) {
    (void)state;
    const struct leaf *leaf = get(&open_world, "wrong-key-usage", NAME);
    X509 *x509 = X509_parse_from_buffer(leaf->chain[0]);
    assert_int_equal(X509_get_key_usage(x509), KU_DATA_ENCIPHERMENT);
    assert_int_equal(X509_get_extended_key_usage(x509), XKU_SSL_SERVER);
    X509_free(x509);
}

// ── issuers ─────────────────────────────────────────────────────────────────────────────────────

// A good leaf for this name, signed by such an issuer, which is sent.
static unsigned seen_below(struct world *world, enum leaf_flaw flaw, const char *name) {
    struct issuer issuer;
    const struct issuer *ca = authority_signer(world->authority);
    assert_true(flaw_build_issuer(&issuer, flaw, ca, TEST_NOW_S));
    struct dates dates = {TEST_NOW_S - 60, TEST_NOW_S + 60};
    EVP_PKEY *key = build_key_p256();
    X509 *leaf = build_certificate(key, &dates);
    GENERAL_NAMES *names = names_of(NULL, name);
    assert_true(build_set_subject(leaf, NID_organizationName, "smtpscope") &&
                X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0) &&
                build_add_leaf(leaf, key) && build_add_purpose(leaf, NID_server_auth) &&
                build_sign(leaf, &issuer));
    CRYPTO_BUFFER *chain[] = {build_der(leaf), build_der(issuer.certificate)};
    unsigned seen = seen_of(world, chain, 2, name);
    CRYPTO_BUFFER_free(chain[0]);
    CRYPTO_BUFFER_free(chain[1]);
    GENERAL_NAMES_free(names);
    X509_free(leaf);
    EVP_PKEY_free(key);
    issuer_cleanup(&issuer);
    return seen;
}

static void test_an_issuer_has_one_fault(void **state) {
    (void)state;
    assert_int_equal(seen_below(&open_world, LEAF_FLAW_MISSING_INTERMEDIATE, NAME), 0);
    assert_int_equal(seen_below(&open_world, LEAF_FLAW_NAME_CONSTRAINT, NAME), TRUST_OTHER);
    assert_int_equal(
        seen_below(&open_world, LEAF_FLAW_NAME_CONSTRAINT, "a.name-constraint.invalid"), 0);
    assert_int_equal(seen_below(&open_world, LEAF_FLAW_ISSUER_NO_CA, NAME),
                     TRUST_OTHER | TRUST_WRONG_PURPOSE);
}

static void test_what_is_sent(void **state) {
    (void)state;
    assert_int_equal(get(&open_world, "missing-intermediate", NAME)->chain_len, 1);
    assert_int_equal(get(&open_world, "issuer-no-ca", NAME)->chain_len, 2);
    assert_int_equal(get(&open_world, "name-constraint", NAME)->chain_len, 2);
    assert_int_equal(get(&open_world, "untrusted-root", NAME)->chain_len, 2);
    assert_int_equal(get(&open_world, "unknown-issuer", NAME)->chain_len, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_seen_as_what_it_is),
        cmocka_unit_test(test_a_limited_ca_shows_them_too),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_common_name),
        cmocka_unit_test(test_each_address_has_its_own),
        cmocka_unit_test(test_wrong_key_usage),
        cmocka_unit_test(test_an_issuer_has_one_fault),
        cmocka_unit_test(test_what_is_sent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
