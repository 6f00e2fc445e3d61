// SPDX-License-Identifier: MIT
// Claims: each form holds the certificate and nothing else; a merged one holds the roots too, each
// once. That Java and OpenSSL read them is shown by test/e2e/ca_trust.py.
#include "certs/bundle.h"

#include "base/boringssl.h"
#include "base/digest.h"
#include "base/limits.h"
#include "folder_of_test.h"
#include "server_certificates.h"

#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/pkcs8.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct server_world world;
static CRYPTO_BUFFER *ca;
static struct slice ca_der;

static int set_up(void **state) {
    (void)state;
    server_world_init(&world);
    ca = build_der(world.intermediate.certificate);
    ca_der = slice_of(CRYPTO_BUFFER_data(ca), CRYPTO_BUFFER_len(ca));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    CRYPTO_BUFFER_free(ca);
    server_world_cleanup(&world);
    return 0;
}

static void make(struct buf *out, enum bundle_format format, const char *roots_file) {
    struct failure failure;
    struct bundle_plan plan = {
        .format = format, .ca_der = ca_der, .roots_file = roots_file, .now_unix_ns = TEST_NOW};
    buf_init(out, LIMIT_BUNDLE);
    if (bundle_put(out, &failure, &plan) != OK) {
        fail_msg("%s", failure.text);
    }
}

static size_t count_of(struct slice haystack, const char *needle) {
    size_t count = 0;
    for (size_t at; (at = slice_find(haystack, slice_of_string(needle))) != SLICE_NONE; count++) {
        haystack = slice_from(haystack, at + 1);
    }
    return count;
}

static void test_der_and_pem(void **state) {
    (void)state;
    struct buf der, pem, decoded;
    make(&der, BUNDLE_DER, NULL);
    assert_true(slice_equal(buf_slice(&der), ca_der));
    make(&pem, BUNDLE_PEM, NULL);
    struct slice rest = buf_slice(&pem);
    assert_true(slice_is(slice_split(&rest, '\n'), "-----BEGIN CERTIFICATE-----"));
    buf_init(&decoded, 64 * KIB);
    struct slice line = slice_split(&rest, '\n');
    for (; line.data[0] != '-'; line = slice_split(&rest, '\n')) {
        assert_true(line.len <= 64);
        buf_put(&decoded, line);
    }
    assert_true(slice_is(line, "-----END CERTIFICATE-----"));
    buf_clear(&der);
    assert_true(base64_decode(&der, buf_slice(&decoded)));
    assert_true(slice_equal(buf_slice(&der), ca_der));
    buf_cleanup(&der);
    buf_cleanup(&pem);
    buf_cleanup(&decoded);
}

static int read_p12(struct slice p12, const char *password, STACK_OF(X509) * out) {
    CBS cbs;
    EVP_PKEY *key = NULL;
    CBS_init(&cbs, p12.data, p12.len);
    int read = PKCS12_get_key_and_certs(&key, out, &cbs, password);
    assert_null(key);
    return read;
}

static void test_p12(void **state) {
    (void)state;
    struct buf p12;
    make(&p12, BUNDLE_P12, NULL);
    STACK_OF(X509) *certificates = sk_X509_new_null();
    assert_true(read_p12(buf_slice(&p12), BUNDLE_PASS_PHRASE, certificates));
    assert_int_equal(sk_X509_num(certificates), 1);
    assert_int_equal(X509_cmp(sk_X509_value(certificates, 0), world.intermediate.certificate), 0);
    assert_false(read_p12(buf_slice(&p12), "another", certificates)); // the seal does not hold
    sk_X509_pop_free(certificates, X509_free);
    buf_cleanup(&p12);
}

static void assert_sealed(struct slice jks) {
    static const char GREETING[] = "\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite";
    uint8_t seal[SHA1_LEN];
    struct buf text;
    buf_init(&text, LIMIT_BUNDLE + KIB);
    buf_put(&text, slice_of(GREETING, sizeof(GREETING) - 1));
    buf_put(&text, slice_sub(jks, 0, jks.len - SHA1_LEN));
    sha1_of(seal, buf_slice(&text));
    assert_memory_equal(seal, jks.data + jks.len - SHA1_LEN, SHA1_LEN);
    buf_cleanup(&text);
}

static void test_jks(void **state) {
    (void)state;
    struct buf jks;
    make(&jks, BUNDLE_JKS, NULL);
    struct slice s = buf_slice(&jks);
    static const uint8_t HEAD[] = {0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2,   0,   0,   0,
                                   1,    0,    0,    0,    2, 0, 9, 's', 'm', 't', 'p'};
    assert_memory_equal(s.data, HEAD, sizeof(HEAD));
    assert_true(slice_find(s, ca_der) != SLICE_NONE);
    assert_sealed(s);
    buf_cleanup(&jks);
}

static void test_merged(void **state) {
    (void)state;
    struct buf pem, jks;
    make(&pem, BUNDLE_PEM, world.root_file);
    assert_int_equal(count_of(buf_slice(&pem), "BEGIN CERTIFICATE"), 2);
    make(&jks, BUNDLE_JKS, world.root_file);
    assert_int_equal(buf_slice(&jks).data[11], 2);
    assert_int_equal(count_of(buf_slice(&jks), "root-1"), 1);
    assert_int_equal(count_of(buf_slice(&jks), "smtpscope"), 1 + 0);
    assert_sealed(buf_slice(&jks));
    buf_cleanup(&jks);

    // Merged again, our own certificate is not there twice.
    char path[] = "/tmp/scope-merged-XXXXXX";
    close(mkstemp(path));
    test_file_write(path, buf_slice(&pem));
    buf_cleanup(&pem);
    make(&pem, BUNDLE_PEM, path);
    assert_int_equal(count_of(buf_slice(&pem), "BEGIN CERTIFICATE"), 2);
    unlink(path);
    buf_cleanup(&pem);
}

static void test_roots_that_cannot_be_read(void **state) {
    (void)state;
    struct buf out;
    struct failure failure;
    struct bundle_plan plan = {.ca_der = ca_der, .roots_file = "/nonexistent"};
    buf_init(&out, LIMIT_BUNDLE);
    assert_int_equal(bundle_put(&out, &failure, &plan), ERR_INPUT);
    assert_non_null(strstr(failure.text, "/nonexistent: No such file"));
    buf_cleanup(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_der_and_pem),
        cmocka_unit_test(test_p12),
        cmocka_unit_test(test_jks),
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_roots_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
