// SPDX-License-Identifier: MIT
#include "format/format.h"

#include "support/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
    struct sample sample;
    struct output output;
    struct outlet outlet;
    void *state;
};

static void take(void *context, const struct event *event) {
    struct fixture *fixture = context;
    message_log_take(fixture->outlet.messages, event);
    jsonl_format.take(fixture->state, event);
}

static int setup(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.output = {.format = &jsonl_format, .body = BODY_HEADERS}};
    fixture.outlet.output = &fixture.output;
    fixture.outlet.messages = message_log_new(BODY_HEADERS, NULL);
    buf_init(&fixture.outlet.bytes, 1 << 20);
    fixture.state = jsonl_format.session_new(&fixture.outlet);
    sample_init(&fixture.sample, (struct event_sink){take, &fixture});
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    jsonl_format.session_free(fixture->state);
    message_log_free(fixture->outlet.messages);
    buf_cleanup(&fixture->outlet.bytes);
    return 0;
}

static void expect(struct fixture *fixture, const char *text) {
    buf_put_byte(&fixture->outlet.bytes, 0);
    assert_string_equal(buf_slice(&fixture->outlet.bytes).data, text);
    buf_clear(&fixture->outlet.bytes);
}

#define HEAD(event)                                                                                \
    "\"time\":\"2026-11-22T15:03:11.586123Z\",\"pid\":4242,\"session\":1,\"event\":\"" event "\","
#define TLS_MEMBERS                                                                                \
    "\"how\":\"starttls\",\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_128_GCM_SHA256\","          \
    "\"group\":\"X25519\",\"sni\":\"smtp.example.com\",\"alpn\":null,\"resumed\":false,"

static void connect_has_client_server_and_mode(void **state) {
    struct fixture *fixture = *state;
    sample_connect(&fixture->sample);
    expect(fixture, HEAD("connect") "\"client\":{\"address\":\"127.0.0.1\",\"port\":51234,"
                                    "\"pid\":4242,\"program\":\"python3\"},"
                                    "\"server\":{\"host\":\"smtp.example.com\",\"address\":"
                                    "\"192.0.2.7\",\"port\":587},\"mode\":\"reverse\"}\n");
}

static void the_sink_has_no_server_and_unknown_values_are_null(void **state) {
    struct fixture *fixture = *state;
    fixture->sample.session.mode = MODE_SINK;
    fixture->sample.session.has_server = false;
    fixture->sample.session.client.pid = 0;
    fixture->sample.session.client.program = NULL;
    sample_connect(&fixture->sample);
    expect(fixture, "\"time\":\"2026-11-22T15:03:11.586123Z\",\"pid\":0,\"session\":1,"
                    "\"event\":\"connect\",\"client\":{\"address\":\"127.0.0.1\",\"port\":51234,"
                    "\"pid\":null,\"program\":null},\"server\":null,\"mode\":\"sink\"}\n");
}

static void tls_has_its_side_and_the_members_of_json(void **state) {
    struct fixture *fixture = *state;
    sample_tls(&fixture->sample, SIDE_CLIENT);
    expect(fixture,
           HEAD("tls") "\"side\":\"client\"," TLS_MEMBERS
                       "\"ja3\":\"0123456789abcdef0123456789abcdef\",\"ja4\":"
                       "\"t13d1516h2_8daaf6152771_b186095e22b6\",\"certificate\":null,"
                       "\"verify\":null,\"handshake_ms\":1.8,\"error\":null,\"chain\":null,"
                       "\"ocsp_stapled\":false,\"certificate_requested\":false,"
                       "\"certificate_given\":false}\n");
    sample_tls(&fixture->sample, SIDE_SERVER);
    expect(fixture,
           HEAD("tls") "\"side\":\"server\"," TLS_MEMBERS
                       "\"ja3\":null,\"ja4\":null,\"certificate\":{\"subject\":"
                       "\"CN=smtp.example.com\",\"issuer\":\"CN=Example CA\",\"names\":"
                       "[\"smtp.example.com\"],\"not_before\":\"2023-11-14T22:13:20Z\","
                       "\"not_after\":\"2024-11-14T22:13:20Z\",\"sha256\":"
                       "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
                       "\"key\":\"EC P-256\"},\"verify\":{\"ok\":false,\"error\":"
                       "\"certificate has expired\"},\"handshake_ms\":1.8,\"error\":null,"
                       "\"chain\":1,\"ocsp_stapled\":false,\"certificate_requested\":false,"
                       "\"certificate_given\":false}\n");
}

