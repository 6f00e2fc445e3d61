// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include "base/limits.h"
#include "cli/option_lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

enum { WORDS_MAX = 12 };

// What is offered after a line; its words are those between single spaces.
static struct buf offered(const char *line) {
    char room[256];
    char *words[WORDS_MAX];
    size_t count = 0;
    assert_true(snprintf(room, sizeof(room), "%s", line) < (int)sizeof(room));
    for (char *at = room; at != NULL; count++) {
        assert_true(count < WORDS_MAX);
        words[count] = at;
        while (*at != ' ' && *at != '\0') {
            at++;
        }
        bool last = *at == '\0';
        *at = '\0';
        at = last ? NULL : at + 1;
    }
    struct buf out;
    buf_init(&out, MIB);
    completion_put(&out, words, count);
    return out;
}

static void offers(const char *line, const char *due) {
    struct buf out = offered(line);
    if (!slice_is(buf_slice(&out), due)) {
        fail_msg("'%s': %.*s", line, (int)buf_len(&out), (const char *)buf_slice(&out).data);
    }
    buf_cleanup(&out);
}

static bool has_line(const struct buf *text, const char *option) {
    struct slice rest = buf_slice(text);
    while (rest.len > 0) {
        struct slice line = slice_split(&rest, '\n');
        if (slice_is(slice_split(&line, '\t'), option)) {
            return true;
        }
    }
    return false;
}

static void offers_each_option_of_a_command_and_no_other(void **state) {
    (void)state;
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (unsigned c = 0; c < CLI_COMMAND_COUNT; c++) {
        char text[64];
        snprintf(text, sizeof(text), "%s --", cli_command_name((enum cli_command)c));
        struct buf out = offered(text);
        for (size_t i = 0; i < count; i++) {
            snprintf(text, sizeof(text), "--%s", rows[i].name);
            bool due = // another of that name may be
                option_find((enum cli_command)c, slice_of_string(rows[i].name)) != NULL;
            assert_int_equal(has_line(&out, text), due);
        }
        buf_cleanup(&out);
    }
}

// The script that starts the program would not be written as it has to be read.
static void no_help_breaks_the_lines(void **state) {
    (void)state;
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        struct slice help = slice_of_string(rows[i].help);
        assert_true(slice_find_byte(help, '\n') == SLICE_NONE);
        assert_true(slice_find_byte(help, '\t') == SLICE_NONE);
    }
}

static void offers_values_in_each_place(void **state) {
    (void)state;
    offers("run --auth ", "mask\nidentity\nreveal\n");
    offers("run --auth i", "identity\n");
    offers("run --auth=i", "--auth=identity\n");
    offers("run --grace ", "");
    offers("run --keylog ", ":file\n");
    offers("run --ca-dir ", ":folder\n");
    offers("run -o e", "eml\n:file\n");
    offers("proxy --mode s", "socks5\nsink\n");
    offers("check --report h", "html\n:file\n");
    offers("check --ignore bare-l", "bare-lf\n");
    offers("proxy -- --auth", "");
}

static void offers_what_a_command_takes(void **state) {
    (void)state;
    offers("ca e", "export\nenv\n");
    offers("ca show ", "");
    offers("ca --format der e", "export\nenv\n");
    offers("ctl faults o", "on\noff\n");
    offers("ctl pause o", "");
    offers("show ", ":file\n");
    offers("check one.json ", ":file\n");
    offers("doctor ", "");
    offers("nothing --", "");
}

static void leaves_the_command_of_run_alone(void **state) {
    (void)state;
    offers("run ", ":command 1\n");
    offers("run -- ", ":command 2\n");
    offers("run --auth mask swaks --to", ":command 3\n");
    offers("run --auth=mask --quiet -- swaks --to x --auth ", ":command 4\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_each_option_of_a_command_and_no_other),
        cmocka_unit_test(no_help_breaks_the_lines),
        cmocka_unit_test(offers_values_in_each_place),
        cmocka_unit_test(offers_what_a_command_takes),
        cmocka_unit_test(leaves_the_command_of_run_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
