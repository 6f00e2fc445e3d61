// SPDX-License-Identifier: MIT
#include "fault/faults.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { RULES_MAX = 4 };

// Rules, and the sessions that ask them.
struct bench {
    struct fault_rule rules[RULES_MAX];
    size_t count;
    struct faults *faults;
};

static void add(struct bench *bench, const char *text) {
    struct failure failure;
    if (fault_rule_parse(&bench->rules[bench->count++], &failure, text) != OK) {
        fail_msg("%s: %s", text, failure.text);
    }
}

static void open_with(struct bench *bench, const char *text, uint64_t seed) {
    *bench = (struct bench){0};
    add(bench, text);
    bench->faults = faults_new(bench->rules, bench->count, seed);
}

static void close_bench(struct bench *bench) {
    faults_free(bench->faults);
    for (size_t i = 0; i < bench->count; i++) {
        fault_rule_cleanup(&bench->rules[i]);
    }
}

static bool ask(struct fault_session *session, const char *verb, const char *argument,
                int64_t at_ns) {
    struct fault_occasion occasion = {.point = FAULT_COMMAND,
                                      .verb = slice_of_string(verb),
                                      .subject = slice_of_string(argument),
                                      .at_ns = at_ns};
    return fault_session_decide(session, &occasion) != NULL;
}

// One letter for each RCPT of a session: `+` where the rule acts.
static void ask_often(char *out, size_t count, struct faults *faults, int id) {
    struct event_session known = {.id = (uint64_t)id, .started_unix_ns = NS_PER_S};
    struct fault_session *session = fault_session_new(faults, &known);
    for (size_t i = 0; i < count; i++) {
        out[i] = ask(session, "RCPT", "TO:<b@example.net>", 0) ? '+' : '-';
    }
    out[count] = '\0';
    fault_session_free(session);
}

static void assert_choices(const char *rule, int id, const char *due) {
    struct bench bench;
    char got[32];
    open_with(&bench, rule, 1);
    ask_often(got, strlen(due), bench.faults, id);
    assert_string_equal(got, due);
    close_bench(&bench);
}

static void each_condition_holds_when_it_says(void **state) {
    (void)state;
    assert_choices("RCPT: 550 no", 1, "+++");
    assert_choices("MAIL: 550 no", 1, "---");
    assert_choices("*: 550 no", 1, "+++");
    assert_choices("RCPT #2: 550 no", 1, "-+--");
    assert_choices("RCPT #2-3: 550 no", 1, "-++-");
    assert_choices("RCPT #3-: 550 no", 1, "--++");
    assert_choices("RCPT session 2: 550 no", 1, "--");
    assert_choices("RCPT session 2: 550 no", 2, "++");
    assert_choices("RCPT session 2-3: 550 no", 3, "++");
    assert_choices("RCPT session 2-3: 550 no", 4, "--");
    assert_choices("RCPT ~ b@: 550 no", 1, "++");
    assert_choices("RCPT ~ ^b@: 550 no", 1, "--");
    assert_choices("RCPT 0%: 550 no", 1, "-----");
    assert_choices("RCPT 100%: 550 no", 1, "+++++");
    assert_choices("RCPT ~ b@ #2 session 1: 550 no", 1, "-+-");
    assert_choices("RCPT over 2/60s: 550 no", 1, "--++");
}

static void the_number_counts_all_of_the_point(void **state) {
    (void)state;
    struct bench bench;
    struct event_session known = {.id = 1};
    open_with(&bench, "RCPT ~ c@ #2: 550 no", 1);
    struct fault_session *session = fault_session_new(bench.faults, &known);
    assert_false(ask(session, "RCPT", "TO:<b@example.net>", 0));
    assert_false(ask(session, "MAIL", "FROM:<c@example.net>", 0));
    assert_true(ask(session, "rcpt", "TO:<c@example.net>", 0));
    assert_false(ask(session, "RCPT", "TO:<c@example.net>", 0));
    fault_session_free(session);
    close_bench(&bench);
}

