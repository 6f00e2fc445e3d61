// SPDX-License-Identifier: MIT
// Claims: the CA is made once, private, and the same for all that open it at once; one that cannot
// be used is refused in words; a limited one says so in its certificate.
#include "certs/authority.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "certs/build.h"
#include "certs/constraints.h"
#include "folder_of_test.h"

#include <openssl/bio.h>
#include <openssl/cipher.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t NOW = INT64_C(1795359791) * NS_PER_S; // 2026-11-22
static const int64_t DAY = 86400 * NS_PER_S;

struct fixture {
    struct test_folder folder;
    char *dir; // not there yet
    char *key;
    char *certificate;
    struct authority_options options;
    struct failure failure;
};

static void fixture_init(struct fixture *f) {
    *f = (struct fixture){.options = {.now_unix_ns = NOW}};
    test_folder_make(&f->folder);
    f->dir = test_folder_file(&f->folder, "deep/ca");
    f->key = test_folder_file(&f->folder, "deep/ca/ca.key");
    f->certificate = test_folder_file(&f->folder, "deep/ca/ca.pem");
    f->options.dir = f->dir;
}

static void fixture_cleanup(struct fixture *f) {
    test_folder_remove(&f->folder);
    free(f->dir);
    free(f->key);
    free(f->certificate);
}

static struct authority *must_open(struct fixture *f) {
    struct authority *authority = NULL;
    if (authority_open(&authority, &f->failure, &f->options) != OK) {
        fail_msg("%s", f->failure.text);
    }
    return authority;
}

static void must_refuse(struct fixture *f, const char *says) {
    struct authority *authority = NULL;
    assert_int_equal(authority_open(&authority, &f->failure, &f->options), ERR_INPUT);
    if (strstr(f->failure.text, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", f->failure.text, says);
    }
    assert_null(authority);
}

static X509 *certificate_of(const struct authority *authority) {
    struct slice der = authority_der(authority);
    const uint8_t *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

static void test_made_private(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    mode_t before = umask(0);
    struct authority *authority = must_open(&f);
    umask(before);
    assert_int_equal(test_file_mode(f.dir), 0700);
    assert_int_equal(test_file_mode(f.key), 0600);
    assert_string_equal(authority_certificate_file(authority), f.certificate);
    const struct event_certificate *facts = authority_facts(authority);
    assert_string_equal(facts->key, "EC P-256");
    assert_memory_equal(facts->subject, "CN=smtpscope CA", 15);
    assert_string_equal(facts->subject, facts->issuer);
    assert_int_equal((facts->not_after_unix_ns - NOW) / DAY, 365);
    assert_true(facts->not_before_unix_ns <= NOW);
    authority_free(authority);
    fixture_cleanup(&f);
}

static void test_is_a_ca(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct authority *authority = must_open(&f);
    X509 *ca = certificate_of(authority);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_pathlen(ca), 1);
    assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_non_null(X509_get0_subject_key_id(ca));
    assert_int_equal(X509_get_ext_by_NID(ca, NID_name_constraints, -1), -1);
    X509_free(ca);
    authority_free(authority);
    fixture_cleanup(&f);
}

static void test_reused_and_renewed(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct authority *first = must_open(&f), *second = must_open(&f), *third = NULL;
    assert_string_equal(authority_facts(first)->sha256, authority_facts(second)->sha256);
    assert_int_equal(authority_renew(&third, &f.failure, &f.options), OK);
    assert_string_not_equal(authority_facts(first)->sha256, authority_facts(third)->sha256);
    assert_int_equal(test_file_mode(f.key), 0600);
    authority_free(first);
    authority_free(second);
    authority_free(third);
    fixture_cleanup(&f);
}

// Each child sends the hash of the CA that it got.
static void open_in_child(struct fixture *f, int out) {
    struct authority *authority = must_open(f);
    const char *hash = authority_facts(authority)->sha256;
    _exit(write(out, hash, HEX_SHA256_LEN) == HEX_SHA256_LEN ? 0 : 1);
}

static void test_many_at_once_get_the_same(void **state) {
    (void)state;
    enum { CHILDREN = 16 };
    struct fixture f;
    fixture_init(&f);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            open_in_child(&f, ends[1]);
        }
    }
    char first[HEX_SHA256_LEN], other[HEX_SHA256_LEN];
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(ends[0], i == 0 ? first : other, HEX_SHA256_LEN), HEX_SHA256_LEN);
        assert_memory_equal(first, i == 0 ? first : other, HEX_SHA256_LEN);
    }
    close(ends[0]);
    close(ends[1]);
    fixture_cleanup(&f);
}

