// SPDX-License-Identifier: MIT
// Claims: a ClientHello is read whole, a malformed one not at all; who cannot take an ECDSA leaf is
// known; the fingerprints are the published ones.
#include "tls/hello.h"

#include "base/limits.h"
#include "hello_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { V10 = 0x0301, V12 = 0x0303, V13 = 0x0304 };

struct parts {
    struct buf extensions;
    struct buf body;
    struct buf scratch;
};

static void parts_init(struct parts *parts) {
    buf_init(&parts->extensions, 64 * KIB);
    buf_init(&parts->body, 64 * KIB);
    buf_init(&parts->scratch, 64 * KIB);
}

static void parts_cleanup(struct parts *parts) {
    buf_cleanup(&parts->extensions);
    buf_cleanup(&parts->body);
    buf_cleanup(&parts->scratch);
}

static void add_numbers(struct parts *parts, unsigned type, const uint16_t *numbers, size_t count) {
    buf_clear(&parts->scratch);
    put_list16(&parts->scratch, numbers, count);
    put_extension(&parts->extensions, type, buf_slice(&parts->scratch));
}

static void add_sni(struct parts *parts, const char *name) {
    struct slice s = slice_of_string(name);
    buf_clear(&parts->scratch);
    put_u16(&parts->scratch, (unsigned)s.len + 3);
    buf_put_byte(&parts->scratch, 0);
    put_u16(&parts->scratch, (unsigned)s.len);
    buf_put(&parts->scratch, s);
    put_extension(&parts->extensions, 0, buf_slice(&parts->scratch));
}

static void add_alpn(struct parts *parts, struct slice wire) {
    buf_clear(&parts->scratch);
    put_u16(&parts->scratch, (unsigned)wire.len);
    buf_put(&parts->scratch, wire);
    put_extension(&parts->extensions, 16, buf_slice(&parts->scratch));
}

static void add_versions(struct parts *parts, const uint16_t *versions, size_t count) {
    buf_clear(&parts->scratch);
    buf_put_byte(&parts->scratch, (uint8_t)(count * 2));
    for (size_t i = 0; i < count; i++) {
        put_u16(&parts->scratch, versions[i]);
    }
    put_extension(&parts->extensions, 43, buf_slice(&parts->scratch));
}

static struct tls_hello *read_hello(struct parts *parts, unsigned version, const uint16_t *suites,
                                    size_t count) {
    put_hello(&parts->body, version, suites, count, buf_slice(&parts->extensions));
    return tls_hello_new(buf_slice(&parts->body), V13);
}

// The Chrome of the JA4 specification (FoxIO, technical_details/JA4.md), with GREASE.
static void make_chrome(struct parts *parts) {
    static const uint16_t GROUPS[] = {0x2a2a, 29, 23, 24};
    static const uint16_t SIGNATURES[] = {0x0403, 0x0804, 0x0401, 0x0503,
                                          0x0805, 0x0501, 0x0806, 0x0601};
    static const uint16_t VERSIONS[] = {0x4a4a, V13, V12};
    static const uint16_t REST[] = {0x0005, 0x0012, 0x0015, 0x0017, 0x001b,
                                    0x0023, 0x002d, 0x0033, 0x4469, 0xff01};
    parts_init(parts);
    put_extension(&parts->extensions, 0x7a7a, SLICE(""));
    add_sni(parts, "example.com");
    add_alpn(parts, SLICE("\x02h2\x08http/1.1"));
    add_numbers(parts, 10, GROUPS, COUNT(GROUPS));
    put_extension(&parts->extensions, 11, SLICE("\x01\x00"));
    add_numbers(parts, 13, SIGNATURES, COUNT(SIGNATURES));
    add_versions(parts, VERSIONS, COUNT(VERSIONS));
    for (size_t i = 0; i < COUNT(REST); i++) {
        put_extension(&parts->extensions, REST[i], SLICE(""));
    }
}

static const uint16_t CHROME_SUITES[] = {0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                         0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                                         0x009c, 0x009d, 0x002f, 0x0035};

