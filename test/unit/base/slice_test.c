// SPDX-License-Identifier: MIT
#include "base/slice.h"

#include "check.h"

static void tells_null_from_empty(void **state) {
    (void)state;
    assert_true(slice_is_null((struct slice){0}));
    assert_false(slice_is_null(SLICE("")));
    assert_true(slice_is_null(slice_of_string(NULL)));
    assert_true(slice_equal((struct slice){0}, SLICE("")));
}

static void cuts_what_is_out_of_range(void **state) {
    (void)state;
    check_slice(slice_sub(SLICE("abcdef"), 2, 3), "cde");
    check_slice(slice_sub(SLICE("abc"), 2, 100), "c");
    check_slice(slice_sub(SLICE("abc"), 100, 1), "");
    check_slice(slice_from(SLICE("abc"), 1), "bc");
    check_slice(slice_from((struct slice){0}, 3), NULL);
}

static void trims_blanks(void **state) {
    (void)state;
    check_slice(slice_trim(SLICE(" \ta b\t ")), "a b");
    check_slice(slice_trim_right(SLICE(" a ")), " a");
    check_slice(slice_trim(SLICE("  ")), "");
    check_slice(slice_trim(SLICE("\ra\n")), "\ra\n");
}

static void folds_ascii_only(void **state) {
    (void)state;
    assert_true(slice_is_nocase(SLICE("eHlO"), "EHLO"));
    assert_false(slice_is_nocase(SLICE("EHLO "), "EHLO"));
    assert_false(slice_is(SLICE("ehlo"), "EHLO"));
    assert_false(slice_is_nocase(SLICE("\xE4"), "\xC4"));
    assert_false(slice_is_nocase(SLICE("["), "{")); // neighbours of the letters
    assert_true(slice_starts_with_nocase(SLICE("starttls x"), SLICE("STARTTLS")));
    assert_false(slice_starts_with_nocase(SLICE("START"), SLICE("STARTTLS")));
    assert_true(slice_ends_with_nocase(SLICE("a LAST"), SLICE("last")));
    assert_false(slice_ends_with_nocase(SLICE("t"), SLICE("last")));
}

static void finds(void **state) {
    (void)state;
    assert_int_equal(slice_find_byte(SLICE("abc"), 'c'), 2);
    assert_int_equal(slice_find_byte(SLICE(""), 'c'), SLICE_NONE);
    assert_int_equal(slice_find_last_byte(SLICE("abcab"), 'a'), 3);
    assert_int_equal(slice_find_last_byte(SLICE("bc"), 'a'), SLICE_NONE);
    assert_int_equal(slice_find_last_byte(SLICE(""), 'a'), SLICE_NONE);
    assert_int_equal(slice_find(SLICE("abcabd"), SLICE("abd")), 3);
    assert_int_equal(slice_find(SLICE("abc"), SLICE("")), SLICE_NONE);
    assert_int_equal(slice_find_nocase(SLICE("xxAuTh="), SLICE("auth=")), 2);
    assert_int_equal(slice_find_nocase(SLICE("aut"), SLICE("auth")), SLICE_NONE);
}

static void splits(void **state) {
    (void)state;
    struct slice rest = SLICE("a,,b");
    check_slice(slice_split(&rest, ','), "a");
    check_slice(slice_split(&rest, ','), "");
    check_slice(slice_split(&rest, ','), "b");
    assert_true(slice_is_null(rest));
    rest = SLICE("a,");
    check_slice(slice_split(&rest, ','), "a");
    assert_false(slice_is_null(rest));
}

static void takes_words(void **state) {
    (void)state;
    struct slice rest = SLICE("MAIL \t FROM:<> ");
    assert_true(slice_is(slice_take_word(&rest), "MAIL"));
    assert_true(slice_is(slice_take_word(&rest), "FROM:<>"));
    assert_int_equal(rest.len, 0);
    assert_int_equal(slice_take_word(&rest).len, 0);
    rest = SLICE(" x");
    assert_int_equal(slice_take_word(&rest).len, 0);
    assert_true(slice_is(rest, "x"));
    rest = (struct slice){0};
    assert_int_equal(slice_take_word(&rest).len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_null_from_empty),
        cmocka_unit_test(cuts_what_is_out_of_range),
        cmocka_unit_test(trims_blanks),
        cmocka_unit_test(folds_ascii_only),
        cmocka_unit_test(finds),
        cmocka_unit_test(splits),
        cmocka_unit_test(takes_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
