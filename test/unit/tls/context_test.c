// SPDX-License-Identifier: MIT
// Claims: version ranges are read as the command line spells them, and nothing else is.
#include "tls/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_ranges(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct tls_version_range range;
    } GOOD[] = {
        {"1.0", {TLS_VERSION_1_0, TLS_VERSION_1_0}},
        {"1.3", {TLS_VERSION_1_3, TLS_VERSION_1_3}},
        {"1.2-1.3", {TLS_VERSION_1_2, TLS_VERSION_1_3}},
        {"1.0-1.3", {TLS_VERSION_1_0, TLS_VERSION_1_3}},
        {"1.1-1.1", {TLS_VERSION_1_1, TLS_VERSION_1_1}},
    };
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        struct tls_version_range range;
        assert_true(tls_version_range_parse(&range, slice_of_string(GOOD[i].text)));
        assert_int_equal(range.min, GOOD[i].range.min);
        assert_int_equal(range.max, GOOD[i].range.max);
    }
}

static void test_no_ranges(void **state) {
    (void)state;
    static const char *const BAD[] = {"",     "1",        "1.4",     "1.3-1.2", "1.2-",
                                      "-1.2", "1.2-1.3-", "1.2 1.3", "TLSv1.2", "1.2-1.2-1.3"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct tls_version_range range;
        assert_false(tls_version_range_parse(&range, slice_of_string(BAD[i])));
    }
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(tls_version_name(TLS_VERSION_1_0), "TLSv1.0");
    assert_string_equal(tls_wire_version_name(0x0304), "TLSv1.3");
    assert_string_equal(tls_wire_version_name(0x0300), "SSLv3");
    assert_null(tls_wire_version_name(0x1a1a));
    assert_memory_equal(tls_library_version(), "BoringSSL (API ", 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_no_ranges),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