static void test_key_open_to_others(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    assert_int_equal(chmod(f.key, 0640), 0);
    must_refuse(&f, "is open to other users (mode 0640)");
    assert_int_equal(chmod(f.key, 0400), 0);
    authority_free(must_open(&f));
    fixture_cleanup(&f);
}

static void test_key_of_another(void **state) {
    (void)state;
    struct fixture f;
    struct authority *renewed = NULL;
    struct buf key;
    fixture_init(&f);
    buf_init(&key, 64 * KIB);
    authority_free(must_open(&f));
    test_file_read(f.key, &key);
    assert_int_equal(authority_renew(&renewed, &f.failure, &f.options), OK);
    test_file_write(f.key, buf_slice(&key));
    must_refuse(&f, "does not fit its certificate");
    authority_free(renewed);
    buf_cleanup(&key);
    fixture_cleanup(&f);
}

static void test_garbage(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    test_file_write(f.certificate, SLICE("hello"));
    must_refuse(&f, "ca.pem is not a certificate in PEM form");
    test_file_write(f.key, SLICE("hello"));
    must_refuse(&f, "ca.key is not a private key in PEM form");
    fixture_cleanup(&f);
}

static EVP_PKEY *key_in(const char *file) {
    BIO *bio = BIO_new_file(file, "r");
    assert_non_null(bio);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return key;
}

// ca.pem and ca.key of a certificate that signed itself, as its owner may have put them there.
static void put_own(const struct fixture *f, X509 *x509, EVP_PKEY *key) {
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new_file(f->certificate, "w");
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    BIO_free(bio);
    bio = BIO_new_file(f->key, "w"); // keeps the file's mode
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    BIO_free(bio);
    X509_free(x509);
    EVP_PKEY_free(key);
}

static void test_what_is_no_ca(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    const struct dates dates = {NOW / NS_PER_S - 60, NOW / NS_PER_S + SECONDS_PER_DAY};
    EVP_PKEY *key = build_key_p256();
    X509 *x509 = build_certificate(key, &dates);
    assert_true(build_add_no_ca(x509));
    put_own(&f, x509, key);
    must_refuse(&f, "ca.pem is not the certificate of a CA");
    fixture_cleanup(&f);
}

// Some programs do not look at a root's constraints, so its key must not be here.
static void test_a_limited_root_with_its_own_key(void **state) {
    (void)state;
    static const char *const hosts[] = {"example.com"};
    struct fixture f;
    NAME_CONSTRAINTS *constraints = NULL;
    fixture_init(&f);
    authority_free(must_open(&f));
    const struct dates dates = {NOW / NS_PER_S - 60, NOW / NS_PER_S + SECONDS_PER_DAY};
    EVP_PKEY *key = build_key_p256();
    X509 *x509 = build_certificate(key, &dates);
    assert_true(build_add_ca(x509, 0));
    assert_int_equal(constraints_new(&constraints, &f.failure, hosts, 1), OK);
    assert_int_equal(X509_add1_ext_i2d(x509, NID_name_constraints, constraints, 1, 0), 1);
    NAME_CONSTRAINTS_free(constraints);
    put_own(&f, x509, key);
    must_refuse(&f, "but its key is the root's own");
    fixture_cleanup(&f);
}

// It is refused, and no terminal is asked for the pass phrase.
static void test_key_with_a_pass_phrase(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    EVP_PKEY *key = key_in(f.key);
    char pass_phrase[] = "secret";
    BIO *bio = BIO_new_file(f.key, "w");
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), (uint8_t *)pass_phrase,
                                              6, NULL, NULL),
                     1);
    BIO_free(bio);
    EVP_PKEY_free(key);
    must_refuse(&f, "ca.key is not a private key in PEM form");
    fixture_cleanup(&f);
}

static void test_half_of_it(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    assert_int_equal(unlink(f.certificate), 0);
    must_refuse(&f, "holds ca.key but no ca.pem");
    fixture_cleanup(&f);
}

static void test_expired(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    f.options.now_unix_ns = NOW + 364 * DAY;
    authority_free(must_open(&f));
    f.options.now_unix_ns = NOW + 366 * DAY;
    must_refuse(&f, "has expired on 2027-11-22T");
    fixture_cleanup(&f);
}

