// SPDX-License-Identifier: MIT
#include "fault/fault_rule.h"

#include "base/clock.h"
#include "verdict/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct fault_rule good(const char *text) {
    struct fault_rule rule;
    struct failure failure;
    if (fault_rule_parse(&rule, &failure, text) != OK) {
        fail_msg("%s: %s", text, failure.text);
    }
    return rule;
}

static void assert_wrong(const char *text, const char *part) {
    struct fault_rule rule;
    struct failure failure;
    if (fault_rule_parse(&rule, &failure, text) == OK) {
        fail_msg("%s was taken", text);
    }
    if (strstr(failure.text, part) == NULL) {
        fail_msg("%s: '%s' has no '%s'", text, failure.text, part);
    }
}

static void assert_range(struct fault_range range, uint64_t first, uint64_t last) {
    assert_true(range.first <= first || first == 0);
    assert_true(fault_range_has(range, first == 0 ? 1 : first));
    assert_true(fault_range_has(range, last));
    assert_true(first <= 1 || !fault_range_has(range, first - 1));
    assert_true(last == UINT64_MAX || !fault_range_has(range, last + 1));
}

static void each_point_is_read(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum fault_point point;
        const char *name;
    } rows[] = {

        {"greeting: 421 4.3.2 busy", FAULT_GREETING, "greeting"},
        {"message: 452 4.3.1 full", FAULT_MESSAGE, "message"},
        {"rcpt: 550 no", FAULT_COMMAND, "RCPT"},
        {"HELO: 550 no", FAULT_COMMAND, "EHLO"},
        {"*: 421 no", FAULT_COMMAND, "*"},
        {"X-EXPS: 500 no", FAULT_COMMAND, "X-EXPS"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fault_rule rule = good(rows[i].text);
        assert_int_equal(rule.point, rows[i].point);
        assert_string_equal(rule.point_text, rows[i].name);
        assert_string_equal(rule.text, rows[i].text);
        assert_int_equal(rule.chance_ppm, FAULT_ALWAYS);
        assert_range(rule.nth, 0, UINT64_MAX);
        fault_rule_cleanup(&rule);
    }
}

static void a_verb_is_found_in_any_case(void **state) {
    (void)state;
    struct fault_rule rule = good("EHLO: 550 no");
    assert_true(fault_rule_is_for_verb(&rule, SLICE("ehlo")));
    assert_true(fault_rule_is_for_verb(&rule, SLICE("HELO")));
    assert_true(fault_rule_is_for_verb(&rule, SLICE("LHLO")));
    assert_false(fault_rule_is_for_verb(&rule, SLICE("MAIL")));
    fault_rule_cleanup(&rule);
    rule = good("*: close");
    assert_true(fault_rule_is_for_verb(&rule, SLICE("anything")));
    fault_rule_cleanup(&rule);
    rule = good("message: close");
    assert_false(fault_rule_is_for_verb(&rule, SLICE("message")));
    fault_rule_cleanup(&rule);
}

static void each_condition_is_read(void **state) {
    (void)state;
    struct fault_rule rule =
        good("RCPT ~ TO:<a b@ #3-5 session 2- 12.5% over 10/60s: 452 4.5.3 Too many");
    assert_true(pattern_matches(rule.pattern, "TO:<a b@example.net>"));
    assert_false(pattern_matches(rule.pattern, "TO:<b@example.net>"));
    assert_range(rule.nth, 3, 5);
    assert_range(rule.sessions, 2, UINT64_MAX);
    assert_int_equal(rule.chance_ppm, 125000);
    assert_int_equal(rule.over_count, 10);
    assert_int_equal(rule.over_span_ns, 60 * NS_PER_S);
    assert_int_equal(rule.action.code, 452);
    assert_string_equal(rule.action.text, "452 4.5.3 Too many");
    fault_rule_cleanup(&rule);
    rule = good("MAIL #2 session 7: reset");
    assert_range(rule.nth, 2, 2);
    assert_range(rule.sessions, 7, 7);
    fault_rule_cleanup(&rule);
    rule = good("MAIL 0.0001%: reset");
    assert_int_equal(rule.chance_ppm, 1);
    fault_rule_cleanup(&rule);
}

