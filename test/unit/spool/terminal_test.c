// SPDX-License-Identifier: MIT
#include "spool/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TIME "2026-11-22T15:03:11.586Z"

struct fixture {
    struct terminal terminal;
    struct buf out;
};

static int setup(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.terminal = {.is_terminal = true,
                                            .moves = true,
                                            .columns = 80,
                                            .foreground = true,
                                            .widths = {3, 0, 0}}};
    buf_init(&fixture.out, 1 << 20);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    buf_cleanup(&fixture->out);
    terminal_cleanup(&fixture->terminal);
    return 0;
}

static void expect(struct fixture *fixture, const char *text) {
    buf_put_byte(&fixture->out, 0);
    assert_string_equal(buf_slice(&fixture->out).data, text);
    buf_clear(&fixture->out);
}

static void put(struct fixture *fixture, const char *counter, const char *line) {
    terminal_put_line(&fixture->terminal, &fixture->out, slice_of_string(counter),
                      slice_of_string(line));
}

static void a_terminal_of_unknown_width_gets_the_line_as_it_is(void **state) {
    struct fixture *fixture = *state;
    char line[200];
    memset(line, 'x', sizeof(line));
    memcpy(line + sizeof(line) - 2, "\n", 2);
    fixture->terminal.columns = 0;
    put(fixture, "1 ", line);
    buf_consume(&fixture->out, 2);
    expect(fixture, line);
}

static void a_file_gets_the_line_as_it_is(void **state) {
    struct fixture *fixture = *state;
    fixture->terminal = (struct terminal){.fd = -1};
    put(fixture, "1 ", TIME " 0 1 S < \"220 mail\"\n");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "1 " TIME " 0 1 S < \"220 mail\"\n");
}

static void columns_move_and_keep_their_words(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "9 ", TIME " 4242 1 S < \"220 mail\"\n");
    expect(fixture, "\x1b[2C9 " TIME " 4242 1 S < \"220 mail\"\n");
    put(fixture, "1000 ", TIME " 0 12 S < \"220 mail\"\n");
    expect(fixture, "1000 " TIME " \x1b[3C0 12 S < \"220 mail\"\n");
    put(fixture, "1001 ", TIME " 4242 1 S < \"220 mail\"\n");
    expect(fixture, "1001 " TIME " 4242 \x1b[1C1 S < \"220 mail\"\n");
}

// 3 + 1 + 24 + 1 + 1 + 1 + 1 + 1 columns come before WHAT, so it has 47 of 80.
#define TEN "0123456789"

static void a_line_of_the_width_is_whole_and_a_longer_one_is_cut(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "100 ", TIME " 0 1 " TEN TEN TEN TEN "0123456\n");
    expect(fixture, "100 " TIME " 0 1 " TEN TEN TEN TEN "0123456\n");
    put(fixture, "101 ", TIME " 0 1 " TEN TEN TEN TEN "01234567\n");
    expect(fixture, "101 " TIME " 0 1 " TEN TEN TEN TEN "012345\xe2\x80\xa6\n");
}

static void the_colour_of_a_cut_line_ends(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "100 ", TIME " 0 1 \x1b[32m" TEN TEN TEN TEN "01234567\x1b[0m\n");
    expect(fixture, "100 " TIME " 0 1 \x1b[32m" TEN TEN TEN TEN "012345\xe2\x80\xa6\x1b[0m\n");
}

static void wide_characters_count_twice(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "100 ", TIME " 0 1 " TEN TEN TEN TEN "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5.\n");
    expect(fixture, "100 " TIME " 0 1 " TEN TEN TEN TEN "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5.\n");
    put(fixture, "101 ", TIME " 0 1 " TEN TEN TEN TEN "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5..\n");
    expect(fixture, "101 " TIME " 0 1 " TEN TEN TEN TEN
                    "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe2\x80\xa6\n");
}

static void without_colour_nothing_moves(void **state) {
    struct fixture *fixture = *state;
    fixture->terminal.moves = false;
    terminal_set_status(&fixture->terminal, "1 live session");
    put(fixture, "1 ", TIME " 0 1 S < \"" TEN TEN TEN TEN "0123456789\"\n");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "1 " TIME " 0 1 S < \"" TEN TEN TEN TEN "012\xe2\x80\xa6\n");
}

#define DRAWN(text) "\r\n\x1b[J\x1b[7m " text " \x1b[0m\r\x1b[A"

static void the_status_line_makes_way_for_lines(void **state) {
    struct fixture *fixture = *state;
    terminal_set_status(&fixture->terminal, "no session");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, DRAWN("no session"));
    put(fixture, "100 ", TIME " 0 1 x\n");
    put(fixture, "101 ", TIME " 0 1 y\n");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "\x1b[J100 " TIME " 0 1 x\n101 " TIME " 0 1 y\n" DRAWN("no session"));
}

static void the_status_line_is_drawn_when_it_changed_only(void **state) {
    struct fixture *fixture = *state;
    terminal_set_status(&fixture->terminal, "one");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    buf_clear(&fixture->out);
    terminal_set_status(&fixture->terminal, "one");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "");
    terminal_set_status(&fixture->terminal, "two");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "\x1b[J" DRAWN("two"));
}

static void the_status_line_goes_at_the_end_and_in_the_background(void **state) {
    struct fixture *fixture = *state;
    terminal_set_status(&fixture->terminal, "one");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    buf_clear(&fixture->out);
    fixture->terminal.foreground = false;
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "\x1b[J");
    fixture->terminal.foreground = true;
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, DRAWN("one"));
    terminal_settle(&fixture->terminal, &fixture->out, true);
    expect(fixture, "\x1b[J");
    terminal_settle(&fixture->terminal, &fixture->out, true);
    expect(fixture, "");
}

static void a_long_status_line_stays_one_row(void **state) {
    struct fixture *fixture = *state;
    terminal_set_status(&fixture->terminal, TEN TEN TEN TEN TEN TEN TEN TEN);
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, DRAWN(TEN TEN TEN TEN TEN TEN TEN "012345\xe2\x80\xa6"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_terminal_of_unknown_width_gets_the_line_as_it_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_gets_the_line_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(columns_move_and_keep_their_words, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_of_the_width_is_whole_and_a_longer_one_is_cut, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_colour_of_a_cut_line_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(wide_characters_count_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(without_colour_nothing_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(the_status_line_makes_way_for_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(the_status_line_is_drawn_when_it_changed_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_status_line_goes_at_the_end_and_in_the_background,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_status_line_stays_one_row, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
