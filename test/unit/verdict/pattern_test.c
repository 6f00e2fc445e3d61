// SPDX-License-Identifier: MIT
#include "verdict/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pattern *pattern_of(const char *text) {
    struct pattern *pattern = NULL;
    struct failure failure = {0};
    if (pattern_new(&pattern, &failure, text) != OK) {
        fail_msg("'%s' %s", text, failure.text);
    }
    return pattern;
}

static const struct {
    const char *pattern;
    const char *value;
    bool matches;
} rows[] = {
    {"^Hello$", "Hello", true},
    {"^Hello$", "Hello you", false},
    {"(one|two) +[0-9]{2,3}", "say two  42", true},
    {"^[[:alpha:]]+$",
     "Gr\xC3\xBC\xC3\x9F"
     "e",
     true},
    {"^.{5}$",
     "Gr\xC3\xBC\xC3\x9F"
     "e",
     true},
    {"^[]a]+$", "a]a", true},
    {"^\\{a\\}$", "{a}", true},
    {"", "", true},
    {"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", "123e4567-e89b-12d3-a456-426614174000", true},
};

static void matches_as_posix_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pattern *pattern = pattern_of(rows[i].pattern);
        if (pattern_matches(pattern, rows[i].value) != rows[i].matches) {
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].value);
        }
        pattern_free(pattern);
    }
}

// With a matcher that takes the square of the text's length, or tries every way to match, this test
// does not end.
static void no_text_costs_more_than_its_length(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "(a|aa)+$",           "(a*)*b",          "(a|a)*b",
        "(.*)(.*)(.*)x$",     "(x+x+)+y",        "(a?){30}a{30}b",
        "[[:alpha:]]+[0-9]$", "((((a+)+)+)+)+b", "^(([a-z])+.)+[A-Z]([a-z])+$"};
    enum { LEN = 10000 };
    char *text = malloc(LEN + 1);
    assert_non_null(text);
    memset(text, 'a', LEN);
    text[LEN - 1] = '!';
    text[LEN] = '\0';
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct pattern *pattern = pattern_of(patterns[i]);
        assert_false(pattern_matches(pattern, text));
        pattern_free(pattern);
    }
    free(text);
}

static const struct {
    const char *pattern;
    const char *why;
} wrong[] = {
    {"(", "not a regular expression"}, {"a{2,1}", "not a regular expression"},
    {"(a)\\1", "back-references"},     {"(hello){~1}", "approximate"},
    {"(a{1,30}){1,40}", "too large"},  {"((a{1,11}){1,11}){1,11}", "too large"},
    {"(a{1,30}){40,}", "too large"},   {"([])(]{255}){4}", "too large"},
    {"(\\(a{255}){4}", "too large"},
};

static void refuses_what_costs_too_much(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct pattern *pattern = NULL;
        struct failure failure = {0};
        if (pattern_new(&pattern, &failure, wrong[i].pattern) != ERR_USAGE) {
            fail_msg("'%s' is taken", wrong[i].pattern);
        }
        assert_null(pattern);
        if (strstr(failure.text, wrong[i].why) == NULL) {
            fail_msg("'%s' %s", wrong[i].pattern, failure.text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_posix_says),
        cmocka_unit_test(no_text_costs_more_than_its_length),
        cmocka_unit_test(refuses_what_costs_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
