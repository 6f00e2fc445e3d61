// SPDX-License-Identifier: MIT
#include "event/reply_line.h"

#include "check.h"

static void check_line(const char *text, int code, bool malformed, bool goes_on, const char *rest) {
    struct reply_line line;
    reply_line_parse(&line, slice_of_string(text));
    assert_int_equal(line.code, code);
    assert_int_equal(line.malformed, malformed);
    assert_int_equal(line.goes_on, goes_on);
    check_slice(line.text, rest);
}

static void reads_lines(void **state) {
    (void)state;
    check_line("250 ok", 250, false, false, "ok");
    check_line("250-more", 250, false, true, "more");
    check_line("250", 250, false, false, "");
    check_line("250-", 250, false, true, "");
    check_line("250  two blanks", 250, false, false, " two blanks");
    check_line("250OK", 250, true, false, "OK");
    check_line("25", 0, true, false, "25");
    check_line("2a0 x", 0, true, false, "2a0 x");
    check_line("", 0, true, false, "");
}

static void reads_enhanced_codes(void **state) {
    (void)state;
    check_slice(reply_line_enhanced(SLICE("5.7.8 no")), "5.7.8");
    check_slice(reply_line_enhanced(SLICE("2.0.0")), "2.0.0");
    check_slice(reply_line_enhanced(SLICE("4.123.999\tx")), "4.123.999");
    check_slice(reply_line_enhanced(SLICE("3.0.0 x")), NULL);
    check_slice(reply_line_enhanced(SLICE("5.7.1234 x")), NULL);
    check_slice(reply_line_enhanced(SLICE("5.7 x")), NULL);
    check_slice(reply_line_enhanced(SLICE("5.7.8: x")), NULL);
    check_slice(reply_line_enhanced(SLICE("")), NULL);
}

static void knows_a_yes(void **state) {
    (void)state;
    assert_true(reply_code_is_positive(200) && reply_code_is_positive(299));
    assert_false(reply_code_is_positive(199) || reply_code_is_positive(300) ||
                 reply_code_is_positive(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines),
        cmocka_unit_test(reads_enhanced_codes),
        cmocka_unit_test(knows_a_yes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
