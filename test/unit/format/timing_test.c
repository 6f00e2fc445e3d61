// SPDX-License-Identifier: MIT
#include "format/timing.h"

#include "base/limits.h"
#include "support/sample.h"
#include "transcript/message_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct sample sample;
    struct record *record;
    struct message_log *messages;
    struct timing timing;
    struct buf out;
};

static void take(void *context, const struct event *event) {
    struct fixture *fixture = context;
    message_log_take(fixture->messages, event);
    record_take_logged(fixture->record, event, fixture->messages);
}

static int setup(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.record = record_new(NULL),
                               .messages = message_log_new(BODY_HEADERS, NULL)};
    buf_init(&fixture.out, 1 << 20);
    sample_init(&fixture.sample, (struct event_sink){take, &fixture});
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    timing_cleanup(&fixture->timing);
    record_free(fixture->record);
    message_log_free(fixture->messages);
    buf_cleanup(&fixture->out);
    return 0;
}

static struct sample *at(struct fixture *fixture, int64_t ms) {
    fixture->sample.at_us = ms * 1000;
    return &fixture->sample;
}

static void begin(struct fixture *fixture) {
    sample_connect(at(fixture, 10));
    sample_reply(at(fixture, 20), 0, "220 smtp.example.com ESMTP");
}

static void end(struct fixture *fixture, int64_t ms, enum party by, enum outcome outcome) {
    sample_close(at(fixture, ms), by, outcome, NULL);
    timing_init(&fixture->timing, fixture->record);
}

static void expect_sums(const struct fixture *fixture, int64_t server_ms, int64_t client_ms,
                        int64_t proxy_ms) {
    assert_int_equal(fixture->timing.sums_ns[PARTY_SERVER], server_ms * NS_PER_MS);
    assert_int_equal(fixture->timing.sums_ns[PARTY_CLIENT], client_ms * NS_PER_MS);
    assert_int_equal(fixture->timing.sums_ns[PARTY_PROXY], proxy_ms * NS_PER_MS);
    assert_int_equal(fixture->timing.sums_ns[PARTY_NONE], 0);
}

// How long the step, from 0, waited for `who`.
static void expect_step(const struct fixture *fixture, size_t step, enum party who, int64_t ms) {
    int64_t spent_ns = 0;
    assert_true(step < fixture->timing.step_count);
    for (size_t i = 0; i < fixture->timing.segment_count; i++) {
        const struct timing_segment *segment = &fixture->timing.segments[i];
        spent_ns +=
            segment->step == step && segment->who == who ? segment->to_ns - segment->from_ns : 0;
    }
    assert_int_equal(spent_ns, ms * NS_PER_MS);
}

static void write_out(void *context, struct slice lines) {
    struct fixture *fixture = context;
    buf_put(&fixture->out, lines);
}

static void a_session_is_drawn_to_scale(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    sample_command(at(fixture, 30), 1, "EHLO client.example.com");
    sample_reply(at(fixture, 70), 1, "250 smtp.example.com");
    sample_command(at(fixture, 71), 2, "QUIT");
    sample_reply(at(fixture, 90), 2, "221 bye");
    end(fixture, 100, PARTY_SERVER, OUTCOME_COMPLETED);
    timing_write(fixture->record, 0, write_out, fixture);
    buf_put_byte(&fixture->out, 0);
    assert_string_equal(
        buf_slice(&fixture->out).data,
        "Session 1: python3 to smtp.example.com, completed, 100 ms\n"
        "waiting for the server (S) 89.0 ms, 89 %; for the client (C) 11.0 ms, 11 %; "
        "the proxy itself (P) 0.00 ms, 0 %\n"
        "step                reply         from   server   client    proxy\n"
        "connect                        0.00 ms  10.0 ms                   |SSS                    "
        "         |\n"
        "greeting            220        10.0 ms  10.0 ms                   |   SSS                 "
        "         |\n"
        "EHLO                250        20.0 ms  40.0 ms  10.0 ms          |      CCCSSSSSSSSSSSSS "
        "         |\n"
        "QUIT                221        70.0 ms  19.0 ms  1.00 ms          |                      "
        "SSSSSS    |\n"
        "close               by server  90.0 ms  10.0 ms                   |                       "
        "     SSSS|\n"
        "\n");
}

