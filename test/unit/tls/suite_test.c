// SPDX-License-Identifier: MIT
// Claims: suites have IANA's names, those too that BoringSSL lacks; weak ones are known.
#include "tls/suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_names(void **state) {
    (void)state;
    assert_string_equal(tls_suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(tls_suite_name(0xc02b), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    assert_string_equal(tls_suite_name(0x0033), "TLS_DHE_RSA_WITH_AES_128_CBC_SHA");
    assert_string_equal(tls_suite_name(0x0005), "TLS_RSA_WITH_RC4_128_SHA");
    assert_null(tls_suite_name(0xfefe));
}

static void test_weak(void **state) {
    (void)state;
    static const struct {
        uint16_t suite;
        bool weak, ecdsa;
    } CASES[] = {
        {0x1301, false, false}, // TLS 1.3
        {0xc02f, false, false}, // ECDHE-RSA, GCM
        {0xc02b, false, true},  // ECDHE-ECDSA, GCM
        {0xc013, true, false},  // ECDHE-RSA, CBC
        {0x009c, true, false},  // RSA, GCM: no forward secrecy
        {0x002f, true, false},  // RSA, CBC
        {0x0000, false, false}, // none was negotiated
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_int_equal(tls_suite_is_weak(CASES[i].suite), CASES[i].weak);
        assert_int_equal(tls_suite_is_ecdsa(CASES[i].suite), CASES[i].ecdsa);
    }
}

static void test_list(void **state) {
    (void)state;
    static uint16_t items[] = {0x0a0a, 0x1301, 0x5600, 0x00ff, 0x0005, 0xfefe, 0x0004};
    struct tls_numbers suites = {items, sizeof(items) / sizeof(items[0])};
    struct buf text;
    buf_init(&text, 1024);
    tls_suites_put(&text, &suites, 3);
    assert_true(slice_is(buf_slice(&text),
                         "TLS_AES_128_GCM_SHA256, TLS_RSA_WITH_RC4_128_SHA, 0xFEFE and 1 more"));
    buf_cleanup(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