static void an_expression_may_have_colons_and_blanks(void **state) {
    (void)state;
    struct fault_rule rule =
        good("message ~ ^Re: the (weekly|daily) report$ #1: 554 5.7.1 no: spam");
    assert_true(pattern_matches(rule.pattern, "Re: the daily report"));
    assert_range(rule.nth, 1, 1);
    assert_string_equal(rule.action.text, "554 5.7.1 no: spam");
    fault_rule_cleanup(&rule);
    rule = good("RCPT #2 ~ b@: 550 no");
    assert_range(rule.nth, 2, 2);
    assert_true(pattern_matches(rule.pattern, "TO:<b@example.net>"));
    fault_rule_cleanup(&rule);
}

static void each_action_is_read(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum fault_action_kind kind;
        uint64_t count;
    } rows[] = {
        {"RCPT: 550 5.1.1 no", FAULT_ANSWER, 0},
        {"RCPT: 550", FAULT_ANSWER, 0},
        {"message: replace 451 4.3.0 later", FAULT_REPLACE, 0},
        {"MAIL: delay 3s", FAULT_DELAY, 0},
        {"MAIL: silence", FAULT_SILENCE, 0},
        {"MAIL: close", FAULT_CLOSE, 0},
        {"MAIL: reset", FAULT_RESET, 0},
        {"DATA: close after 1000", FAULT_CLOSE_AFTER, 1000},
        {"message: close after 1", FAULT_CLOSE_AFTER, 1},
        {"EHLO: slice 1", FAULT_SLICE, 1},
        {"greeting: rate 100", FAULT_RATE, 100},
        {"EHLO: strip SIZE PIPELINING", FAULT_STRIP, 0},
        {"EHLO: add SIZE 1000", FAULT_ADD, 0},
        {"tls: silence", FAULT_SILENCE, 0},
        {"tls: certificate sha1", FAULT_CERTIFICATE, 0},
        {"tls: version 1.0", FAULT_VERSION, 0},
        {"tls: plain", FAULT_PLAIN, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fault_rule rule = good(rows[i].text);
        assert_int_equal(rule.action.kind, rows[i].kind);
        assert_int_equal(rule.action.count, rows[i].count);
        fault_rule_cleanup(&rule);
    }
}

static void times_have_a_unit(void **state) {
    (void)state;
    struct fault_rule rule = good("MAIL: delay 250ms");
    assert_int_equal(rule.action.time_ns, 250 * NS_PER_MS);
    fault_rule_cleanup(&rule);
    rule = good("MAIL: delay 3s");
    assert_int_equal(rule.action.time_ns, 3 * NS_PER_S);
    fault_rule_cleanup(&rule);
    assert_wrong("MAIL: delay 3", "'delay 3' is not 'delay TIME");
    assert_wrong("MAIL: delay 3m", "delay TIME");
    assert_wrong("MAIL: delay 99999999s", "delay TIME");
}

