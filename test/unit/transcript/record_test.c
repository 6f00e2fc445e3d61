// SPDX-License-Identifier: MIT
#include "transcript/record.h"

#include "base/limits.h"
#include "support/sample.h"
#include "transcript/message_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

struct fixture {
    struct sample sample;
    struct record *record;
    struct message_log *messages;
    struct buf out;
};

static void take(void *context, const struct event *event) {
    struct fixture *fixture = context;
    message_log_take(fixture->messages, event);
    record_take_logged(fixture->record, event, fixture->messages);
}

static int setup_with(void **state, enum body_detail body) {
    static struct fixture fixture;
    fixture = (struct fixture){.record = record_new(NULL), .messages = message_log_new(body, NULL)};
    buf_init(&fixture.out, 128 << 20);
    sample_init(&fixture.sample, (struct event_sink){take, &fixture});
    *state = &fixture;
    return 0;
}

static int setup(void **state) {
    return setup_with(state, BODY_HEADERS);
}

static int setup_full(void **state) {
    return setup_with(state, BODY_FULL);
}

static int setup_none(void **state) {
    return setup_with(state, BODY_NONE);
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    record_free(fixture->record);
    message_log_free(fixture->messages);
    buf_cleanup(&fixture->out);
    return 0;
}

static const char *document_text(struct fixture *fixture) {
    buf_clear(&fixture->out);
    assert_true(record_put_json(&fixture->out, fixture->record));
    buf_put_byte(&fixture->out, 0);
    return (const char *)buf_slice(&fixture->out).data;
}

static cJSON *document(struct fixture *fixture) {
    cJSON *root = cJSON_Parse(document_text(fixture));
    assert_non_null(root);
    return root;
}

// The value at a path such as "messages.0.header", as compact JSON; freed by `expect_at`.
static char *value_at(struct fixture *fixture, const char *path) {
    cJSON *root = document(fixture);
    const cJSON *value = root;
    struct slice rest = slice_of_string(path);
    while (rest.len > 0 && value != NULL) {
        char key[64] = {0};
        struct slice part = slice_split(&rest, '.');
        memcpy(key, part.data, part.len);
        bool index = key[0] >= '0' && key[0] <= '9';
        value = index ? cJSON_GetArrayItem(value, (int)strtol(key, NULL, 10))
                      : cJSON_GetObjectItemCaseSensitive(value, key);
    }
    char *text = value == NULL ? NULL : cJSON_PrintUnformatted(value);
    cJSON_Delete(root);
    return text;
}

static void expect_at(struct fixture *fixture, const char *path, const char *expected) {
    char *value = value_at(fixture, path);
    if (expected == NULL) {
        assert_null(value);
    } else {
        assert_non_null(value);
        assert_string_equal(value, expected);
    }
    free(value);
}

#define SHA "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
#define TLS_MEMBERS                                                                                \
    "{\"how\":\"starttls\",\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_128_GCM_SHA256\","         \
    "\"group\":\"X25519\",\"sni\":\"smtp.example.com\",\"alpn\":null,\"resumed\":false,"
#define TLS_END                                                                                    \
    "\"ocsp_stapled\":false,\"certificate_requested\":false,\"certificate_given\":false}"

