// SPDX-License-Identifier: MIT
#include "spool/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TIME "2026-11-22T15:03:11.586Z"
#define AT   "15:03:11.586"
#define TEN  "0123456789"

// In front of WHAT there are 15 columns, and 19 in front of the rows that go on.
#define HANG "                   "

struct fixture {
    struct screen screen;
    struct buf out;
};

static int setup(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.screen = {.columns = 60, .utf8 = true}};
    buf_init(&fixture.out, 1 << 20);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    buf_cleanup(&fixture->out);
    return 0;
}

static void expect(struct fixture *fixture, const char *text) {
    buf_put_byte(&fixture->out, 0);
    assert_string_equal(buf_slice(&fixture->out).data, text);
    buf_clear(&fixture->out);
}

static void put(struct fixture *fixture, const char *line) {
    screen_put_line(&fixture->screen, &fixture->out, slice_of_string(line));
}

// ── rows ────────────────────────────────────────────────────────────────────────────────────────

static void a_short_line_has_the_clock_and_the_session(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 4242 1 S < \"220 mail\"\n");
    expect(fixture, AT " 1 S < \"220 mail\"\n");
}

static void a_line_of_the_width_is_one_row(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 !!! " TEN TEN TEN TEN " \n");
    expect(fixture, AT " 1 !!! " TEN TEN TEN TEN " \n");
    put(fixture, TIME " 0 1 !!! " TEN TEN TEN " " TEN "\n");
    expect(fixture, AT " 1 !!! " TEN TEN TEN " " TEN "\n");
}

static void a_longer_one_is_broken_at_a_space(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 !!! " TEN TEN " " TEN TEN " " TEN "\n");
    expect(fixture, AT " 1 !!! " TEN TEN " " TEN TEN "\n" HANG TEN "\n");
    put(fixture, TIME " 0 1 !!! " TEN TEN TEN " " TEN "0\n");
    expect(fixture, AT " 1 !!! " TEN TEN TEN "\n" HANG TEN "0\n");
}

static void a_reference_is_not_parted(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 !!! " TEN TEN TEN " 012 (RFC 5321 2.3.8)\n");
    expect(fixture, AT " 1 !!! " TEN TEN TEN " 012\n" HANG "(RFC 5321 2.3.8)\n");
    put(fixture, TIME " 0 1 !!! " TEN TEN " 0123 (RFC 4954 4, RFC 4616)\n");
    expect(fixture, AT " 1 !!! " TEN TEN " 0123 (RFC 4954 4,\n" HANG "RFC 4616)\n");
    put(fixture, TIME " 0 1 !!! " TEN TEN TEN " an RFC of old\n");
    expect(fixture, AT " 1 !!! " TEN TEN TEN " an RFC of\n" HANG "old\n");
}

static void a_word_longer_than_a_row_is_broken_at_the_edge(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 C > \"" TEN TEN TEN TEN TEN TEN TEN TEN "\"\n");
    expect(fixture, AT " 1 C > \"" TEN TEN TEN TEN "\n" HANG TEN TEN TEN TEN "\"\n");
}

static void more_spaces_than_one_stay(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 C > \"" TEN TEN TEN "      " TEN "\"\n");
    expect(fixture, AT " 1 C > \"" TEN TEN TEN "      "
                       "0123\n" HANG "456789\"\n");
}

static void a_narrow_screen_gives_up_the_indent(void **state) {
    struct fixture *fixture = *state;
    fixture->screen.columns = 30;
    put(fixture, TIME " 0 1 !!! 012345 789 1234567 9\n");
    expect(fixture, AT " 1 !!! 012345 789\n  1234567 9\n");
}

static void without_a_width_no_line_is_broken(void **state) {
    struct fixture *fixture = *state;
    fixture->screen.columns = 0;
    put(fixture, TIME " 0 1 !!! " TEN TEN TEN " " TEN TEN TEN " " TEN TEN TEN "\n");
    expect(fixture, AT " 1 !!! " TEN TEN TEN " " TEN TEN TEN " " TEN TEN TEN "\n");
}