static void what_cannot_be_read_is_named(void **state) {
    (void)state;
    assert_wrong("", "has no ': ACTION'");
    assert_wrong("RCPT", "has no ': ACTION'");
    assert_wrong("R=PT: 550 no", "'R=PT' is not a point");
    assert_wrong(": 550 no", "'' is not a point");
    assert_wrong("RCPT third: 550 no", "'third' is not a condition");
    assert_wrong("RCPT #0: 550 no", "'#0' is not a condition");
    assert_wrong("RCPT #5-3: 550 no", "'#5-3' is not a condition");
    assert_wrong("RCPT session x: 550 no", "'x' is not a condition");
    assert_wrong("RCPT over 10: 550 no", "'10' is not a condition");
    assert_wrong("RCPT 101%: 550 no", "'101%' is not a condition");
    assert_wrong("RCPT ~ : 550 no", "'~' needs a regular expression");
    assert_wrong("RCPT ~ (a: 550 no", "'(a'");
    assert_wrong("RCPT: drop", "'drop' is not an action");
    assert_wrong("RCPT:", "'' is not an action");
    assert_wrong("RCPT: 99 no", "'99' is not an action");
    assert_wrong("RCPT: 600 no", "'600' is not an action");
    assert_wrong("tls: alert nonsense", "'alert nonsense' is not");
    assert_wrong("tls: certificate old",
                 "'certificate old' is not 'certificate' and one of: expired");
    assert_wrong("tls: version 1.2-1.3", "'version 1.2-1.3' is not 'version 1.0");
    assert_wrong("tls: version 2", "'version 2' is not");
    assert_wrong("DATA: close after 0", "'close after 0' is not");
    assert_wrong("MAIL: delay 0s", "'delay 0s' is not");
    assert_wrong("RCPT: slice 0", "'slice 0' is not");
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    assert_wrong("connect: 550 no", "makes no sense at 'connect'");
    assert_wrong("connect: alert unknown_ca", "makes no sense at 'connect'");
    assert_wrong("RCPT: refuse", "makes no sense at 'RCPT'");
    assert_wrong("RCPT: strip SIZE", "makes no sense at 'RCPT'");
    assert_wrong("RCPT: close after 10", "makes no sense at 'RCPT'");
    assert_wrong("connect: silence", "makes no sense at 'connect'");
    assert_wrong("greeting: version 1.2", "makes no sense at 'greeting'");
    assert_wrong("tls: 550 no", "makes no sense at 'tls'");
    assert_wrong("DATA: 354 go", "a 3yz reply");
    assert_wrong("DATA: replace 451 later", "at DATA");
    assert_wrong("STARTTLS: replace 454 later", "at STARTTLS");
    assert_wrong("DATA: replace 354 go", "a 3yz reply");
    assert_wrong("STARTTLS: 220 go", "begins TLS");
    assert_wrong("*: 220 go", "begins TLS");
    assert_wrong("EHLO: add AUTH PLAIN", "no credential mechanism");
    assert_wrong("EHLO: add AUTH=PLAIN", "no credential mechanism");
    assert_wrong("greeting ~ x: 554 no", "'~' makes no sense at 'greeting'");
    assert_wrong("greeting #2: 554 no", "'#2' makes no sense at 'greeting'");
    assert_wrong("connect #2-: refuse", "'#2' makes no sense at 'connect'");
    assert_wrong("tls #3: close", "'#3' makes no sense at 'tls'");
}

// Each action at each point: `+` where it is taken, `-` where a sentence says why not.
static void each_action_has_its_points(void **state) {
    (void)state;
    static const char *const actions[] = {"550 5.7.1 no",
                                          "replace 451 4.3.0 no",
                                          "delay 1s",
                                          "silence",
                                          "close",
                                          "reset",
                                          "close after 10",
                                          "slice 1",
                                          "rate 10",
                                          "strip SIZE",
                                          "add SIZE 1",
                                          "alert unknown_ca",
                                          "refuse",
                                          "unreachable",
                                          "certificate expired",
                                          "version 1.2",
                                          "plain"};
    static const struct {
        const char *point;
        const char *taken;
    } rows[] = {
        {"connect", "--+-++------++---"},  {"tls", "--++++-----+--+++"},
        {"greeting", "++++++-++--------"}, {"EHLO", "++++++-++++------"},
        {"HELO", "++++++-++++------"},     {"LHLO", "++++++-++++------"},
        {"MAIL", "++++++-++--------"},     {"RCPT", "++++++-++--------"},
        {"DATA", "+-+++++++--------"},     {"BDAT", "+++++++++--------"},
        {"STARTTLS", "+-++++-++--------"}, {"AUTH", "++++++-++--------"},
        {"RSET", "++++++-++--------"},     {"QUIT", "++++++-++--------"},
        {"XFOO", "++++++-++--------"},     {"*", "++++++-++--------"},
        {"message", "+++++++++--------"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < sizeof(actions) / sizeof(actions[0]); k++) {
            char text[100];
            snprintf(text, sizeof(text), "%s: %s", rows[i].point, actions[k]);
            if (rows[i].taken[k] == '+') {
                struct fault_rule rule = good(text);
                fault_rule_cleanup(&rule);
            } else {
                assert_wrong(text, actions[k]);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_point_is_read),
        cmocka_unit_test(a_verb_is_found_in_any_case),
        cmocka_unit_test(each_condition_is_read),
        cmocka_unit_test(an_expression_may_have_colons_and_blanks),
        cmocka_unit_test(each_action_is_read),
        cmocka_unit_test(times_have_a_unit),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(each_action_has_its_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
