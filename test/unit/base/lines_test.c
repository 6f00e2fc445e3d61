// SPDX-License-Identifier: MIT
#include "base/lines.h"

#include "check.h"

static void cuts_at_every_lf(void **state) {
    (void)state;
    struct slice rest = SLICE("a\r\n\nb\rc\nlast");
    check_slice(lines_next(&rest), "a\r\n");
    check_slice(lines_next(&rest), "\n");
    check_slice(lines_next(&rest), "b\rc\n");
    check_slice(lines_next(&rest), "last");
    assert_int_equal(rest.len, 0);
    assert_int_equal(lines_next(&rest).len, 0);
}

static void knows_a_line_from_its_end(void **state) {
    (void)state;
    assert_true(lines_ended(SLICE("a\n")));
    assert_false(lines_ended(SLICE("a\r")));
    assert_false(lines_ended(SLICE("")));
    check_slice(lines_text(SLICE("a\r\n")), "a");
    check_slice(lines_text(SLICE("a\r\r\n")), "a\r");
    check_slice(lines_text(SLICE("a\n")), "a");
    check_slice(lines_text(SLICE("\r\n")), "");
    check_slice(lines_text(SLICE("a\r")), "a\r");
}

static void takes_crs_away(void **state) {
    (void)state;
    check_slice(lines_without_cr(SLICE("a\r\r")), "a\r");
    check_slice(lines_without_cr(SLICE("\ra")), "\ra");
    check_slice(lines_without_cr(SLICE("")), "");
    check_slice(lines_without_crs(SLICE("a\rb\r\r")), "a\rb");
    check_slice(lines_without_crs(SLICE("\r\r")), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_at_every_lf),
        cmocka_unit_test(knows_a_line_from_its_end),
        cmocka_unit_test(takes_crs_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