static void a_session_has_every_member_in_order(void **state) {
    struct fixture *fixture = *state;
    sample_session(&fixture->sample);
    const char *text = document_text(fixture);
    const char *expected =
        "{\"id\":1,\"mode\":\"reverse\",\"started\":\"2026-11-22T15:03:11.586123Z\",\"ended\":"
        "\"2026-11-22T15:03:12.242333Z\",\"duration_ms\":656.21,"
        "\"client\":{\"address\":\"127.0.0.1\",\"port\":51234,\"pid\":4242,\"program\":\"python3\"}"
        ","
        "\"server\":{\"host\":\"smtp.example.com\",\"address\":\"192.0.2.7\",\"port\":587},"
        "\"tls\":{\"client\":" TLS_MEMBERS "\"ja3\":\"0123456789abcdef0123456789abcdef\",\"ja4\":"
        "\"t13d1516h2_8daaf6152771_b186095e22b6\",\"certificate\":null,\"verify\":null,"
        "\"handshake_ms\":1.8,\"error\":null,\"chain\":null," TLS_END ",\"server\":" TLS_MEMBERS
        "\"ja3\":null,\"ja4\":null,\"certificate\":{\"subject\":\"CN=smtp.example.com\","
        "\"issuer\":\"CN=Example CA\",\"names\":[\"smtp.example.com\"],\"not_before\":"
        "\"2023-11-14T22:13:20Z\",\"not_after\":\"2024-11-14T22:13:20Z\",\"sha256\":" SHA
        ",\"key\":\"EC P-256\"},\"verify\":{\"ok\":false,\"error\":\"certificate has expired\"},"
        "\"handshake_ms\":1.8,\"error\":null,\"chain\":1," TLS_END "},"
        "\"exchanges\":["
        "{\"n\":0,\"command\":null,\"reply\":{\"code\":220,\"enhanced\":null,\"lines\":"
        "[\"smtp.example.com ESMTP\"],\"at_ms\":8.1},\"latency_ms\":null,\"tls\":false},"
        "{\"n\":1,\"command\":{\"verb\":\"EHLO\",\"argument\":\"[192.168.18.9]\",\"line\":"
        "\"EHLO [192.168.18.9]\",\"pipelined\":false,\"at_ms\":8.31},\"reply\":{\"code\":250,"
        "\"enhanced\":null,\"lines\":[\"smtp.example.com\",\"SIZE 35882577\",\"STARTTLS\"],"
        "\"at_ms\":18.42},\"latency_ms\":10.11,\"tls\":false},"
        "{\"n\":2,\"command\":{\"verb\":\"STARTTLS\",\"argument\":null,\"line\":\"STARTTLS\","
        "\"pipelined\":false,\"at_ms\":18.42},\"reply\":{\"code\":220,\"enhanced\":null,\"lines\":"
        "[\"go ahead\"],\"at_ms\":18.42},\"latency_ms\":0,\"tls\":false},"
        "{\"n\":3,\"command\":{\"verb\":\"AUTH\",\"argument\":\"PLAIN ********\",\"line\":"
        "\"AUTH PLAIN ********\",\"pipelined\":false,\"at_ms\":21},\"reply\":{\"code\":535,"
        "\"enhanced\":null,\"lines\":[\"no\"],\"at_ms\":21},\"latency_ms\":0,\"tls\":true},"
        "{\"n\":4,\"command\":{\"verb\":\"DATA\",\"argument\":null,\"line\":\"DATA\","
        "\"pipelined\":false,\"at_ms\":30.25},\"reply\":{\"code\":354,\"enhanced\":null,\"lines\":"
        "[\"go on\"],\"at_ms\":30.25},\"final_reply\":{\"code\":250,\"enhanced\":\"2.0.0\","
        "\"lines\":[\"2.0.0 ok\"],\"at_ms\":40},\"latency_ms\":0,\"tls\":true},"
        "{\"n\":5,\"command\":{\"verb\":\"QUIT\",\"argument\":null,\"line\":\"QUIT\","
        "\"pipelined\":false,\"at_ms\":40},\"reply\":{\"code\":221,\"enhanced\":null,\"lines\":"
        "[\"bye\"],\"at_ms\":40},\"latency_ms\":0,\"tls\":true}],"
        "\"auth\":[{\"mechanism\":\"PLAIN\",\"identity\":null,\"outcome\":\"failed\",\"code\":535}]"
        ","
        "\"messages\":[{\"n\":1,\"from\":\"a@example.com\",\"from_parameters\":{\"SIZE\":\"2345\","
        "\"SMTPUTF8\":true},\"recipients\":[{\"to\":\"b@example.net\",\"parameters\":{},\"code\":"
        "250,"
        "\"accepted\":true}],\"via\":\"DATA\",\"bytes\":2345,\"lines\":61,\"sha256\":" SHA
        ",\"complete\":true,\"header\":[{\"name\":\"Subject\",\"value\":\"H\xC3\xA9\",\"raw\":"
        "\"=?utf-8?q?H=C3=A9?=\"},{\"name\":\"X\",\"value\":\"1\"}],\"body\":null,\"code\":250,"
        "\"accepted\":true}],"
        "\"findings\":[{\"rule\":\"bare-lf\",\"severity\":\"error\",\"side\":\"client\","
        "\"exchange\":5,\"message\":null,\"text\":\"a line ends in LF\",\"reference\":"
        "\"RFC 5321 2.3.8\"}],"
        "\"bytes\":{\"from_client\":2801,\"from_server\":411},\"truncated\":false,"
        "\"outcome\":\"completed\",\"error\":null,\"likely\":null,\"timeline\":";
    assert_true(strlen(text) > strlen(expected));
    assert_memory_equal(text, expected, strlen(expected));
}

