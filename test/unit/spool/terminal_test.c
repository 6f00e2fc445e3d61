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
                                            .foreground = true,
                                            .screen = {.columns = 80, .utf8 = true}}};
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

static void a_file_gets_the_line_as_it_is(void **state) {
    struct fixture *fixture = *state;
    fixture->terminal = (struct terminal){.fd = -1};
    put(fixture, "1 ", TIME " 0 1 S < \"220 mail\"\n");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "1 " TIME " 0 1 S < \"220 mail\"\n");
}

static void a_terminal_gets_the_line_laid_out(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "9 ", TIME " 4242 1 S < \"220 mail\"\n");
    expect(fixture, "15:03:11.586 1 S < \"220 mail\"\n");
}

static void without_colour_nothing_moves(void **state) {
    struct fixture *fixture = *state;
    fixture->terminal.moves = false;
    terminal_set_status(&fixture->terminal, "1 live session");
    put(fixture, "1 ", TIME " 0 1 x\n");
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "15:03:11.586 1 x\n");
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
    expect(fixture, "\x1b[J15:03:11.586 1 x\n15:03:11.586 1 y\n" DRAWN("no session"));
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

// It has 77 of 80 columns: a space at each side, and nothing in the last one.
#define TEN "0123456789"

static void a_status_line_leaves_out_what_does_not_fit(void **state) {
    struct fixture *fixture = *state;
    terminal_set_status(&fixture->terminal, TEN TEN TEN "\n" TEN TEN TEN "\n" TEN "0\n" TEN);
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, DRAWN(TEN TEN TEN " \xc2\xb7 " TEN TEN TEN " \xc2\xb7 " TEN "0"));
    terminal_set_status(&fixture->terminal, TEN TEN TEN "\n" TEN TEN TEN "\n" TEN "01\n" TEN);
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, "\x1b[J" DRAWN(TEN TEN TEN " \xc2\xb7 " TEN TEN TEN));
}

static void a_status_line_stays_one_row(void **state) {
    struct fixture *fixture = *state;
    terminal_set_status(&fixture->terminal, TEN TEN TEN TEN TEN TEN TEN TEN);
    terminal_settle(&fixture->terminal, &fixture->out, false);
    expect(fixture, DRAWN(TEN TEN TEN TEN TEN TEN TEN "012345\xe2\x80\xa6"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_gets_the_line_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_terminal_gets_the_line_laid_out, setup, teardown),
        cmocka_unit_test_setup_teardown(without_colour_nothing_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(the_status_line_makes_way_for_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(the_status_line_is_drawn_when_it_changed_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_status_line_goes_at_the_end_and_in_the_background,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_status_line_leaves_out_what_does_not_fit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_status_line_stays_one_row, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
