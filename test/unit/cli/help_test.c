// SPDX-License-Identifier: MIT
#include "cli/help.h"

#include "base/limits.h"
#include "cli/option_lookup.h"
#include "format/format.h"
#include "inspect/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has(const struct buf *text, const char *what) {
    return slice_find(buf_slice(text), slice_of_string(what)) != SLICE_NONE;
}

// Whether the option has a paragraph of its own, which starts with its name.
static bool help_explains(const struct buf *help, const struct option_row *row) {
    char letter[] = {row->letter, '\0'};
    char shown[80];
    snprintf(shown, sizeof(shown), "\n  %s%s%s--%s%s", row->letter != 0 ? "-" : "", letter,
             row->letter != 0 ? ", " : "", row->name,
             row->argument != NULL   ? " "
             : row->standard != NULL ? "  ("
                                     : "\n");
    return has(help, shown);
}

static void shows_each_option_of_a_command_and_no_other(void **state) {
    (void)state;
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (unsigned c = 0; c <= CLI_COMMAND_COUNT; c++) {
        enum cli_command command = (enum cli_command)c;
        struct buf help;
        buf_init(&help, MIB);
        help_put(&help, command);
        for (size_t i = 0; i < count; i++) {
            bool in_help = help_explains(&help, &rows[i]);
            bool due = option_is_of(&rows[i], command) || // another of that name may be
                       option_find(command, slice_of_string(rows[i].name)) != NULL;
            if (in_help != due) {
                fail_msg("--%s in the help of command %u: %d", rows[i].name, c, in_help);
            }
        }
        buf_cleanup(&help);
    }
}

static void keeps_within_its_width(void **state) {
    (void)state;
    for (unsigned c = 0; c <= CLI_COMMAND_COUNT; c++) {
        struct buf help;
        buf_init(&help, MIB);
        help_put(&help, (enum cli_command)c);
        struct slice rest = buf_slice(&help);
        while (!slice_is_null(rest)) {
            assert_true(slice_split(&rest, '\n').len <= 100);
        }
        buf_cleanup(&help);
    }
}

static void names_the_libraries(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, KIB);
    version_put(
        &text, &(struct library_versions){
                   .program = "1.2", .tls = "BoringSSL (API 17)", .libuv = "1.44", .cjson = "1.7"});
    assert_true(
        slice_is(buf_slice(&text), "smtpscope 1.2\nBoringSSL (API 17), libuv 1.44, cJSON 1.7\n"));
    buf_cleanup(&text);
}

// ── the man page ────────────────────────────────────────────────────────────────────────────────

static struct buf man_page(void) {
    struct buf page;
    buf_init(&page, MIB);
    FILE *file = fopen(MAN_PAGE, "r");
    assert_non_null(file);
    char bytes[4096];
    for (size_t len = 1; len > 0;) {
        len = fread(bytes, 1, sizeof(bytes), file);
        buf_put(&page, slice_of(bytes, len));
    }
    fclose(file);
    return page;
}

static bool ends_name(uint8_t byte) {
    return byte == ' ' || byte == '\n' || byte == '\t';
}

// Whether `.It Fl Fl NAME` stands in the page: the paragraph of an option.
static bool page_explains(const struct buf *page, const char *name) {
    char due[80];
    snprintf(due, sizeof(due), "Fl Fl %s", name);
    struct slice rest = buf_slice(page);
    while (!slice_is_null(rest)) {
        struct slice line = slice_split(&rest, '\n');
        size_t at = slice_find(line, slice_of_string(due));
        size_t end = at + strlen(due);
        if (slice_starts_with(line, SLICE(".It ")) && at != SLICE_NONE &&
            (end == line.len || ends_name(line.data[end]))) {
            return true;
        }
    }
    return false;
}

// A tag of a list by itself: `.It Cm NAME`.
static bool page_lists(const struct buf *page, const char *name) {
    char due[80];
    snprintf(due, sizeof(due), "\n.It Cm %s\n", name);
    return slice_find(buf_slice(page), slice_of_string(due)) != SLICE_NONE;
}

static void lists_each_format_in_the_man_page(void **state) {
    (void)state;
    struct buf page = man_page();
    const struct format_info *format;
    for (size_t i = 0; (format = format_at(i)) != NULL; i++) {
        if (!page_lists(&page, format->name)) {
            fail_msg("smtpscope.1 does not explain the format %s", format->name);
        }
    }
    buf_cleanup(&page);
}

static void explains_each_option_in_the_man_page(void **state) {
    (void)state;
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    struct buf page = man_page();
    for (size_t i = 0; i < count; i++) {
        if (!page_explains(&page, rows[i].name)) {
            fail_msg("smtpscope.1 does not explain --%s", rows[i].name);
        }
    }
    buf_cleanup(&page);
}

static bool is_an_option(struct slice name) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (slice_is(name, rows[i].name)) {
            return true;
        }
    }
    return false;
}

static void explains_no_other_option_there(void **state) {
    (void)state;
    struct buf page = man_page();
    struct slice rest = buf_slice(&page);
    for (size_t at = 0; (at = slice_find(rest, SLICE("Fl Fl "))) != SLICE_NONE;) {
        rest = slice_from(rest, at + 6);
        size_t len = 0;
        while (len < rest.len && !ends_name(rest.data[len])) {
            len++;
        }
        if (!is_an_option(slice_sub(rest, 0, len))) {
            fail_msg("smtpscope.1 speaks of --%.*s", (int)len, (const char *)rest.data);
        }
    }
    buf_cleanup(&page);
}

// The defaults and the forms of values are facts too.
static void gives_the_defaults_in_the_man_page(void **state) {
    (void)state;
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    struct buf page = man_page();
    for (size_t i = 0; i < count; i++) {
        char due[200];
        snprintf(due, sizeof(due), "Default: %s.", rows[i].standard);
        if (rows[i].standard != NULL && !has(&page, due)) {
            fail_msg("smtpscope.1 lacks \"%s\" of --%s", due, rows[i].name);
        }
    }
    buf_cleanup(&page);
}

// In the order of the table, and nothing between them.
static void has_each_rule_in_the_man_page(void **state) {
    (void)state;
    struct buf page = man_page();
    struct buf due;
    buf_init(&due, MIB);
    buf_putf(&due, ".Bl -tag -width Ds\n");
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *rule = rule_info((enum rule)i);
        buf_putf(&due, ".It Cm %s\n%s", rule->id, severity_name(rule->severity));
        if (rule->mildest != rule->severity) {
            buf_putf(&due, " or %s", severity_name(rule->mildest));
        }
        if (rule->reference != NULL) {
            buf_putf(&due, " (%s)", rule->reference);
        }
        buf_putf(&due, ".\n%s\n", rule->explanation);
        if (slice_find(buf_slice(&page), buf_slice(&due)) == SLICE_NONE) {
            fail_msg("smtpscope.1 does not say of %s what the table of rules says", rule->id);
        }
    }
    buf_putf(&due, ".El\n");
    assert_true(slice_find(buf_slice(&page), buf_slice(&due)) != SLICE_NONE);
    buf_cleanup(&due);
    buf_cleanup(&page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_each_option_of_a_command_and_no_other),
        cmocka_unit_test(keeps_within_its_width),
        cmocka_unit_test(names_the_libraries),
        cmocka_unit_test(lists_each_format_in_the_man_page),
        cmocka_unit_test(explains_each_option_in_the_man_page),
        cmocka_unit_test(explains_no_other_option_there),
        cmocka_unit_test(gives_the_defaults_in_the_man_page),
        cmocka_unit_test(has_each_rule_in_the_man_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