static void no_handshake_is_null_and_a_failed_one_an_object(void **state) {
    struct fixture *fixture = *state;
    struct event event = {.kind = EVENT_TLS,
                          .tls = {.side = SIDE_SERVER, .error = "no common version", .alert = 70}};
    sample_connect(&fixture->sample);
    expect_at(fixture, "tls", "{\"client\":null,\"server\":null}");
    sample_send(&fixture->sample, &event);
    expect_at(fixture, "tls.client", "null");
    expect_at(fixture, "tls.server.error", "\"no common version\"");
    expect_at(fixture, "tls.server.how", "\"implicit\"");
    expect_at(fixture, "tls.server.version", "null");
    expect_at(fixture, "tls.server.handshake_ms", "null");
}

static void pipelined_commands_keep_their_order(void **state) {
    struct fixture *fixture = *state;
    struct event second = sample_command_event(&fixture->sample, 2, "RCPT TO:<b@c.d>");
    second.command.pipelined = true;
    sample_reply(&fixture->sample, 0, "220 hi");
    fixture->sample.at_us = 10;
    sample_command(&fixture->sample, 1, "MAIL FROM:<a@b.c>");
    sample_send(&fixture->sample, &second);
    fixture->sample.at_us = 510;
    sample_reply(&fixture->sample, 1, "250 one");
    sample_reply(&fixture->sample, 2, "250 two");
    expect_at(fixture, "exchanges.1.reply.lines", "[\"one\"]");
    expect_at(fixture, "exchanges.2.reply.lines", "[\"two\"]");
    expect_at(fixture, "exchanges.2.command.pipelined", "true");
    expect_at(fixture, "exchanges.2.latency_ms", "0.5");
}

static void a_command_without_answer_and_an_answer_without_command(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "NOOP");
    sample_reply(&fixture->sample, EVENT_NO_EXCHANGE, "250 what");
    expect_at(fixture, "exchanges.0.reply", "null");
    expect_at(fixture, "exchanges.0.latency_ms", "null");
    expect_at(fixture, "exchanges.1.n", "null");
    expect_at(fixture, "exchanges.1.command", "null");
    expect_at(fixture, "exchanges.1.reply.code", "250");
}

static void the_greeting_is_first_though_the_client_spoke_before(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "EHLO x.y");
    sample_reply(&fixture->sample, 0, "220 hi");
    expect_at(fixture, "exchanges.0.n", "0");
    expect_at(fixture, "exchanges.1.n", "1");
    expect_at(fixture, "timeline", "[[\"command\",1],[\"reply\",0]]");
}

static void a_sasl_line_is_an_exchange_with_continuation(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "AUTH LOGIN");
    sample_reply(&fixture->sample, 1, "334 VXNlcm5hbWU6");
    sample_continuation(&fixture->sample, 2, "********");
    expect_at(fixture, "exchanges.0.continuation", NULL);
    expect_at(fixture, "exchanges.1.continuation", "true");
    expect_at(fixture, "exchanges.1.command",
              "{\"verb\":null,\"argument\":null,\"line\":\"********\",\"pipelined\":false,"
              "\"at_ms\":0}");
}

static void the_answer_to_a_chunk_is_its_reply(void **state) {
    struct fixture *fixture = *state;
    sample_command(&fixture->sample, 1, "BDAT 3 LAST");
    sample_final(&fixture->sample, 1, "250 2.0.0 ok");
    expect_at(fixture, "exchanges.0.reply.code", "250");
    expect_at(fixture, "exchanges.0.final_reply", NULL);
}

static void lmtp_has_an_answer_for_each_recipient(void **state) {
    struct fixture *fixture = *state;
    static const char *const to[] = {"a@b.c", "d@e.f"};
    sample_command(&fixture->sample, 1, "DATA");
    sample_reply(&fixture->sample, 1, "354 go");
    for (int i = 0; i < 2; i++) {
        struct sample_reply reply;
        sample_reply_make(&reply, &fixture->sample, 1, i == 0 ? "250 ok" : "550 no");
        reply.event.reply.final = true;
        reply.event.reply.recipient = slice_of_string(to[i]);
        sample_send(&fixture->sample, &reply.event);
    }
    expect_at(fixture, "exchanges.0.reply.code", "354");
    expect_at(fixture, "exchanges.0.final_reply", NULL);
    expect_at(fixture, "exchanges.0.final_replies",
              "[{\"code\":250,\"enhanced\":null,\"lines\":[\"ok\"],\"recipient\":\"a@b.c\","
              "\"at_ms\":0},{\"code\":550,\"enhanced\":null,\"lines\":[\"no\"],\"recipient\":"
              "\"d@e.f\",\"at_ms\":0}]");
}

