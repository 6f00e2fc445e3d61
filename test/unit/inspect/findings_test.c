// SPDX-License-Identifier: MIT
// What holds for all rules: how often they speak, and what their texts may not hold; and the rules
// about time and the close.
#include "findings_fixture.h"

#include "inspect/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE         (60 * NS_PER_S)
#define QUOTE_TEST_LEN 300
#define SECRET         "AHRvbnlAZXhhbXBsZS5jb20AaHVudGVyMg=="

static int setup(void **state) {
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture_begin(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    fixture_cleanup(*state);
    return 0;
}

static void greet_and_hello(struct fixture *fixture) {
    fixture_greet(fixture);
    fixture_command(fixture, VERB_EHLO, "EHLO host.example.com");
    fixture_reply(fixture, VERB_EHLO, 250, "mail.example.com");
}

static void table_is_whole(void **state) {
    (void)state;
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        assert_non_null(info->id);
        assert_true(strlen(info->explanation) > 20);
        assert_true(info->mildest <= info->severity);
        assert_int_equal(rule_find(slice_of_string(info->id)), rule);
    }
    assert_int_equal(rule_find(SLICE("bare")), RULE_COUNT);
}

static size_t count_of(const char *log, const char *needle) {
    size_t count = 0;
    for (const char *at = strstr(log, needle); at != NULL; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

static void ten_of_a_rule_and_a_total(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    for (int i = 0; i < 12; i++) {
        fixture_command(fixture, VERB_NOOP, "NOOP ");
        fixture_reply(fixture, VERB_NOOP, 250, "ok");
    }
    assert_int_equal(count_of(fixture_log(fixture), "trailing-space"), 10);
    fixture_close(fixture, PARTY_PROXY);
    assert_int_equal(count_of(fixture_log(fixture), "trailing-space"), 11);
    assert_non_null(strstr(fixture_log(fixture), "info trailing-space client -1 0\n"));
    assert_non_null(strstr(fixture_texts(fixture), " 12 times"));
}

static void exactly_ten_need_no_total(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    for (int i = 0; i < 10; i++) {
        fixture_command(fixture, VERB_NOOP, "NOOP ");
        fixture_reply(fixture, VERB_NOOP, 250, "ok");
    }
    fixture_close(fixture, PARTY_PROXY);
    assert_int_equal(count_of(fixture_log(fixture), "trailing-space"), 10);
}

// ── secrets ─────────────────────────────────────────────────────────────────────────────────────

static void no_text_holds_a_secret(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    struct slice line = SLICE("AUTH PLAIN " SECRET " ");
    event.command.exchange = 2;
    event.command.line = (struct event_line){.text = line,
                                             .len = 9999,
                                             .ending = ENDING_LF,
                                             .has_bare_cr = true,
                                             .has_nul = true,
                                             .has_8bit = true,
                                             .secrets = {{11, line.len - 11}},
                                             .secret_count = 1};
    event.command.pipelined = true;
    event.command.offered = &fixture->offered;
    event.command.command.verb = VERB_AUTH;
    event.command.command.name = SLICE("AUTH");
    event.command.command.mechanism = SLICE("PLAIN");
    event.command.command.initial = SLICE(SECRET);
    fixture_tell(fixture, event);
    event.command.command = (struct command){.verb = VERB_NONE};
    event.command.line.text = SLICE(SECRET);
    event.command.continuation = true;
    fixture_tell(fixture, event);
    event.command.continuation = false;
    event.command.concealed = true;
    fixture_tell(fixture, event);
    assert_non_null(strstr(fixture_log(fixture), "auth-in-clear"));
    assert_non_null(strstr(fixture_log(fixture), "bare-lf"));
    assert_non_null(strstr(fixture_log(fixture), "pipelining-not-offered"));
    assert_null(strstr(fixture_texts(fixture), "AHRv"));
    assert_null(strstr(fixture_texts(fixture), "MTIz"));
}

static void a_cut_echo_is_not_quoted(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture_command(fixture, VERB_AUTH, "AUTH LOGIN");
    char echo[QUOTE_TEST_LEN];
    memset(echo, 'x', sizeof(echo) - 1);
    echo[sizeof(echo) - 1] = '\0';
    struct event_reply_line line = {
        .line = {.text = slice_of_string(echo), .len = sizeof(echo) - 1, .ending = ENDING_CRLF},
        .malformed = true};
    struct event event = {.kind = EVENT_REPLY};
    event.reply = (struct event_reply){.to = EVENT_NO_EXCHANGE, .lines = &line, .line_count = 1};
    fixture_tell(fixture, event);
    assert_non_null(strstr(fixture_log(fixture), "reply-malformed"));
    assert_null(strstr(fixture_texts(fixture), "xxxx"));
}

static void tell_auth(struct fixture *fixture, const char *mechanism, const char *who, int code) {
    struct event event = {.kind = EVENT_AUTH};
    event.auth = (struct event_auth){.exchange = fixture->exchange,
                                     .mechanism = slice_of_string(mechanism),
                                     .identity = slice_of_string(who),
                                     .outcome = code == 235 ? AUTH_SUCCEEDED : AUTH_FAILED,
                                     .code = code};
    fixture_tell(fixture, event);
}

static void retried_login_is_not_named_under_mask(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    tell_auth(fixture, "PLAIN", "tony", 535);
    tell_auth(fixture, "LOGIN", "tony", 535); // another mechanism
    tell_auth(fixture, "PLAIN", "tina", 454); // another identity, not refused for good
    tell_auth(fixture, "PLAIN", "tina", 235);
    assert_string_equal(fixture_log(fixture), "");
    tell_auth(fixture, "PLAIN", "tony", 535);
    assert_string_equal(fixture_log(fixture), "warning auth-retried client 1 0\n");
    assert_null(strstr(fixture_texts(fixture), "tony"));
}

static void identity_is_named_where_asked_for(void **state) {
    struct fixture *fixture = *state;
    fixture_cleanup(fixture);
    fixture_init(fixture);
    fixture->config.name_identities = true;
    fixture_begin(fixture);
    greet_and_hello(fixture);
    tell_auth(fixture, "PLAIN", "tony", 535);
    tell_auth(fixture, "PLAIN", "tony", 535);
    assert_non_null(strstr(fixture_texts(fixture), "tony"));
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────

static void slow_greeting_counts_from_the_connect(void **state) {
    struct fixture *fixture = *state;
    fixture->now_ns = 5 * NS_PER_S + 1;
    fixture_greet(fixture);
    assert_string_equal(fixture_log(fixture), "info slow-reply server 0 0\n");
}

static void as_slow_as_allowed_is_not_slow(void **state) {
    struct fixture *fixture = *state;
    fixture->now_ns = 5 * NS_PER_S;
    fixture_greet(fixture);
    assert_string_equal(fixture_log(fixture), "");
}

static void assert_gives_up(struct fixture *fixture, int64_t after_ns, const char *expected) {
    fixture->now_ns += after_ns;
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), expected);
}

static void greeting_is_worth_five_minutes(void **state) {
    assert_gives_up(*state, 5 * MINUTE - 1, "warning gave-up-early client -1 0\n");
}

static void after_five_minutes_it_may_go(void **state) {
    assert_gives_up(*state, 5 * MINUTE, "");
}

static void mail_is_worth_five_minutes(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture->now_ns = 10 * MINUTE;
    fixture_command(fixture, VERB_MAIL, "MAIL FROM:<a@example.com>");
    buf_clear(&fixture->log); // the fixture does not take the path apart
    assert_gives_up(fixture, 4 * MINUTE, "warning gave-up-early client 2 0\n");
}

static void ehlo_has_no_time_out(void **state) {
    struct fixture *fixture = *state;
    fixture_greet(fixture);
    fixture_command(fixture, VERB_EHLO, "EHLO host.example.com");
    assert_gives_up(fixture, 1, "");
}

static void tell_content_end(struct fixture *fixture, bool complete) {
    struct event event = {.kind = EVENT_CONTENT_END};
    event.content_end = (struct event_content_end){
        .message = 1, .exchange = fixture->exchange, .complete = complete, .in_text = !complete};
    fixture->progress.in_text = !complete;
    fixture_tell(fixture, event);
}

static void begin_data(struct fixture *fixture) {
    greet_and_hello(fixture);
    fixture_command(fixture, VERB_DATA, "DATA");
    fixture_reply(fixture, VERB_DATA, 354, "go on");
    buf_clear(&fixture->log); // bad-sequence
}

static void final_dot_is_worth_ten_minutes(void **state) {
    struct fixture *fixture = *state;
    begin_data(fixture);
    tell_content_end(fixture, true);
    fixture_wait(fixture,
                 (struct event_due){.exchange = 2, .verb = VERB_DATA, .final = true, .message = 1});
    fixture->now_ns += 10 * MINUTE - 1;
    fixture_close(fixture, PARTY_CLIENT);
    assert_non_null(strstr(fixture_log(fixture), "warning gave-up-early client 2 1\n"));
    assert_null(strstr(fixture_log(fixture), "no-quit"));
}

static void close_within_a_message(void **state) {
    struct fixture *fixture = *state;
    begin_data(fixture);
    fixture->now_ns += NS_PER_S;
    tell_content_end(fixture, false); // as the decoder says it at the close
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "error closed-in-data client 2 1\n");
}