static void a_command_has_its_members(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "mail FROM:<a@example.com>");
    expect(fixture, HEAD("command") "\"exchange\":1,\"verb\":\"MAIL\",\"argument\":"
                                    "\"FROM:<a@example.com>\",\"line\":"
                                    "\"mail FROM:<a@example.com>\",\"pipelined\":false,"
                                    "\"continuation\":false}\n");
    sample_command(&fixture->sample, 2, "quit");
    expect(fixture, HEAD("command") "\"exchange\":2,\"verb\":\"QUIT\",\"argument\":null,"
                                    "\"line\":\"quit\",\"pipelined\":false,"
                                    "\"continuation\":false}\n");
    sample_command(&fixture->sample, 3, "xyz\x01 1");
    expect(fixture, HEAD("command") "\"exchange\":3,\"verb\":\"XYZ\\u0001\",\"argument\":\"1\","
                                    "\"line\":\"xyz\\u0001 1\",\"pipelined\":false,"
                                    "\"continuation\":false}\n");
    sample_continuation(&fixture->sample, 4, "********");
    expect(fixture, HEAD("command") "\"exchange\":4,\"verb\":null,\"argument\":null,"
                                    "\"line\":\"********\",\"pipelined\":false,"
                                    "\"continuation\":true}\n");
}

static void by_is_there_only_for_what_the_proxy_said(void **state) {
    struct fixture *fixture = *state;
    struct event event = sample_command_event(&fixture->sample, 1, "QUIT");
    event.command.by_proxy = true;
    sample_send(&fixture->sample, &event);
    expect(fixture, HEAD("command") "\"by\":\"proxy\",\"exchange\":1,\"verb\":\"QUIT\","
                                    "\"argument\":null,\"line\":\"QUIT\",\"pipelined\":false,"
                                    "\"continuation\":false}\n");
    struct sample_reply reply;
    sample_reply_make(&reply, &fixture->sample, EVENT_NO_EXCHANGE, "421 4.3.2 stop");
    reply.event.reply.by_proxy = true;
    reply.event.reply.enhanced = SLICE("4.3.2");
    sample_send(&fixture->sample, &reply.event);
    expect(fixture, HEAD("reply") "\"by\":\"proxy\",\"code\":421,\"enhanced\":\"4.3.2\","
                                  "\"lines\":[\"4.3.2 stop\"],\"to\":null,\"final\":false,"
                                  "\"recipient\":null}\n");
}

static void bytes_that_are_not_utf8_stand_in_base64_too(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "NOOP \xFF");
    expect(fixture, HEAD("command") "\"exchange\":1,\"verb\":\"NOOP\",\"argument\":"
                                    "\"\xEF\xBF\xBD\",\"line\":\"NOOP \xEF\xBF\xBD\","
                                    "\"line_base64\":\"Tk9PUCD/\",\"pipelined\":false,"
                                    "\"continuation\":false}\n");
    sample_reply(&fixture->sample, 1, "250-ok\n250 \xFE");
    expect(fixture, HEAD("reply") "\"code\":250,\"enhanced\":null,\"lines\":[\"ok\","
                                  "\"\xEF\xBF\xBD\"],\"lines_base64\":[null,\"/g==\"],"
                                  "\"to\":1,\"final\":false,\"recipient\":null}\n");
}

static void a_nul_is_kept_in_base64(void **state) {
    struct fixture *fixture = *state;
    struct event event = sample_command_event(&fixture->sample, 1, "NOOP");
    event.command.line.text = slice_of("NOOP\0x", 6);
    event.command.line.len = 6;
    sample_send(&fixture->sample, &event);
    expect(fixture, HEAD("command") "\"exchange\":1,\"verb\":\"NOOP\",\"argument\":null,"
                                    "\"line\":\"NOOP\xEF\xBF\xBDx\",\"line_base64\":\"Tk9PUAB4\","
                                    "\"pipelined\":false,"
                                    "\"continuation\":false}\n");
}

static void no_control_is_written_as_it_is(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "NOOP\x7F\xC2\x9B\x1B\t\xC2\xA0");
    assert_true(slice_find(buf_slice(&fixture->outlet.bytes),
                           SLICE("\"line\":\"NOOP\\u007f\\u009b\\u001b\\t\xC2\xA0\",")) !=
                SLICE_NONE);
}