static void pipelined_commands_lie_over_one_another(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    sample_command(at(fixture, 30), 1, "MAIL FROM:<a@example.com>");
    sample_command(at(fixture, 31), 2, "RCPT TO:<b@example.net>");
    sample_reply(at(fixture, 50), 1, "250 ok");
    sample_reply(at(fixture, 60), 2, "250 ok");
    end(fixture, 65, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED);
    expect_step(fixture, 2, PARTY_SERVER, 20);
    expect_step(fixture, 3, PARTY_SERVER, 29);
    expect_sums(fixture, 50, 15, 0);
}

// The second message is the first one of DATA: which exchange a text belongs to is not its number.
static void bdat_and_data_each_have_their_own_text(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    sample_command(at(fixture, 30), 1, "BDAT 5 LAST");
    sample_message_text(at(fixture, 40), 1, "hello");
    sample_reply(at(fixture, 45), 1, "250 ok");
    sample_command(at(fixture, 46), 2, "DATA");
    sample_reply(at(fixture, 50), 2, "354 go on");
    sample_message_text(at(fixture, 80), 2, "X: 1\r\n\r\nhello\r\n.\r\n");
    sample_final(at(fixture, 87), 2, "250 2.0.0 ok");
    end(fixture, 87, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED);
    expect_step(fixture, 2, PARTY_CLIENT, 20); // 10 before it, 10 of text
    expect_step(fixture, 2, PARTY_SERVER, 5);
    expect_step(fixture, 3, PARTY_CLIENT, 31);
    expect_step(fixture, 3, PARTY_SERVER, 11);
    expect_sums(fixture, 36, 51, 0);
}

static void lmtp_owes_an_answer_for_each_recipient(void **state) {
    struct fixture *fixture = *state;
    struct sample_reply reply;
    begin(fixture);
    sample_command(at(fixture, 20), 1, "DATA");
    sample_reply(at(fixture, 30), 1, "354 go on");
    sample_message_text(at(fixture, 40), 1, "X: 1\r\n\r\nhello\r\n.\r\n");
    for (int i = 0; i < 2; i++) {
        sample_reply_make(&reply, at(fixture, 50 + 10 * i), 1, i == 0 ? "250 ok" : "452 full");
        reply.event.reply.final = true;
        reply.event.reply.recipient = i == 0 ? SLICE("b@example.net") : SLICE("c@example.net");
        sample_send(&fixture->sample, &reply.event);
    }
    end(fixture, 70, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED);
    assert_int_equal(fixture->timing.steps[2].code, 452);
    expect_step(fixture, 2, PARTY_SERVER, 30);
    expect_sums(fixture, 50, 20, 0);
}

static void a_handshake_is_its_peers(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    sample_command(at(fixture, 20), 1, "STARTTLS");
    sample_reply(at(fixture, 30), 1, "220 go ahead");
    fixture->sample.at_us = 35000; // 1.8 ms each
    sample_tls(&fixture->sample, SIDE_SERVER);
    fixture->sample.at_us = 36800;
    sample_tls(&fixture->sample, SIDE_CLIENT);
    sample_close(&fixture->sample, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED, NULL);
    timing_init(&fixture->timing, fixture->record);
    assert_string_equal(fixture->timing.steps[3].label, "TLS with the server");
    assert_string_equal(fixture->timing.steps[4].label, "TLS with the client");
    assert_int_equal(fixture->timing.sums_ns[PARTY_SERVER], 31800 * NS_PER_US);
    assert_int_equal(fixture->timing.sums_ns[PARTY_CLIENT], 5000 * NS_PER_US);
}

static void what_the_proxy_says_is_its_own(void **state) {
    struct fixture *fixture = *state;
    struct sample_reply reply;
    begin(fixture);
    struct event command = sample_command_event(at(fixture, 25), 1, "EHLO [127.0.0.1]");
    command.command.by_proxy = true;
    sample_send(&fixture->sample, &command);
    sample_reply(at(fixture, 30), 1, "250 ok");
    sample_command(at(fixture, 40), 2, "STARTTLS");
    sample_reply_make(&reply, at(fixture, 47), 2, "502 5.5.1 no");
    reply.event.reply.by_proxy = true;
    sample_send(&fixture->sample, &reply.event);
    end(fixture, 47, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED);
    assert_int_equal(fixture->timing.sums_ns[PARTY_PROXY], 12 * NS_PER_MS);
}