static void no_quit(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "warning no-quit client -1 0\n");
}

static void quit_without_wait(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture_command(fixture, VERB_QUIT, "QUIT");
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "info quit-without-wait client 2 0\n");
}

static void quit_answered(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture_command(fixture, VERB_QUIT, "QUIT");
    fixture_reply(fixture, VERB_QUIT, 221, "bye");
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "");
}

static void server_closed(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture_close(fixture, PARTY_SERVER);
    assert_string_equal(fixture_log(fixture), "error server-closed server -1 0\n");
}

static void server_that_says_421_may_close(void **state) {
    struct fixture *fixture = *state;
    greet_and_hello(fixture);
    fixture_command(fixture, VERB_NOOP, "NOOP");
    fixture_reply(fixture, VERB_NOOP, 421, "closing");
    fixture_close(fixture, PARTY_SERVER);
    assert_string_equal(fixture_log(fixture), "");
}

static void a_connect_that_failed_is_nobodys_fault(void **state) {
    struct fixture *fixture = *state;
    fixture_cleanup(fixture);
    fixture_init(fixture);
    fixture->findings = NULL;
    fixture_begin(fixture);
    fixture_tell(fixture, (struct event){.kind = EVENT_CONNECT, .connect = {.connected = false}});
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_whole),
        TEST(ten_of_a_rule_and_a_total),
        TEST(exactly_ten_need_no_total),
        TEST(no_text_holds_a_secret),
        TEST(a_cut_echo_is_not_quoted),
        TEST(retried_login_is_not_named_under_mask),
        TEST(identity_is_named_where_asked_for),
        TEST(slow_greeting_counts_from_the_connect),
        TEST(as_slow_as_allowed_is_not_slow),
        TEST(greeting_is_worth_five_minutes),
        TEST(after_five_minutes_it_may_go),
        TEST(mail_is_worth_five_minutes),
        TEST(ehlo_has_no_time_out),
        TEST(final_dot_is_worth_ten_minutes),
        TEST(close_within_a_message),
        TEST(no_quit),
        TEST(quit_without_wait),
        TEST(quit_answered),
        TEST(server_closed),
        TEST(server_that_says_421_may_close),
        TEST(a_connect_that_failed_is_nobodys_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