static void a_colour_takes_no_column(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 \x1b[1;31m!!! " TEN TEN TEN TEN " \x1b[0m\n");
    expect(fixture, AT " 1 \x1b[1;31m!!! " TEN TEN TEN TEN " \x1b[0m\n");
}

static void wide_characters_take_two(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 S < " TEN TEN TEN TEN "\xe6\x97\xa5\n");
    expect(fixture, AT " 1 S < " TEN TEN TEN TEN "\n" HANG "\xe6\x97\xa5\n");
    put(fixture, TIME " 0 1 S < " TEN TEN TEN "01234567\xe6\x97\xa5\n");
    expect(fixture, AT " 1 S < " TEN TEN TEN "01234567\xe6\x97\xa5\n");
}

static void without_utf8_other_bytes_than_ascii_are_escaped(void **state) {
    struct fixture *fixture = *state;
    fixture->screen.utf8 = false;
    put(fixture, TIME " 0 1 S < \"gr\xc3\xbc\xc3\x9f\"\n");
    expect(fixture, AT " 1 S < \"gr\\xC3\\xBC\\xC3\\x9F\"\n");
}

static void a_sentence_of_ours_hangs_below_its_first_word(void **state) {
    struct fixture *fixture = *state;
    struct slice sentence = SLICE(TEN TEN " " TEN TEN " " TEN);
    screen_put_sentence(&fixture->screen, &fixture->out, "smtpscope: ", sentence);
    expect(fixture, "smtpscope: " TEN TEN " " TEN TEN "\n           " TEN "\n");
    screen_put_sentence(&(struct screen){0}, &fixture->out, "smtpscope: ", sentence);
    expect(fixture, "smtpscope: " TEN TEN " " TEN TEN " " TEN "\n");
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

#define DASHES_TEN "----------"

static void a_rule_is_between_sessions(void **state) {
    struct fixture *fixture = *state;
    fixture->screen.utf8 = false;
    put(fixture, TIME " 0 1 x\n");
    put(fixture, TIME " 0 2 y\n");
    put(fixture, TIME " 0 2 y\n");
    put(fixture, TIME " 0 1 x\n");
    expect(fixture, AT " 1 x\n-- session 2 " DASHES_TEN DASHES_TEN DASHES_TEN DASHES_TEN
                       "-------\n" AT " 2 y\n" AT " 2 y\n" AT " 1 x\n");
}

static void a_rule_is_for_a_session_that_comes_late_too(void **state) {
    struct fixture *fixture = *state;
    fixture->screen = (struct screen){.utf8 = true, .color = true};
    put(fixture, TIME " 0 3 x\n");
    buf_clear(&fixture->out);
    put(fixture, TIME " 0 2 y\n");
    assert_non_null(strstr((const char *)buf_slice(&fixture->out).data,
                           "\x1b[2m\xe2\x94\x80\xe2\x94\x80 session 2 \xe2\x94\x80"));
}

static void what_is_of_no_session_has_no_rule(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 1 x\n");
    put(fixture, TIME " 0 0 ### 3 lines were lost\n");
    put(fixture, TIME " 0 1 x\n");
    expect(fixture, AT " 1 x\n" AT " 0 ### 3 lines were lost\n" AT " 1 x\n");
}

static void longer_session_numbers_make_the_column_wider(void **state) {
    struct fixture *fixture = *state;
    put(fixture, TIME " 0 10 x\n");
    put(fixture, TIME " 0 0 y\n");
    expect(fixture, AT " 10 x\n" AT "  0 y\n");
}

// ── the parts of the status line ────────────────────────────────────────────────────────────────

static void put_parts(struct fixture *fixture, const char *parts, size_t columns) {
    screen_put_parts(&fixture->screen, &fixture->out, slice_of_string(parts), columns);
}

static void parts_that_do_not_fit_are_left_out(void **state) {
    struct fixture *fixture = *state;
    put_parts(fixture, TEN "\n1 live\n2 ended", 10 + 3 + 6 + 3 + 7);
    expect(fixture, TEN " \u00b7 1 live \u00b7 2 ended");
    put_parts(fixture, TEN "\n1 live\n2 ended", 10 + 3 + 6 + 3 + 6);
    expect(fixture, TEN " \u00b7 1 live");
}

static void the_first_part_gives_way_to_the_second(void **state) {
    struct fixture *fixture = *state;
    put_parts(fixture, TEN TEN TEN "\n1 live", 20 + 3 + 6);
    expect(fixture, TEN "012345678\u2026 \u00b7 1 live");
    put_parts(fixture, TEN TEN TEN "\n1 live", 19 + 3 + 6);
    expect(fixture, TEN TEN "0123456\u2026");
    put_parts(fixture, TEN TEN TEN, 29);
    expect(fixture, TEN TEN "01234567\u2026");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_short_line_has_the_clock_and_the_session, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_line_of_the_width_is_one_row, setup, teardown),
        cmocka_unit_test_setup_teardown(a_longer_one_is_broken_at_a_space, setup, teardown),
        cmocka_unit_test_setup_teardown(a_word_longer_than_a_row_is_broken_at_the_edge, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reference_is_not_parted, setup, teardown),
        cmocka_unit_test_setup_teardown(more_spaces_than_one_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_narrow_screen_gives_up_the_indent, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_width_no_line_is_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(a_colour_takes_no_column, setup, teardown),
        cmocka_unit_test_setup_teardown(wide_characters_take_two, setup, teardown),
        cmocka_unit_test_setup_teardown(without_utf8_other_bytes_than_ascii_are_escaped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_sentence_of_ours_hangs_below_its_first_word, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_rule_is_between_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rule_is_for_a_session_that_comes_late_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_of_no_session_has_no_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(longer_session_numbers_make_the_column_wider, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(parts_that_do_not_fit_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_part_gives_way_to_the_second, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