static void only_the_last_seconds_count(void **state) {
    (void)state;
    struct bench bench;
    struct event_session first = {.id = 1, .started_unix_ns = NS_PER_S};
    struct event_session second = {.id = 2, .started_unix_ns = 9 * NS_PER_S};
    open_with(&bench, "MAIL over 2/10s: 421 no", 1);
    struct fault_session *one = fault_session_new(bench.faults, &first);
    struct fault_session *other = fault_session_new(bench.faults, &second);
    assert_false(ask(one, "MAIL", "", 0));              // at 1 s
    assert_false(ask(one, "MAIL", "", 2 * NS_PER_S));   // at 3 s
    assert_true(ask(other, "MAIL", "", 0));             // at 9 s: the third in 10 s
    assert_true(ask(other, "MAIL", "", 4 * NS_PER_S));  // at 13 s: 3 s is just within
    assert_false(ask(one, "MAIL", "", 20 * NS_PER_S));  // at 21 s: 9 s is not
    assert_true(ask(other, "MAIL", "", 13 * NS_PER_S)); // at 22 s: 13, 21, 22
    fault_session_free(one);
    fault_session_free(other);
    close_bench(&bench);
}

static void chance_depends_on_seed_and_session_alone(void **state) {
    (void)state;
    struct bench bench;
    struct bench again;
    struct bench other;
    char one[32];
    char two[32];
    open_with(&bench, "RCPT 50%: 550 no", 7);
    open_with(&again, "RCPT 50%: 550 no", 7);
    open_with(&other, "RCPT 50%: 550 no", 8);
    ask_often(one, 30, bench.faults, 1);
    ask_often(two, 30, again.faults, 5); // another session before it changes nothing
    assert_string_not_equal(one, two);
    ask_often(two, 30, again.faults, 1);
    assert_string_equal(one, two);
    ask_often(two, 30, other.faults, 1);
    assert_string_not_equal(one, two);
    close_bench(&bench);
    close_bench(&again);
    close_bench(&other);
}

static void the_first_that_holds_acts_and_all_count(void **state) {
    (void)state;
    struct bench bench = {0};
    struct event_session known = {.id = 1};
    struct fault_occasion occasion = {.point = FAULT_COMMAND, .verb = SLICE("RCPT")};
    add(&bench, "RCPT #2: 550 first");
    add(&bench, "RCPT #2-: 550 second");
    bench.faults = faults_new(bench.rules, bench.count, 1);
    struct fault_session *session = fault_session_new(bench.faults, &known);
    assert_null(fault_session_decide(session, &occasion));
    assert_ptr_equal(fault_session_decide(session, &occasion), &bench.rules[0]);
    assert_ptr_equal(fault_session_decide(session, &occasion), &bench.rules[1]);
    assert_false(faults_have_acted(bench.faults, &bench.rules[0]));
    fault_session_note_acted(session, &bench.rules[0]);
    assert_true(faults_have_acted(bench.faults, &bench.rules[0]));
    fault_session_free(session);
    close_bench(&bench);
}

static void what_is_foreseen_comes_and_counts_nothing(void **state) {
    (void)state;
    static const char *const rules[] = {"MAIL 50%: 421 no", "MAIL session 2: 421 no",
                                        "MAIL over 2/10s: 421 no"};
    struct fault_occasion occasion = {.point = FAULT_COMMAND, .verb = SLICE("MAIL")};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct bench bench;
        open_with(&bench, rules[i], 3);
        unsigned acted = 0;
        for (uint64_t id = 1; id <= 20; id++) {
            struct event_session known = {.id = id, .started_unix_ns = NS_PER_S};
            const struct fault_rule *foreseen = faults_foresee(bench.faults, &known, &occasion);
            struct fault_session *session = fault_session_new(bench.faults, &known);
            assert_ptr_equal(fault_session_decide(session, &occasion), foreseen);
            acted += foreseen != NULL;
            fault_session_free(session);
        }
        assert_in_range(acted, 1, 19);
        close_bench(&bench);
    }
}

static void switched_off_they_count_and_do_not_act(void **state) {
    (void)state;
    struct bench bench;
    struct event_session known = {.id = 1};
    open_with(&bench, "RCPT #2: 550 no", 1);
    struct fault_session *session = fault_session_new(bench.faults, &known);
    faults_switch(bench.faults, false);
    assert_false(ask(session, "RCPT", "", 0));
    assert_false(faults_are_on(bench.faults));
    faults_switch(bench.faults, true);
    assert_true(ask(session, "RCPT", "", 0));
    fault_session_free(session);
    close_bench(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition_holds_when_it_says),
        cmocka_unit_test(the_number_counts_all_of_the_point),
        cmocka_unit_test(only_the_last_seconds_count),
        cmocka_unit_test(chance_depends_on_seed_and_session_alone),
        cmocka_unit_test(the_first_that_holds_acts_and_all_count),
        cmocka_unit_test(what_is_foreseen_comes_and_counts_nothing),
        cmocka_unit_test(switched_off_they_count_and_do_not_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