static void the_first_10000_exchanges_and_1000_messages_are_kept(void **state) {
    struct fixture *fixture = *state;
    sample_reply(&fixture->sample, 0, "220 hello");
    for (int i = 1; i < 10000; i++) {
        sample_command(&fixture->sample, i, "NOOP");
        sample_reply(&fixture->sample, i, "250 ok");
    }
    assert_false(fixture->record->truncated);
    sample_command(&fixture->sample, 10000, "NOOP");
    sample_reply(&fixture->sample, 10000, "250 ok");
    assert_true(fixture->record->truncated);
    for (int i = 1; i <= 1001; i++) {
        sample_message(&fixture->sample, i, i, 250);
    }
    cJSON *root = document(fixture); // It is large, so it is read once.
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "exchanges")), 10000);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "messages")), 1000);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(root, "truncated")));
    cJSON_Delete(root);
}

static void a_late_greeting_is_the_first_exchange_all_the_same(void **state) {
    struct fixture *fixture = *state;
    for (int i = 1; i <= 10000; i++) {
        sample_command(&fixture->sample, i, "NOOP");
    }
    sample_reply(&fixture->sample, 0, "220 hello");
    cJSON *root = document(fixture);
    const cJSON *exchanges = cJSON_GetObjectItem(root, "exchanges");
    assert_int_equal(cJSON_GetArraySize(exchanges), 10000);
    const cJSON *greeting = cJSON_GetArrayItem(exchanges, 0);
    assert_int_equal((int)cJSON_GetObjectItem(greeting, "n")->valuedouble, 0);
    cJSON_Delete(root);
}

// What is counted is no less than what is written, and it has a maximum.
static void memory_has_an_end(void **state) {
    struct fixture *fixture = *state;
    const struct record *record = fixture->record;
    // The argument is written twice: by itself, and in the line.
    enum { LINE = 60000, LINES = LIMIT_DOCUMENT / (2 * LINE) + 1, FIRST = LINES / 200 };
    static char line[LINE + 1] = "NOOP ";
    memset(line + strlen(line), 'a', LINE - strlen(line));
    for (int i = 1; i <= LINES; i++) {
        sample_command(&fixture->sample, i, line);
        if (i == FIRST) {
            assert_true(strlen(document_text(fixture)) < record->bytes);
            assert_false(record->truncated);
        }
    }
    assert_true(record->bytes < LIMIT_DOCUMENT + MIB);
    assert_true(record->truncated);
}

static void full_has_what_follows_the_empty_line(void **state) {
    struct fixture *fixture = *state;
    sample_message_text(&fixture->sample, 1, "A: 1\r\n\r\nhi\r\n..x\r\n\xFF\n.\r\n");
    sample_message(&fixture->sample, 1, 1, 250);
    expect_at(fixture, "messages.0.header", "[{\"name\":\"A\",\"value\":\"1\"}]");
    expect_at(fixture, "messages.0.body", "\"hi\\r\\n.x\\r\\n\xEF\xBF\xBD\\n\"");
    expect_at(fixture, "messages.0.body_base64", "\"aGkNCi54DQr/Cg==\"");
    expect_at(fixture, "messages.0.cut", NULL);
}

static void a_body_is_cut_at_1_mib(void **state) {
    struct fixture *fixture = *state;
    static char body[100001];
    struct event event = {.kind = EVENT_CONTENT,
                          .content = {.message = 1, .bytes = SLICE("A: 1\r\n\r\n")}};
    sample_send(&fixture->sample, &event);
    memset(body, 'a', 100000);
    event.content.bytes = slice_of_string(body);
    for (int i = 0; i < 11; i++) {
        sample_send(&fixture->sample, &event);
    }
    sample_message(&fixture->sample, 1, 1, 250);
    expect_at(fixture, "messages.0.cut", "true");
    char *kept = value_at(fixture, "messages.0.body");
    assert_int_equal(strlen(kept), 1048576 + 2);
    free(kept);
}

static void none_has_neither_header_nor_body(void **state) {
    struct fixture *fixture = *state;
    sample_message_text(&fixture->sample, 1, "A: 1\r\n\r\nhi\r\n.\r\n");
    sample_message(&fixture->sample, 1, 1, 250);
    expect_at(fixture, "messages.0.header", "null");
    expect_at(fixture, "messages.0.body", "null");
    expect_at(fixture, "messages.0.bytes", "2345");
    expect_at(fixture, "messages.0.sha256", SHA);
}