static void test_reads_all(void **state) {
    (void)state;
    struct parts parts;
    make_chrome(&parts);
    struct tls_hello *hello = read_hello(&parts, V12, CHROME_SUITES, COUNT(CHROME_SUITES));
    assert_non_null(hello);
    assert_string_equal(hello->sni, "example.com");
    assert_true(slice_is(hello->alpn_wire, "\x02h2\x08http/1.1"));
    assert_int_equal(hello->version, V12);
    assert_int_equal(hello->version_max, V13);
    assert_false(hello->rsa_only);
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

static void test_ja4_of_the_specification(void **state) {
    (void)state;
    struct parts parts;
    make_chrome(&parts);
    struct tls_hello *hello = read_hello(&parts, V12, CHROME_SUITES, COUNT(CHROME_SUITES));
    assert_string_equal(hello->ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

static void test_ja4_without_anything(void **state) {
    (void)state;
    struct parts parts;
    parts_init(&parts);
    struct tls_hello *hello = read_hello(&parts, V10, NULL, 0);
    assert_string_equal(hello->ja4, "t10i000000_000000000000_000000000000");
    assert_null(hello->sni);
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

static void test_ja4_of_versions_without_a_number(void **state) {
    (void)state;
    static const struct {
        unsigned version;
        const char *ja4;
    } hellos[] = {{0x0300, "ts3i"}, {0x0002, "ts2i"}, {0x0305, "t00i"}, {0x0302, "t11i"}};
    for (size_t i = 0; i < COUNT(hellos); i++) {
        struct parts parts;
        parts_init(&parts);
        struct tls_hello *hello = read_hello(&parts, hellos[i].version, NULL, 0);
        assert_memory_equal(hello->ja4, hellos[i].ja4, 4);
        tls_hello_free(hello);
        parts_cleanup(&parts);
    }
}

static void test_ja4_alpn_that_is_no_text(void **state) {
    (void)state;
    struct parts parts;
    parts_init(&parts);
    add_alpn(&parts, SLICE("\x02\xab\xcd"));
    struct tls_hello *hello = read_hello(&parts, V12, NULL, 0);
    assert_memory_equal(hello->ja4, "t12i0001ad_", 11);
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

// Both strings and both hashes stand in the README of salesforce/ja3.
static void test_ja3_published(void **state) {
    (void)state;
    static const uint16_t SUITES[] = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
    static const uint16_t GROUPS[] = {23, 24, 25};
    struct parts parts;
    parts_init(&parts);
    add_sni(&parts, "a");
    add_numbers(&parts, 10, GROUPS, COUNT(GROUPS));
    put_extension(&parts.extensions, 11, SLICE("\x01\x00"));
    struct tls_hello *hello = read_hello(&parts, V10, SUITES, COUNT(SUITES));
    assert_string_equal(hello->ja3, "ada70206e40642a3e4461f35503241d5");
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

static void test_ja3_published_without_extensions(void **state) {
    (void)state;
    static const uint16_t SUITES[] = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99};
    struct parts parts;
    parts_init(&parts);
    struct tls_hello *hello = read_hello(&parts, V10, SUITES, COUNT(SUITES));
    assert_string_equal(hello->ja3, "de350869b8c85de67a350c8d186f11e6");
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

static void test_the_first_of_two_alpns_counts(void **state) {
    (void)state;
    static const uint16_t SUITES[] = {0x1301};
    struct parts parts;
    parts_init(&parts);
    put_extension(&parts.extensions, 16, SLICE("\x00\x05\x04smtp"));
    put_extension(&parts.extensions, 16, SLICE("\x00\x00"));
    struct tls_hello *hello = read_hello(&parts, V12, SUITES, COUNT(SUITES));
    assert_true(slice_is(hello->alpn_wire, "\x04smtp"));
    tls_hello_free(hello);
    parts_cleanup(&parts);
}

static void test_every_cut_is_refused_or_shorter(void **state) {
    (void)state;
    struct parts parts;
    make_chrome(&parts);
    put_hello(&parts.body, V12, CHROME_SUITES, COUNT(CHROME_SUITES), buf_slice(&parts.extensions));
    struct slice whole = buf_slice(&parts.body);
    size_t without_extensions = whole.len - buf_len(&parts.extensions) - 2;
    for (size_t len = 0; len < whole.len; len++) {
        struct tls_hello *hello = tls_hello_new(slice_sub(whole, 0, len), V13);
        assert_int_equal(hello != NULL, len == without_extensions);
        tls_hello_free(hello);
    }
    parts_cleanup(&parts);
}

static void test_an_extension_that_is_not_whole_is_refused(void **state) {
    (void)state;
    static const struct {
        unsigned type;
        struct slice body;
    } broken[] = {
        {0, SLICE_INIT("")},
        {0, SLICE_INIT("\0\2\0\0")},      // the length of its name is cut
        {0, SLICE_INIT("\0\4\0\0\2a")},   // its name is
        {10, SLICE_INIT("\0\3\0\x1d\0")}, // half a group
        {11, SLICE_INIT("")},
        {11, SLICE_INIT("\2\0")},
        {13, SLICE_INIT("\0\1\4")},
        {16, SLICE_INIT("\0")},
        {16, SLICE_INIT("\0\3\5h2")},
        {43, SLICE_INIT("\3\3\4\3")},
    };
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct parts parts;
        parts_init(&parts);
        put_extension(&parts.extensions, broken[i].type, broken[i].body);
        assert_null(read_hello(&parts, V12, NULL, 0));
        parts_cleanup(&parts);
    }
    struct parts parts;
    parts_init(&parts);
    add_sni(&parts, "a.example.com");
    buf_put_byte(&parts.extensions, 0); // half a type after the last one
    assert_null(read_hello(&parts, V12, NULL, 0));
    parts_cleanup(&parts);
}

static bool rsa_only(const uint16_t *suites, size_t count, const uint16_t *groups,
                     size_t group_count) {
    struct parts parts;
    parts_init(&parts);
    if (group_count > 0) {
        add_numbers(&parts, 10, groups, group_count);
    }
    struct tls_hello *hello = read_hello(&parts, V12, suites, count);
    bool answer = hello->rsa_only;
    tls_hello_free(hello);
    parts_cleanup(&parts);
    return answer;
}

static void test_rsa_only(void **state) {
    (void)state;
    static const uint16_t ECDSA[] = {0xc02b}, RSA[] = {0xc02f, 0x002f}, BOTH[] = {0xc02f, 0xc02b};
    static const uint16_t P256[] = {29, 23}, X25519[] = {29};
    assert_false(rsa_only(ECDSA, 1, P256, 2));
    assert_false(rsa_only(BOTH, 2, P256, 2));
    assert_true(rsa_only(RSA, 2, P256, 2));
    assert_true(rsa_only(ECDSA, 1, X25519, 1)); // the leaf's curve is not among its groups
    assert_true(rsa_only(BOTH, 2, NULL, 0));
}

static void test_rsa_only_by_signatures_of_tls13(void **state) {
    (void)state;
    static const uint16_t VERSIONS[] = {V13}, PSS[] = {0x0804, 0x0503}, P256[] = {0x0403};
    static const uint16_t SUITES[] = {0x1301};
    for (int good = 0; good < 2; good++) {
        struct parts parts;
        parts_init(&parts);
        add_versions(&parts, VERSIONS, 1);
        add_numbers(&parts, 13, good ? P256 : PSS, good ? 1 : 2);
        struct tls_hello *hello = read_hello(&parts, V12, SUITES, 1);
        assert_int_equal(hello->rsa_only, !good);
        tls_hello_free(hello);
        parts_cleanup(&parts);
    }
}

static void test_grease(void **state) {
    (void)state;
    assert_true(tls_is_grease(0x0a0a));
    assert_true(tls_is_grease(0xfafa));
    assert_false(tls_is_grease(0x0a1a));
    assert_false(tls_is_grease(0x1301));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all),
        cmocka_unit_test(test_ja4_of_the_specification),
        cmocka_unit_test(test_ja4_without_anything),
        cmocka_unit_test(test_ja4_of_versions_without_a_number),
        cmocka_unit_test(test_ja4_alpn_that_is_no_text),
        cmocka_unit_test(test_ja3_published),
        cmocka_unit_test(test_ja3_published_without_extensions),
        cmocka_unit_test(test_the_first_of_two_alpns_counts),
        cmocka_unit_test(test_every_cut_is_refused_or_shorter),
        cmocka_unit_test(test_an_extension_that_is_not_whole_is_refused),
        cmocka_unit_test(test_rsa_only),
        cmocka_unit_test(test_rsa_only_by_signatures_of_tls13),
        cmocka_unit_test(test_grease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
