// SPDX-License-Identifier: MIT
#include "cli/not_captured.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *sentence(const char *watched, const struct elsewhere *elsewhere, int status) {
    static char text[KIB];
    struct port_list ports = {0};
    struct buf out;
    assert_true(port_list_add(&ports, slice_of_string(watched)));
    buf_init(&out, sizeof(text) - 1);
    not_captured_put(&out, &ports, elsewhere, status);
    memset(text, 0, sizeof(text));
    memcpy(text, buf_slice(&out).data, buf_len(&out));
    buf_cleanup(&out);
    port_list_cleanup(&ports);
    return text;
}

static void says_the_ports_and_the_usual_reasons(void **state) {
    (void)state;
    const struct elsewhere none = {0};
    const char *text = sentence("25,8000-8999", &none, 1);
    assert_non_null(strstr(text, "made no connection to port 25,8000-8999; usual reasons: "));
    assert_non_null(strstr(text, "Mailpit's 1025 (--ports 1025)"));
    assert_non_null(strstr(text, "does not resolve; a local queue"));
    assert_null(strstr(sentence("all", &none, 0), "--ports"));
}

static void says_what_was_seen(void **state) {
    (void)state;
    struct elsewhere elsewhere = {0};
    elsewhere_add(&elsewhere, 0);
    elsewhere_add(&elsewhere, 53);
    assert_non_null(strstr(sentence("25", &elsewhere, 1), "(it looked one up, and connected to "));
    for (uint16_t port = 0; port < 10; port++) {
        elsewhere_add(&elsewhere, (uint16_t)(3025 + port / 2));
    }
    const char *text = sentence("25", &elsewhere, 1);
    assert_non_null(strstr(text, "it connected to port 3025 and 3026 and 3027 instead (--ports "
                                 "3025,3026,3027 watches that)"));
    assert_null(strstr(text, "1025"));
    assert_null(strstr(text, "looked"));
}

static void a_command_that_did_not_run_has_no_other_reason(void **state) {
    (void)state;
    const struct elsewhere none = {0};
    assert_string_equal(sentence("25", &none, 127),
                        "nothing was captured: the command made no connection to port 25; it ended "
                        "with 127: a command was not found");
    assert_null(strstr(sentence("25", &none, 126), "reason"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_ports_and_the_usual_reasons),
        cmocka_unit_test(says_what_was_seen),
        cmocka_unit_test(a_command_that_did_not_run_has_no_other_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
