// SPDX-License-Identifier: MIT
// Claims: alerts have the names of RFC 8446; those about a certificate are told from the others.
#include "tls/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_names(void **state) {
    (void)state;
    assert_string_equal(tls_alert_name(48), "unknown_ca");
    assert_string_equal(tls_alert_name(0), "close_notify");
    assert_string_equal(tls_alert_name(121), "ech_required");
    static const int UNKNOWN[] = {ALERT_NONE, 1, 122, 255, 1000};
    for (size_t i = 0; i < sizeof(UNKNOWN) / sizeof(UNKNOWN[0]); i++) {
        assert_string_equal(tls_alert_name(UNKNOWN[i]), "unknown");
        assert_non_null(tls_alert_meaning(UNKNOWN[i]));
    }
}

static void test_about_certificates(void **state) {
    (void)state;
    for (int alert = ALERT_NONE; alert < 256; alert++) {
        bool about =
            alert == 42 || alert == 43 || alert == 44 || alert == 45 || alert == 46 || alert == 48;
        assert_int_equal(tls_alert_is_about_certificate(alert), about);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_about_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
