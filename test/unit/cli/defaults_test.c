// SPDX-License-Identifier: MIT
#include "cli/defaults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "cli/options.h"

#include <string.h>

static void has_words(const struct default_source *source, const char *const *due) {
    size_t count = 0;
    while (due[count] != NULL) {
        assert_true(count < source->count);
        assert_string_equal(source->words[count], due[count]);
        count++;
    }
    assert_int_equal(source->count, count);
}

static struct defaults of_words(const char *text) {
    struct defaults defaults = {.sources = {{.name = mem_string("$SMTPSCOPE_OPTIONS")}}};
    struct failure failure = {0};
    assert_int_equal(defaults_split_words(&defaults.sources[0], &failure, slice_of_string(text)),
                     OK);
    return defaults;
}

static void splits_words_as_a_shell_does(void **state) {
    (void)state;
    struct defaults defaults =
        of_words("  --body full\t-o 'text:my file' \"a \\\" b\"c '' d\\ e\n");
    has_words(&defaults.sources[0], (const char *const[]){"--body", "full", "-o", "text:my file",
                                                          "a \" bc", "", "d e", NULL});
    defaults_cleanup(&defaults);
}

static void refuses_a_quote_that_is_not_closed(void **state) {
    (void)state;
    struct defaults defaults = {.sources = {{.name = mem_string("HERE")}}};
    struct failure failure = {0};
    assert_int_equal(defaults_split_words(&defaults.sources[0], &failure, SLICE("--body 'full")),
                     ERR_INPUT);
    assert_non_null(strstr(failure.text, "HERE"));
    defaults_cleanup(&defaults);
}

static void splits_lines_into_an_option_and_its_value(void **state) {
    (void)state;
    struct defaults defaults = {0};
    defaults_split_lines(&defaults.sources[0],
                         SLICE("# mine\n\nbody full\r\n--color = never\n  -o json:my file.json \n"
                               "paused\nexpect=messages = 1"));
    has_words(&defaults.sources[0],
              (const char *const[]){"--body", "full", "--color", "never", "-o", "json:my file.json",
                                    "--paused", "--expect", "messages = 1", NULL});
    defaults_cleanup(&defaults);
}

// ── what becomes of them ────────────────────────────────────────────────────────────────────────

static enum err parse(struct options *out, struct failure *failure, struct defaults *defaults,
                      const char *const *argv) {
    int argc = 0;
    while (argv[argc] != NULL) {
        argc++;
    }
    return options_parse(out, failure, argc, (char *const *)(uintptr_t)argv, defaults);
}

#define ARGV(...) ((const char *[]){"smtpscope", __VA_ARGS__, NULL})

static void hold_where_the_call_is_silent(void **state) {
    (void)state;
    struct defaults defaults = of_words("--body full --threads 2 -o text:x --ignore helo-used");
    struct options options;
    struct failure failure = {0};
    assert_int_equal(parse(&options, &failure, &defaults, ARGV("proxy", "--mode", "sink")), OK);
    assert_int_equal(options.body, BODY_FULL);
    assert_int_equal(options.threads, 2);
    assert_int_equal(options.output_count, 1);
    assert_string_equal(options.outputs[0].path, "x");
    assert_int_equal(options.ignored.count, 1);
    options_cleanup(&options);
    defaults_cleanup(&defaults);
}

static void give_way_to_the_call_and_the_first_source(void **state) {
    (void)state;
    struct defaults defaults = of_words("--body full --sessions 7 -o text:x");
    defaults_split_lines(&defaults.sources[1], SLICE("body none\ncolor never\n"));
    struct options options;
    struct failure failure = {0};
    assert_int_equal(parse(&options, &failure, &defaults,
                           ARGV("proxy", "--mode", "sink", "--once", "-o", "jsonl:-")),
                     OK);
    assert_int_equal(options.body, BODY_FULL);
    assert_int_equal(options.color, COLOR_NEVER);
    assert_int_equal(options.session_limit, 1);
    assert_int_equal(options.output_count, 1);
    assert_string_equal(options.outputs[0].format->name, "jsonl");
    options_cleanup(&options);
    defaults_cleanup(&defaults);
}

static void leave_out_what_another_command_has(void **state) {
    (void)state;
    struct defaults defaults = of_words("--body full --ca-dir /tmp/ca --color never");
    struct options options;
    struct failure failure = {0};
    assert_int_equal(parse(&options, &failure, &defaults, ARGV("show", "mail.json")), OK);
    assert_int_equal(options.color, COLOR_NEVER);
    assert_null(options.ca_dir);
    options_cleanup(&options);
    defaults_cleanup(&defaults);
}

static void are_named_where_they_are_wrong(void **state) {
    (void)state;
    static const char *const wrong[] = {"--nonsense", "body", "--body maybe", "--help",
                                        "--threads"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct defaults defaults = of_words(wrong[i]);
        struct options options;
        struct failure failure = {0};
        assert_int_equal(parse(&options, &failure, &defaults, ARGV("proxy", "--mode", "sink")),
                         ERR_USAGE);
        assert_non_null(strstr(failure.text, "in $SMTPSCOPE_OPTIONS: "));
        options_cleanup(&options);
        defaults_cleanup(&defaults);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_words_as_a_shell_does),
        cmocka_unit_test(refuses_a_quote_that_is_not_closed),
        cmocka_unit_test(splits_lines_into_an_option_and_its_value),
        cmocka_unit_test(hold_where_the_call_is_silent),
        cmocka_unit_test(give_way_to_the_call_and_the_first_source),
        cmocka_unit_test(leave_out_what_another_command_has),
        cmocka_unit_test(are_named_where_they_are_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
