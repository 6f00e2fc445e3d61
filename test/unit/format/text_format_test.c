// SPDX-License-Identifier: MIT
#include "format/text_format.h"

#include "support/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct sample sample;
    struct text_writer writer;
    struct buf out;
};

static void take(void *context, const struct event *event) {
    struct fixture *fixture = context;
    text_put_event(&fixture->out, &fixture->writer, event);
}

static int setup(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.writer = {.body = BODY_HEADERS}};
    buf_init(&fixture.out, 1 << 20);
    sample_init(&fixture.sample, (struct event_sink){take, &fixture});
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    buf_cleanup(&fixture->out);
    return 0;
}

#define PREFIX "2026-11-22T15:03:11.586Z 4242 1 "

static void expect(struct fixture *fixture, const char *text) {
    buf_put_byte(&fixture->out, 0);
    assert_string_equal(buf_slice(&fixture->out).data, text);
    buf_clear(&fixture->out);
}

static void a_session_reads_as_the_contract_shows(void **state) {
    struct fixture *fixture = *state;
    sample_session(&fixture->sample);
    expect(fixture, PREFIX
           "### Connected to 'smtp.example.com' (192.0.2.7) on port 587\n"
           "2026-11-22T15:03:11.594Z 4242 1 S < \"220 smtp.example.com ESMTP\"\n"
           "2026-11-22T15:03:11.594Z 4242 1 C > \"EHLO [192.168.18.9]\"\n"
           "2026-11-22T15:03:11.604Z 4242 1 S < \"250-smtp.example.com\"\n"
           "2026-11-22T15:03:11.604Z 4242 1 S < \"250-SIZE 35882577\"\n"
           "2026-11-22T15:03:11.604Z 4242 1 S < \"250 STARTTLS\"\n"
           "2026-11-22T15:03:11.604Z 4242 1 C > \"STARTTLS\"\n"
           "2026-11-22T15:03:11.604Z 4242 1 S < \"220 go ahead\"\n"
           "2026-11-22T15:03:11.606Z 4242 1 ### TLS with the server: TLSv1.3 "
           "TLS_AES_128_GCM_SHA256, SNI smtp.example.com, certificate not verified: certificate "
           "has expired\n"
           "2026-11-22T15:03:11.606Z 4242 1 ### TLS with the client: TLSv1.3 "
           "TLS_AES_128_GCM_SHA256, SNI smtp.example.com\n"
           "2026-11-22T15:03:11.607Z 4242 1 C > \"AUTH PLAIN ********\"\n"
           "2026-11-22T15:03:11.607Z 4242 1 S < \"535 no\"\n"
           "2026-11-22T15:03:11.607Z 4242 1 ### AUTH PLAIN failed with 535\n"
           "2026-11-22T15:03:11.616Z 4242 1 C > \"DATA\"\n"
           "2026-11-22T15:03:11.616Z 4242 1 S < \"354 go on\"\n"
           "2026-11-22T15:03:11.616Z 4242 1 ### a note\n"
           "2026-11-22T15:03:11.617Z 4242 1 !!! error bare-lf: a line ends in LF (RFC 5321 2.3.8)\n"
           "2026-11-22T15:03:11.617Z 4242 1 C > \"Subject: =?utf-8?q?H=C3=A9?=\"\n"
           "2026-11-22T15:03:11.617Z 4242 1 C > \"X: 1\"\n"
           "2026-11-22T15:03:11.617Z 4242 1 C > (message 1: 2345 bytes, 61 lines)\n"
           "2026-11-22T15:03:11.626Z 4242 1 S < \"250 2.0.0 ok\"\n"
           "2026-11-22T15:03:11.626Z 4242 1 C > \"QUIT\"\n"
           "2026-11-22T15:03:11.626Z 4242 1 S < \"221 bye\"\n"
           "2026-11-22T15:03:12.242Z 4242 1 ### Connection closed by the client\n");
}

static void wire_bytes_are_escaped(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "NOOP \"a\\b\" \x01\x1b[2J\x7f\xC2\x9B \xC3\xA9 \xFF");
    expect(fixture,
           PREFIX "C > \"NOOP \\\"a\\\\b\\\" \\x01\\x1B[2J\\x7F\\xC2\\x9B \xC3\xA9 \\xFF\"\n");
}

static void findings_and_errors_cannot_forge_a_line(void **state) {
    struct fixture *fixture = *state;
    sample_finding(&fixture->sample, SEVERITY_WARNING, "the name is \"a\nb\x1b\"");
    sample_close(&fixture->sample, PARTY_SERVER, OUTCOME_SERVER_CLOSED, "it said \"\r\n\"");
    expect(fixture,
           PREFIX "!!! warning bare-lf: the name is \"a\\x0Ab\\x1B\" (RFC 5321 2.3.8)\n" PREFIX
                  "### Connection closed by the server: it said \"\\x0D\\x0A\"\n");
}