static void a_cut_line_says_so(void **state) {
    struct fixture *fixture = *state;
    struct event event = sample_command_event(&fixture->sample, 1, "NOOP");
    event.command.line.len = 5005;
    sample_send(&fixture->sample, &event);
    expect(fixture, HEAD("command") "\"exchange\":1,\"verb\":\"NOOP\",\"argument\":null,"
                                    "\"line\":\"NOOP\",\"cut\":true,\"line_bytes\":5005,"
                                    "\"pipelined\":false,\"continuation\":false}\n");
    struct sample_reply reply;
    sample_reply_make(&reply, &fixture->sample, 1, "250-ok\n250 a");
    reply.lines[1].line.len = 600;
    sample_send(&fixture->sample, &reply.event);
    expect(fixture, HEAD("reply") "\"code\":250,\"enhanced\":null,\"lines\":[\"ok\",\"a\"],"
                                  "\"cut\":true,\"line_bytes\":600,\"lines_bytes\":[null,600],"
                                  "\"to\":1,\"final\":false,\"recipient\":null}\n");
}

static void an_odd_reply_keeps_what_stood_in_front_of_its_text(void **state) {
    struct fixture *fixture = *state;
    sample_reply(&fixture->sample, 1, "250-a\n251 b\nhello\n250 c");
    expect(fixture, HEAD("reply") "\"code\":250,\"enhanced\":null,\"lines\":[\"a\",\"b\","
                                  "\"hello\",\"c\"],\"prefixes\":[null,\"251 \",\"\",null],"
                                  "\"to\":1,\"final\":false,\"recipient\":null}\n");
    sample_reply(&fixture->sample, 1, "250");
    expect(fixture, HEAD("reply") "\"code\":250,\"enhanced\":null,\"lines\":[\"\"],"
                                  "\"prefixes\":[\"250\"],\"to\":1,\"final\":false,"
                                  "\"recipient\":null}\n");
}

static void auth_data_finding_and_close_have_their_members(void **state) {
    struct fixture *fixture = *state;
    struct event data = {.kind = EVENT_DATA, .data = {.message = 1, .bytes = 10000000}};
    sample_auth(&fixture->sample, AUTH_FAILED, 535);
    expect(fixture, HEAD("auth") "\"mechanism\":\"PLAIN\",\"identity\":null,\"outcome\":\"failed\","
                                 "\"code\":535}\n");
    sample_send(&fixture->sample, &data);
    expect(fixture, HEAD("data") "\"message\":1,\"bytes\":10000000}\n");
    sample_finding(&fixture->sample, SEVERITY_ERROR, "a \"b\"\n");
    expect(fixture, HEAD("finding") "\"rule\":\"bare-lf\",\"severity\":\"error\",\"side\":"
                                    "\"client\",\"exchange\":5,\"message\":null,\"text\":"
                                    "\"a \\\"b\\\"\\n\",\"reference\":\"RFC 5321 2.3.8\"}\n");
    sample_close(&fixture->sample, PARTY_PROXY, OUTCOME_TIMEOUT, "nothing came for 600 s");
    expect(fixture, HEAD("close") "\"by\":\"proxy\",\"outcome\":\"timeout\",\"error\":"
                                  "\"nothing came for 600 s\",\"duration_ms\":0}\n");
}

static void a_close_has_the_likely_cause_where_something_failed(void **state) {
    struct fixture *fixture = *state;
    struct event close = {.kind = EVENT_CLOSE,
                          .close = {.by = PARTY_SERVER,
                                    .outcome = OUTCOME_SERVER_CLOSED,
                                    .likely = SLICE("The server is full.")}};
    sample_send(&fixture->sample, &close);
    expect(fixture, HEAD("close") "\"by\":\"server\",\"outcome\":\"server-closed\",\"error\":"
                                  "null,\"duration_ms\":0,\"likely\":\"The server is full.\"}\n");
}

static void message_is_the_object_of_json(void **state) {
    struct fixture *fixture = *state;
    sample_message_text(&fixture->sample, 1,
                        "Subject: =?utf-8?q?H=C3=A9?=\r\nX: 1\r\n\r\nhi\r\n.\r\n");
    sample_message(&fixture->sample, 1, 4, 250);
    expect(fixture,
           HEAD("message") "\"n\":1,\"from\":\"a@example.com\",\"from_parameters\":{\"SIZE\":"
                           "\"2345\",\"SMTPUTF8\":true},\"recipients\":[{\"to\":\"b@example.net\","
                           "\"parameters\":{},\"code\":250,\"accepted\":true}],\"via\":\"DATA\","
                           "\"bytes\":2345,\"lines\":61,\"sha256\":"
                           "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
                           "\"complete\":true,\"header\":[{\"name\":\"Subject\",\"value\":"
                           "\"H\xC3\xA9\",\"raw\":\"=?utf-8?q?H=C3=A9?=\"},{\"name\":\"X\","
                           "\"value\":\"1\"}],\"body\":null,\"code\":250,\"accepted\":true}\n");
}

