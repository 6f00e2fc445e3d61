// SPDX-License-Identifier: MIT
#include "smtp/line.h"

#include "check.h"

static struct line_reader reader;

static int setup(void **state) {
    (void)state;
    line_reader_init(&reader, 8);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    line_reader_cleanup(&reader);
    return 0;
}

static enum line_step feed(struct slice *input, struct slice *out_spill) {
    return line_reader_feed(&reader, out_spill, input);
}

static void check_line(const char *text, size_t len, enum line_ending ending) {
    check_slice(line_reader_text(&reader), text);
    assert_int_equal(reader.len, len);
    assert_int_equal(reader.ending, ending);
}

static void takes_lines_one_at_a_time(void **state) {
    (void)state;
    struct slice input = SLICE("one\r\ntwo\nrest");
    struct slice spill = {0};
    assert_int_equal(feed(&input, &spill), LINE_WHOLE);
    check_line("one", 3, ENDING_CRLF);
    assert_int_equal(feed(&input, &spill), LINE_WHOLE);
    check_line("two", 3, ENDING_LF);
    assert_int_equal(feed(&input, &spill), LINE_MORE);
    assert_true(line_reader_begun(&reader));
}

static void waits_for_the_byte_behind_a_cr(void **state) {
    (void)state;
    struct slice spill = {0};
    struct slice first = SLICE("a\r");
    struct slice lf = SLICE("\n");
    assert_int_equal(feed(&first, &spill), LINE_MORE);
    assert_int_equal(feed(&lf, &spill), LINE_WHOLE);
    check_line("a", 1, ENDING_CRLF);
    assert_false(reader.has_bare_cr);
    first = SLICE("a\r");
    struct slice other = SLICE("b\n");
    assert_int_equal(feed(&first, &spill), LINE_MORE);
    assert_int_equal(feed(&other, &spill), LINE_WHOLE);
    check_line("a\rb", 3, ENDING_LF);
    assert_true(reader.has_bare_cr);
}

static void hands_on_what_is_over_the_cap(void **state) {
    (void)state;
    struct slice input = SLICE("0123456789\r\n");
    struct slice spill = {0};
    assert_int_equal(feed(&input, &spill), LINE_SPILL);
    check_slice(spill, "89");
    assert_int_equal(feed(&input, &spill), LINE_WHOLE);
    check_line("01234567", 10, ENDING_CRLF);
    assert_true(line_reader_cut(&reader));
}

static void keeps_a_line_that_just_fits(void **state) {
    (void)state;
    struct slice input = SLICE("01234567\n");
    struct slice spill = {0};
    assert_int_equal(feed(&input, &spill), LINE_WHOLE);
    assert_false(line_reader_cut(&reader));
}

static void notes_odd_bytes(void **state) {
    (void)state;
    struct slice input = slice_of("a\0\xFF\n", 4);
    struct slice spill = {0};
    assert_int_equal(feed(&input, &spill), LINE_WHOLE);
    assert_true(reader.has_nul);
    assert_true(reader.has_8bit);
    input = SLICE("plain\n");
    assert_int_equal(feed(&input, &spill), LINE_WHOLE);
    assert_false(reader.has_nul || reader.has_8bit || reader.has_bare_cr);
}

static void ends_half_a_line(void **state) {
    (void)state;
    struct slice input = SLICE("01234567\r");
    struct slice spill = {0};
    assert_false(line_reader_end(&reader, &spill));
    assert_int_equal(feed(&input, &spill), LINE_MORE);
    assert_true(line_reader_end(&reader, &spill));
    check_slice(spill, "\r");
    check_line("01234567", 9, ENDING_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_lines_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_for_the_byte_behind_a_cr, setup, teardown),
        cmocka_unit_test_setup_teardown(hands_on_what_is_over_the_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_a_line_that_just_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_odd_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_half_a_line, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