static void who_closes_is_not_who_was_waited_for(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    sample_command(at(fixture, 30), 1, "EHLO client.example.com");
    end(fixture, 90, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED); // the client gave up
    assert_string_equal(fixture->timing.steps[3].detail, "by client");
    expect_step(fixture, 3, PARTY_SERVER, 60);
    expect_sums(fixture, 80, 10, 0);
}

static void a_close_by_nobody_is_counted(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    end(fixture, 90, PARTY_NONE, OUTCOME_TIMEOUT);
    assert_null(fixture->timing.steps[2].detail);
    expect_sums(fixture, 20, 70, 0);
}

static void a_session_without_a_moment_has_no_step(void **state) {
    struct fixture *fixture = *state;
    end(fixture, 0, PARTY_NONE, OUTCOME_PROXY_STOPPED);
    assert_int_equal(fixture->timing.step_count, 0);
    timing_write(fixture->record, 1, write_out, fixture);
    assert_true(buf_len(&fixture->out) > 0);
}

static bool is_drawn(struct fixture *fixture, const char *text) {
    return slice_find(buf_slice(&fixture->out), slice_of_string(text)) != SLICE_NONE;
}

static void long_times_are_in_seconds_and_minutes(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    sample_command(at(fixture, 20), 1, "AUTH LOGIN");
    sample_reply(at(fixture, 1270), 1, "334 VXNlcm5hbWU6");
    sample_continuation(at(fixture, 1270), 2, "********");
    sample_reply(at(fixture, 13570), 2, "535 no");
    sample_reply(at(fixture, 13570), EVENT_NO_EXCHANGE, "421 bye");
    end(fixture, 139070, PARTY_SERVER, OUTCOME_SERVER_CLOSED);
    timing_write(fixture->record, 0, write_out, fixture);
    assert_true(is_drawn(fixture, "server-closed, 2:19 min\n"));
    assert_true(is_drawn(fixture, "\nAUTH                334        20.0 ms   1.25 s "));
    assert_true(is_drawn(fixture, "\nSASL line           535         1.27 s   12.3 s "));
    assert_true(is_drawn(fixture, "\nunasked reply       421         13.6 s "));
    assert_true(is_drawn(fixture, "\nclose               by server   13.6 s          2:06 min  "));
}

static void a_session_of_many_steps_is_written_whole(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS = 2000 };
    begin(fixture);
    for (int i = 1; i <= STEPS; i++) {
        sample_command(at(fixture, 20 + i), i, "NOOP");
        sample_reply(at(fixture, 20 + i), i, "250 ok");
    }
    end(fixture, 3000, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED);
    timing_write(fixture->record, 0, write_out, fixture);
    size_t rows = 0;
    for (struct slice rest = buf_slice(&fixture->out); rest.len > 0;) {
        rows += slice_starts_with(slice_split(&rest, '\n'), SLICE("NOOP")) ? 1 : 0;
    }
    assert_int_equal(rows, STEPS);
}

static void names_cannot_move_a_terminal(void **state) {
    struct fixture *fixture = *state;
    fixture->sample.session.client.program = "a\x1b[2Jb";
    begin(fixture);
    sample_command(at(fixture, 30), 1, "\x1b]0;owned\x07 and a verb far too long to show");
    end(fixture, 31, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED);
    timing_write(fixture->record, 80, write_out, fixture);
    assert_int_equal(slice_find_byte(buf_slice(&fixture->out), 0x1b), SLICE_NONE);
    assert_int_equal(slice_find_byte(buf_slice(&fixture->out), 0x07), SLICE_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_drawn_to_scale),
        TEST(pipelined_commands_lie_over_one_another),
        TEST(bdat_and_data_each_have_their_own_text),
        TEST(lmtp_owes_an_answer_for_each_recipient),
        TEST(a_handshake_is_its_peers),
        TEST(what_the_proxy_says_is_its_own),
        TEST(who_closes_is_not_who_was_waited_for),
        TEST(a_close_by_nobody_is_counted),
        TEST(a_session_without_a_moment_has_no_step),
        TEST(long_times_are_in_seconds_and_minutes),
        TEST(a_session_of_many_steps_is_written_whole),
        TEST(names_cannot_move_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