// The contract has no event and no member for it: it is a line of the text alone.
static void a_happening_leaves_no_trace(void **state) {
    struct fixture *fixture = *state;
    sample_note(&fixture->sample, "one \"note\"");
    sample_auth(&fixture->sample, AUTH_DEFERRED, 454);
    expect(fixture, HEAD("auth") "\"mechanism\":\"PLAIN\",\"identity\":null,\"outcome\":"
                                 "\"deferred\",\"code\":454}\n");
}

static void what_is_later_than_the_event_it_precedes_has_its_time(void **state) {
    struct fixture *fixture = *state;
    fixture->sample.at_us = 1000;
    sample_note(&fixture->sample, "late");
    fixture->sample.at_us = 0;
    sample_command(&fixture->sample, 1, "NOOP");
    expect(fixture, HEAD("command") "\"exchange\":1,\"verb\":\"NOOP\",\"argument\":null,"
                                    "\"line\":\"NOOP\",\"pipelined\":false,"
                                    "\"continuation\":false,"
                                    "\"before\":[[0,[\"note\",\"late\",0]]]}\n");
}

static void lost_and_paused_are_of_session_0(void **state) {
    struct fixture *fixture = *state;
    int64_t unix_ns = fixture->sample.session.started_unix_ns;
    struct event lost = {
        .kind = EVENT_LOST, .at_ns = unix_ns, .lost = {.count = 3, .reason = SLICE("disk full")}};
    struct event paused = {.kind = EVENT_PAUSED,
                           .at_ns = unix_ns,
                           .paused = {.from_unix_ns = unix_ns - 1000, .to_unix_ns = unix_ns}};
    jsonl_format.put_notice(&fixture->outlet.bytes, &lost, false);
    jsonl_format.put_notice(&fixture->outlet.bytes, &paused, false);
    expect(fixture, "\"time\":\"2026-11-22T15:03:11.586123Z\",\"pid\":0,\"session\":0,"
                    "\"event\":\"lost\",\"count\":3,\"reason\":\"disk full\"}\n"
                    "\"time\":\"2026-11-22T15:03:11.586123Z\",\"pid\":0,\"session\":0,"
                    "\"event\":\"paused\",\"from\":\"2026-11-22T15:03:11.586122Z\","
                    "\"to\":\"2026-11-22T15:03:11.586123Z\"}\n");
}

// It belongs to no session, and the writer of the files asks for it.
static void lost_lines_are_an_event_of_their_own(void **state) {
    struct fixture *fixture = *state;
    jsonl_format.framing->put_lost(&fixture->outlet.bytes, 3, "its \"disk\" is full",
                                   INT64_C(1795359791586123456), false);
    expect(fixture, "\"time\":\"2026-11-22T15:03:11.586123Z\",\"pid\":0,\"session\":0,"
                    "\"event\":\"lost\",\"count\":3,\"reason\":\"its \\\"disk\\\" is full\"}\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(connect_has_client_server_and_mode),
        TEST(the_sink_has_no_server_and_unknown_values_are_null),
        TEST(tls_has_its_side_and_the_members_of_json),
        TEST(a_command_has_its_members),
        TEST(by_is_there_only_for_what_the_proxy_said),
        TEST(bytes_that_are_not_utf8_stand_in_base64_too),
        TEST(a_nul_is_kept_in_base64),
        TEST(no_control_is_written_as_it_is),
        TEST(a_cut_line_says_so),
        TEST(an_odd_reply_keeps_what_stood_in_front_of_its_text),
        TEST(auth_data_finding_and_close_have_their_members),
        TEST(a_close_has_the_likely_cause_where_something_failed),
        TEST(message_is_the_object_of_json),
        TEST(a_happening_leaves_no_trace),
        TEST(what_is_later_than_the_event_it_precedes_has_its_time),
        TEST(lost_and_paused_are_of_session_0),
        TEST(lost_lines_are_an_event_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