static void test_folder_that_cannot_be(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct authority *authority = NULL;
    char *file = test_folder_file(&f.folder, "deep");
    test_file_write(file, SLICE(""));
    assert_int_equal(authority_open(&authority, &f.failure, &f.options), ERR_SYSTEM);
    assert_non_null(strstr(f.failure.text, "cannot"));
    free(file);
    fixture_cleanup(&f);
}

// ── limited CAs ─────────────────────────────────────────────────────────────────────────────────

static void put_subtrees(struct buf *out, STACK_OF(GENERAL_SUBTREE) * list) {
    for (size_t i = 0; list != NULL && i < sk_GENERAL_SUBTREE_num(list); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(list, i)->base;
        const ASN1_STRING *value =
            base->type == GEN_DNS ? base->d.dNSName : (ASN1_STRING *)base->d.iPAddress;
        struct slice bytes =
            slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
        if (base->type == GEN_DNS) {
            buf_put(out, bytes);
        } else {
            buf_putf(out, "ip%zu:%u/%u", bytes.len, bytes.data[0], bytes.data[bytes.len - 1]);
        }
        buf_put_byte(out, ' ');
    }
}

// What the CA made for `hosts` permits, a bar, and what it excludes.
static void assert_limits(const char *const *hosts, size_t count, const char *expected) {
    struct fixture f;
    struct buf text;
    fixture_init(&f);
    buf_init(&text, 4 * KIB);
    f.options.ca_hosts = hosts;
    f.options.ca_host_count = count;
    struct authority *authority = must_open(&f);
    X509 *ca = certificate_of(authority);
    int critical = -1;
    NAME_CONSTRAINTS *limits = X509_get_ext_d2i(ca, NID_name_constraints, &critical, NULL);
    assert_non_null(limits);
    assert_int_equal(critical, 1);
    put_subtrees(&text, limits->permittedSubtrees);
    buf_put_string(&text, "| ");
    put_subtrees(&text, limits->excludedSubtrees);
    buf_put_byte(&text, '\0');
    assert_string_equal((const char *)buf_slice(&text).data, expected);
    NAME_CONSTRAINTS_free(limits);
    X509_free(ca);
    authority_free(authority);
    buf_cleanup(&text);
    fixture_cleanup(&f);
}

static void test_limits(void **state) {
    (void)state;
    static const char *const NAMES[] = {"example.com", "test"};
    static const char *const MIXED[] = {"example.com", "127.0.0.1"};
    static const char *const ADDRESSES[] = {"10.0.0.1", "::1"}, *const IPV6[] = {"::1"};
    assert_limits(NAMES, 2, "example.com test | ip8:0/0 ip32:0/0 ");
    assert_limits(MIXED, 2, "example.com ip8:127/255 ip32:1/255 | ");
    assert_limits(IPV6, 1, "ip32:0/255 invalid ip8:192/255 | ");
    assert_limits(ADDRESSES, 2, "ip8:10/255 ip32:0/255 invalid | ");
}

// What can be signed with a leaked key is limited in every program: the root's key is nowhere.
static void test_the_roots_own_key_of_a_limited_ca_is_gone(void **state) {
    (void)state;
    static const char *const NAMES[] = {"example.com"};
    struct fixture f;
    fixture_init(&f);
    f.options.ca_hosts = NAMES;
    f.options.ca_host_count = 1;
    struct authority *authority = must_open(&f);
    X509 *ca = certificate_of(authority);
    X509 *intermediate = authority_intermediate(authority);
    EVP_PKEY *key = key_in(f.key);
    assert_int_equal(X509_check_private_key(ca, key), 0);
    assert_int_equal(X509_check_private_key(intermediate, key), 1);
    assert_true(X509_get_ext_by_NID(intermediate, NID_name_constraints, -1) >= 0);
    authority_free(authority);
    authority = must_open(&f); // it signs as well when it is opened again
    assert_int_equal(X509_check_private_key(authority_intermediate(authority), key), 1);
    EVP_PKEY_free(key);
    X509_free(ca);
    authority_free(authority);
    fixture_cleanup(&f);
}