static void a_finding_without_a_reference_has_no_parentheses(void **state) {
    struct fixture *fixture = *state;
    struct event event = {
        .kind = EVENT_FINDING,
        .finding = {.rule = "slow-reply", .severity = SEVERITY_INFO, .text = SLICE("it took 6 s")}};
    sample_send(&fixture->sample, &event);
    expect(fixture, PREFIX "!!! info slow-reply: it took 6 s\n");
}

static void a_cut_line_says_its_length(void **state) {
    struct fixture *fixture = *state;
    struct event event = sample_command_event(&fixture->sample, 1, "NOOP aaa");
    event.command.line.len = 5005;
    sample_send(&fixture->sample, &event);
    expect(fixture, PREFIX "C > \"NOOP aaa\" (5005 bytes)\n");
}

static void the_proxys_own_lines_are_marked(void **state) {
    struct fixture *fixture = *state;
    struct event event = sample_command_event(&fixture->sample, 1, "EHLO [127.0.0.1]");
    event.command.by_proxy = true;
    sample_send(&fixture->sample, &event);
    struct sample_reply reply;
    sample_reply_make(&reply, &fixture->sample, 0, "421 4.4.1 no");
    reply.event.reply.by_proxy = true;
    sample_send(&fixture->sample, &reply.event);
    expect(fixture, PREFIX "P > \"EHLO [127.0.0.1]\"\n" PREFIX "P < \"421 4.4.1 no\"\n");
}

static void body_full_shows_all_lines_as_sent_and_none_shows_none(void **state) {
    struct fixture *fixture = *state;
    fixture->writer.body = BODY_FULL;
    sample_message_text(&fixture->sample, 1, "A: 1\r\n\r\n..x\r\n.\r\n");
    expect(fixture, PREFIX "C > \"A: 1\"\n" PREFIX "C > \"\"\n" PREFIX "C > \"..x\"\n" PREFIX
                           "C > \".\"\n" PREFIX "C > (message 1: 2345 bytes, 61 lines)\n");
    fixture->writer.body = BODY_NONE;
    sample_message_text(&fixture->sample, 2, "A: 1\r\n\r\n..x\r\n.\r\n");
    expect(fixture, PREFIX "C > (message 2: 2345 bytes, 61 lines)\n");
}

static void at_most_1000_fields_of_each_header_are_shown(void **state) {
    struct fixture *fixture = *state;
    struct event event = {.kind = EVENT_TEXT, .text = {.header = true}};
    event.text.line = (struct event_line){.text = SLICE("A: b"), .len = 4};
    for (int message = 1; message <= 2; message++) {
        event.text.message = message;
        for (int i = 0; i < 1001; i++) {
            sample_send(&fixture->sample, &event);
        }
        assert_int_equal(buf_len(&fixture->out), 1000 * strlen(PREFIX "C > \"A: b\"\n"));
        buf_clear(&fixture->out);
    }
}

static void a_failed_handshake_says_why(void **state) {
    struct fixture *fixture = *state;
    struct event event = {.kind = EVENT_TLS,
                          .tls = {.side = SIDE_CLIENT, .error = "the client sent an alert"}};
    sample_send(&fixture->sample, &event);
    expect(fixture, PREFIX "### TLS with the client failed: the client sent an alert\n");
}

static void who_logged_in_is_shown_where_the_mask_lets_it(void **state) {
    struct fixture *fixture = *state;
    struct event event = {.kind = EVENT_AUTH,
                          .auth = {.mechanism = SLICE("PLAIN"),
                                   .identity = SLICE("alice"),
                                   .outcome = AUTH_SUCCEEDED,
                                   .code = 235}};
    sample_send(&fixture->sample, &event);
    expect(fixture, PREFIX "### AUTH PLAIN succeeded, user=alice\n");
}

static void lost_and_paused_are_of_session_0(void **state) {
    struct fixture *fixture = *state;
    int64_t unix_ns = fixture->sample.session.started_unix_ns;
    struct event lost = {
        .kind = EVENT_LOST, .at_ns = unix_ns, .lost = {.count = 3, .reason = SLICE("disk full")}};
    struct event paused = {.kind = EVENT_PAUSED,
                           .at_ns = unix_ns,
                           .paused = {.from_unix_ns = unix_ns - 1000000, .to_unix_ns = unix_ns}};
    text_put_event(&fixture->out, &fixture->writer, &lost);
    text_put_event(&fixture->out, &fixture->writer, &paused);
    expect(fixture, "2026-11-22T15:03:11.586Z 0 0 ### 3 lines were lost: disk full\n"
                    "2026-11-22T15:03:11.586Z 0 0 ### Recording was paused from "
                    "2026-11-22T15:03:11.585Z to 2026-11-22T15:03:11.586Z\n");
}