static void a_message_cut_off_has_no_code(void **state) {
    struct fixture *fixture = *state;
    struct event event = {.kind = EVENT_MESSAGE,
                          .message = {.message = 1, .from = SLICE(""), .bdat = true}};
    sample_send(&fixture->sample, &event);
    expect_at(fixture, "messages.0.from", "\"\"");
    expect_at(fixture, "messages.0.via", "\"BDAT\"");
    expect_at(fixture, "messages.0.complete", "false");
    expect_at(fixture, "messages.0.code", "null");
    expect_at(fixture, "messages.0.accepted", "false");
}

static void a_folded_field_keeps_its_folds_beside_the_value(void **state) {
    struct fixture *fixture = *state;
    struct event line = {.kind = EVENT_TEXT, .text = {.message = 1, .header = true}};
    struct event field = {.kind = EVENT_FIELD,
                          .field = {.message = 1,
                                    .name = SLICE("Subject"),
                                    .raw = SLICE("one two"),
                                    .value = SLICE("one two")}};
    line.text.line = (struct event_line){.text = SLICE("Subject: one"), .len = 12};
    sample_send(&fixture->sample, &line);
    line.text.line = (struct event_line){.text = SLICE(" two"), .len = 4};
    sample_send(&fixture->sample, &line);
    sample_send(&fixture->sample, &field);
    sample_message(&fixture->sample, 1, 1, 250);
    expect_at(fixture, "messages.0.header",
              "[{\"name\":\"Subject\",\"value\":\"one two\",\"raw\":\"one\\r\\n two\"}]");
    expect_at(fixture, "messages.0.header_text", NULL);
}

static void at_most_1000_fields_are_kept(void **state) {
    struct fixture *fixture = *state;
    struct event field = {
        .kind = EVENT_FIELD,
        .field = {.message = 1, .name = SLICE("X"), .raw = SLICE("1"), .value = SLICE("1")}};
    for (int i = 0; i < 1001; i++) {
        sample_send(&fixture->sample, &field);
    }
    sample_message(&fixture->sample, 1, 1, 250);
    expect_at(fixture, "messages.0.cut", "true");
    expect_at(fixture, "messages.0.header.999.name", "\"X\"");
    expect_at(fixture, "messages.0.header.1000", NULL);
}

static void at_most_256_kib_of_header_are_kept(void **state) {
    struct fixture *fixture = *state;
    static char value[200001];
    memset(value, 'a', 200000);
    struct slice text = slice_of_string(value);
    struct event field = {.kind = EVENT_FIELD,
                          .field = {.message = 1, .name = SLICE("X"), .raw = text, .value = text}};
    for (int i = 0; i < 3; i++) {
        sample_send(&fixture->sample, &field);
    }
    sample_message(&fixture->sample, 1, 1, 250);
    expect_at(fixture, "messages.0.cut", "true");
    expect_at(fixture, "messages.0.header.2", NULL);
    char *kept = value_at(fixture, "messages.0.header.1.value");
    assert_int_equal(strlen(kept) - 2, 262144 - 200005 - 5);
    free(kept);
}

static void what_was_paused_is_left_out_but_the_end(void **state) {
    struct fixture *fixture = *state;
    struct event close = {.kind = EVENT_CLOSE,
                          .session = &fixture->sample.session,
                          .close = {.outcome = OUTCOME_COMPLETED, .by = PARTY_CLIENT}};
    sample_connect(&fixture->sample);
    record_skip(fixture->record, &close);
    expect_at(fixture, "outcome", "\"completed\"");
    expect_at(fixture, "truncated", "true");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define FULL(name) cmocka_unit_test_setup_teardown(name, setup_full, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_session_has_every_member_in_order),
        TEST(no_handshake_is_null_and_a_failed_one_an_object),
        TEST(pipelined_commands_keep_their_order),
        TEST(a_command_without_answer_and_an_answer_without_command),
        TEST(the_greeting_is_first_though_the_client_spoke_before),
        TEST(a_sasl_line_is_an_exchange_with_continuation),
        TEST(the_answer_to_a_chunk_is_its_reply),
        TEST(lmtp_has_an_answer_for_each_recipient),
        TEST(the_first_10000_exchanges_and_1000_messages_are_kept),
        TEST(a_late_greeting_is_the_first_exchange_all_the_same),
        TEST(memory_has_an_end),
        FULL(full_has_what_follows_the_empty_line),
        FULL(a_body_is_cut_at_1_mib),
        cmocka_unit_test_setup_teardown(none_has_neither_header_nor_body, setup_none, teardown),
        TEST(a_message_cut_off_has_no_code),
        TEST(a_folded_field_keeps_its_folds_beside_the_value),
        TEST(at_most_1000_fields_are_kept),
        TEST(at_most_256_kib_of_header_are_kept),
        TEST(what_was_paused_is_left_out_but_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