// A file of the key without the intermediate, and one whose intermediate is of another CA.
static void test_the_intermediate_belongs_to_the_ca(void **state) {
    (void)state;
    static const char *const NAMES[] = {"example.com"};
    struct fixture f;
    struct authority *renewed = NULL;
    struct buf key;
    fixture_init(&f);
    buf_init(&key, 64 * KIB);
    f.options.ca_hosts = NAMES;
    f.options.ca_host_count = 1;
    authority_free(must_open(&f));
    test_file_read(f.key, &key);
    assert_int_equal(authority_renew(&renewed, &f.failure, &f.options), OK);
    assert_int_equal(authority_origin(renewed), AUTHORITY_REPLACED);
    test_file_write(f.key, buf_slice(&key));
    must_refuse(&f, "does not fit its certificate");
    authority_free(renewed);
    buf_cleanup(&key);
    fixture_cleanup(&f);
}

static void test_what_others_may_write(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    assert_int_equal(chmod(f.certificate, 0664), 0);
    must_refuse(&f, "other users may write the CA's certificate");
    assert_int_equal(chmod(f.certificate, 0644), 0);
    assert_int_equal(chmod(f.options.dir, 0770), 0);
    must_refuse(&f, "other users may write into the folder");
    assert_int_equal(chmod(f.options.dir, 0755), 0);
    authority_free(must_open(&f));
    fixture_cleanup(&f);
}

static void test_what_another_user_owns(void **state) {
    (void)state;
    struct fixture f;
    if (geteuid() != 0) {
        skip(); // only root can give a file away
    }
    fixture_init(&f);
    authority_free(must_open(&f));
    char *const paths[] = {f.key, f.certificate, (char *)(uintptr_t)f.options.dir};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(chown(paths[i], 1, 1), 0);
        must_refuse(&f, "belongs to another user");
        assert_int_equal(chown(paths[i], 0, 0), 0);
    }
    authority_free(must_open(&f));
    fixture_cleanup(&f);
}

static void test_a_pipe_holds_nothing_up(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    authority_free(must_open(&f));
    assert_int_equal(unlink(f.certificate), 0);
    assert_int_equal(mkfifo(f.certificate, 0600), 0);
    must_refuse(&f, "ca.pem is not a regular file");
    assert_int_equal(unlink(f.key), 0);
    assert_int_equal(mkfifo(f.key, 0600), 0);
    must_refuse(&f, "ca.key is not a regular file");
    fixture_cleanup(&f);
}

static void test_limits_that_are_no_names(void **state) {
    (void)state;
    static const char *const BAD[] = {"exa mple.com", "", "*.example.com", "a..b", "10.0.0.0/8"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct fixture f;
        struct authority *authority = NULL;
        fixture_init(&f);
        f.options.ca_hosts = &BAD[i];
        f.options.ca_host_count = 1;
        assert_int_equal(authority_open(&authority, &f.failure, &f.options), ERR_USAGE);
        assert_non_null(strstr(f.failure.text, "--ca-hosts"));
        fixture_cleanup(&f);
    }
}

static void test_default_dir(void **state) {
    (void)state;
    setenv("XDG_DATA_HOME", "/data", 1);
    char *dir = authority_default_dir();
    assert_string_equal(dir, "/data/smtpscope");
    free(dir);
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/tmp", 1);
    dir = authority_default_dir();
    assert_string_equal(dir, "/tmp/.local/share/smtpscope");
    free(dir);
    setenv("HOME", "/nonexistent", 1);
    assert_null(authority_default_dir());
    unsetenv("XDG_DATA_HOME");
    unsetenv("HOME");
    assert_null(authority_default_dir());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_private),
        cmocka_unit_test(test_is_a_ca),
        cmocka_unit_test(test_reused_and_renewed),
        cmocka_unit_test(test_many_at_once_get_the_same),
        cmocka_unit_test(test_key_open_to_others),
        cmocka_unit_test(test_key_of_another),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_what_is_no_ca),
        cmocka_unit_test(test_a_limited_root_with_its_own_key),
        cmocka_unit_test(test_key_with_a_pass_phrase),
        cmocka_unit_test(test_half_of_it),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_folder_that_cannot_be),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_the_roots_own_key_of_a_limited_ca_is_gone),
        cmocka_unit_test(test_the_intermediate_belongs_to_the_ca),
        cmocka_unit_test(test_what_others_may_write),
        cmocka_unit_test(test_what_another_user_owns),
        cmocka_unit_test(test_a_pipe_holds_nothing_up),
        cmocka_unit_test(test_limits_that_are_no_names),
        cmocka_unit_test(test_default_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