static void colour_only_where_it_is_wanted(void **state) {
    struct fixture *fixture = *state;
    fixture->writer.color = true;
    sample_command(&fixture->sample, 1, "NOOP");
    expect(fixture, PREFIX "\x1b[36mC > \"NOOP\"\x1b[0m\n");
}

static void quiet_leaves_what_went_wrong(void **state) {
    struct fixture *fixture = *state;
    fixture->writer.quiet = true;
    sample_connect(&fixture->sample);
    sample_command(&fixture->sample, 1, "NOOP");
    sample_finding(&fixture->sample, SEVERITY_INFO, "a text");
    sample_close(&fixture->sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    sample_close(&fixture->sample, PARTY_SERVER, OUTCOME_SERVER_CLOSED, "a reason");
    expect(fixture, PREFIX "!!! info bare-lf: a text (RFC 5321 2.3.8)\n" PREFIX
                           "### Connection closed by the server: a reason\n");
}

static void send_failure(struct fixture *fixture, const char *cause, const char *likely) {
    struct event finding = {
        .kind = EVENT_FINDING,
        .finding = {.rule = "session-failed", .text = slice_of_string("The server is down")}};
    struct event close = {.kind = EVENT_CLOSE,
                          .close = {.by = PARTY_SERVER,
                                    .error = slice_of_string(cause),
                                    .likely = slice_of_string(likely)}};
    sample_send(&fixture->sample, &finding);
    sample_send(&fixture->sample, &close);
}

static void a_screen_says_a_cause_once(void **state) {
    struct fixture *fixture = *state;
    struct said said = {0};
    fixture->writer.said = &said;
    send_failure(fixture, "no connection: the server is down", "the server is down");
    expect(fixture, PREFIX "!!! info session-failed: The server is down\n" PREFIX
                           "### Most likely: what session-failed says above\n" PREFIX
                           "### Connection closed by the server\n");
    send_failure(fixture, "it has no room", "It has no room");
    expect(fixture, PREFIX "!!! info session-failed: The server is down\n" PREFIX
                           "### Most likely: It has no room\n" PREFIX
                           "### Connection closed by the server\n");
    send_failure(fixture, "it has no time", "it has no money");
    expect(fixture, PREFIX "!!! info session-failed: The server is down\n" PREFIX
                           "### Most likely: it has no money\n" PREFIX
                           "### Connection closed by the server: it has no time\n");
}

static void a_file_says_it_wherever_it_belongs(void **state) {
    struct fixture *fixture = *state;
    send_failure(fixture, "the server is down", "The server is down");
    expect(fixture, PREFIX "!!! info session-failed: The server is down\n" PREFIX
                           "### Most likely: The server is down\n" PREFIX
                           "### Connection closed by the server: the server is down\n");
}

static void what_another_session_said_is_not_said(void **state) {
    struct fixture *fixture = *state;
    struct said said = {0};
    fixture->writer.said = &said;
    said_add(&said, 7, SLICE("The server is away"), "session-failed");
    send_failure(fixture, "the server is away", "The server is away");
    expect(fixture, PREFIX "!!! info session-failed: The server is down\n" PREFIX
                           "### Most likely: The server is away\n" PREFIX
                           "### Connection closed by the server\n");
}

static void a_server_without_a_name_is_its_address(void **state) {
    struct fixture *fixture = *state;
    fixture->sample.session.server.host = NULL;
    sample_connect(&fixture->sample);
    expect(fixture, PREFIX "### Connected to 192.0.2.7 on port 587\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_session_reads_as_the_contract_shows),
        TEST(wire_bytes_are_escaped),
        TEST(findings_and_errors_cannot_forge_a_line),
        TEST(a_finding_without_a_reference_has_no_parentheses),
        TEST(a_cut_line_says_its_length),
        TEST(the_proxys_own_lines_are_marked),
        TEST(body_full_shows_all_lines_as_sent_and_none_shows_none),
        TEST(at_most_1000_fields_of_each_header_are_shown),
        TEST(a_failed_handshake_says_why),
        TEST(who_logged_in_is_shown_where_the_mask_lets_it),
        TEST(lost_and_paused_are_of_session_0),
        TEST(colour_only_where_it_is_wanted),
        TEST(quiet_leaves_what_went_wrong),
        TEST(a_screen_says_a_cause_once),
        TEST(a_file_says_it_wherever_it_belongs),
        TEST(what_another_session_said_is_not_said),
        TEST(a_server_without_a_name_is_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
