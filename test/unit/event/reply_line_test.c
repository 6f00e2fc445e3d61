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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
