// SPDX-License-Identifier: MIT
// Each session here is written as text, jsonl and json at once. What is read back from json must
// give the very text; from jsonl, which does not always say when a message's lines were sent, the
// same lines of each session in the same order.
#include "transcript/transcript_reader.h"

#include "format/format.h"
#include "format/show.h"
#include "format/text_format.h"
#include "support/sample.h"
#include "transcript/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

// A session in all three forms.
struct recorder {
    struct sample sample;
    struct output jsonl_output;
    struct outlet outlet;
    void *jsonl;
    struct record *record;
};

struct fixture {
    struct recorder recorders[2];
    struct text_writer text_writer[2];
    enum body_detail body;
    struct buf text;
    struct buf jsonl;
    struct buf json;
    uint64_t text_counter;
    uint64_t jsonl_counter;
    struct buf shown;
    struct buf lines;
};

static struct fixture fixture;

static void number_text(void) {
    struct slice lines = buf_slice(&fixture.lines);
    while (lines.len > 0) {
        struct slice line = slice_split(&lines, '\n');
        buf_putf(&fixture.text, "%llu ", (unsigned long long)++fixture.text_counter);
        buf_put(&fixture.text, line);
        buf_put_byte(&fixture.text, '\n');
    }
    buf_clear(&fixture.lines);
}

static void record(size_t i, const struct event *event) {
    struct recorder *recorder = &fixture.recorders[i];
    text_put_event(&fixture.lines, &fixture.text_writer[i], event);
    number_text();
    message_log_take(recorder->outlet.messages, event);
    record_take_logged(recorder->record, event, recorder->outlet.messages);
    jsonl_format.take(recorder->jsonl, event);
    if (buf_len(&recorder->outlet.bytes) > 0) {
        buf_putf(&fixture.jsonl, "{\"counter\":%llu,", (unsigned long long)++fixture.jsonl_counter);
        buf_put(&fixture.jsonl, buf_slice(&recorder->outlet.bytes));
        buf_clear(&recorder->outlet.bytes);
    }
}

static void record_first(void *context, const struct event *event) {
    (void)context;
    record(0, event);
}

static void record_second(void *context, const struct event *event) {
    (void)context;
    record(1, event);
}

static void recorder_init(size_t i) {
    struct recorder *recorder = &fixture.recorders[i];
    sample_init(&recorder->sample,
                (struct event_sink){i == 0 ? record_first : record_second, NULL});
    recorder->sample.session.id = i + 1;
    recorder->jsonl_output = (struct output){.format = &jsonl_format, .body = fixture.body};
    recorder->outlet.output = &recorder->jsonl_output;
    recorder->outlet.messages = message_log_new(fixture.body, NULL);
    buf_init(&recorder->outlet.bytes, 1 << 24);
    recorder->jsonl = jsonl_format.session_new(&recorder->outlet);
    recorder->record = record_new(NULL);
    fixture.text_writer[i] = (struct text_writer){.body = fixture.body};
}

static void recorder_cleanup(struct recorder *recorder) {
    jsonl_format.session_free(recorder->jsonl);
    record_free(recorder->record);
    message_log_free(recorder->outlet.messages);
    buf_cleanup(&recorder->outlet.bytes);
}

static void start(enum body_detail body) {
    fixture = (struct fixture){.body = body};
    struct buf *const bufs[] = {&fixture.text, &fixture.jsonl, &fixture.json, &fixture.shown,
                                &fixture.lines};
    for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++) {
        buf_init(bufs[i], 1 << 26);
    }
    recorder_init(0);
    recorder_init(1);
}

static int setup(void **state) {
    (void)state;
    start(BODY_HEADERS);
    return 0;
}

static int setup_full(void **state) {
    (void)state;
    start(BODY_FULL);
    return 0;
}

static int setup_none(void **state) {
    (void)state;
    start(BODY_NONE);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    recorder_cleanup(&fixture.recorders[0]);
    recorder_cleanup(&fixture.recorders[1]);
    buf_cleanup(&fixture.text);
    buf_cleanup(&fixture.jsonl);
    buf_cleanup(&fixture.json);
    buf_cleanup(&fixture.shown);
    buf_cleanup(&fixture.lines);
    return 0;
}

// ── reading back ────────────────────────────────────────────────────────────────────────────────

static void put_json(size_t sessions) {
    buf_put_string(&fixture.json, "{\"schema\":\"smtpscope/1\",\"sessions\":[");
    for (size_t i = 0; i < sessions; i++) {
        buf_put_string(&fixture.json, i == 0 ? "\n" : ",\n");
        assert_true(record_put_json(&fixture.json, fixture.recorders[i].record));
    }
    buf_put_string(&fixture.json, "\n]}\n");
}

static void append(void *context, struct slice lines) {
    (void)context;
    buf_put(&fixture.shown, lines);
}

static void show(struct slice data) {
    struct failure failure = {""};
    struct reader *reader = NULL;
    buf_clear(&fixture.shown);
    enum err err = reader_open(&reader, &failure, data);
    if (err != OK) {
        print_error("%s\n", failure.text);
    }
    assert_int_equal(err, OK);
    struct terminal no_terminal = {0};
    show_text(reader, &(struct show_options){.terminal = &no_terminal}, append, NULL);
    reader_free(reader);
    buf_put_byte(&fixture.shown, 0);
}

static const char *as_string(struct buf *buf) {
    buf_put_byte(buf, 0);
    const char *string = (const char *)buf_slice(buf).data;
    buf_truncate(buf, buf_len(buf) - 1);
    return string;
}

// For schema_test.sh: what was read is kept where SCOPE_TRANSCRIPTS says.
static void keep_transcript(const char *kind, struct slice data) {
    static unsigned number = 0;
    const char *folder = getenv("SCOPE_TRANSCRIPTS");
    char path[512];
    if (folder == NULL) {
        return;
    }
    snprintf(path, sizeof(path), "%s/%u.%s", folder, ++number, kind);
    FILE *file = fopen(path, "wx");
    assert_non_null(file);
    assert_int_equal(fwrite(data.data, 1, data.len, file), data.len);
    assert_int_equal(fclose(file), 0);
}

// Without counters and times; a session's lines in their order.
static void put_lines_of(struct buf *out, struct slice text, const char *session) {
    while (text.len > 0) {
        struct slice line = slice_split(&text, '\n');
        slice_split(&line, ' ');
        slice_split(&line, ' ');
        struct slice what = line;
        slice_split(&what, ' ');
        if (slice_is(slice_split(&what, ' '), session)) {
            buf_put(out, line);
            buf_put_byte(out, '\n');
        }
    }
}

static void jsonl_shows_the_lines(void) {
    show(buf_slice(&fixture.jsonl));
    for (int i = 0; i < 2; i++) {
        struct buf wanted;
        struct buf got;
        buf_init(&wanted, 1 << 24);
        buf_init(&got, 1 << 24);
        put_lines_of(&wanted, buf_slice(&fixture.text), i == 0 ? "1" : "2");
        put_lines_of(&got, slice_sub(buf_slice(&fixture.shown), 0, buf_len(&fixture.shown) - 1),
                     i == 0 ? "1" : "2");
        assert_string_equal(as_string(&got), as_string(&wanted));
        buf_cleanup(&wanted);
        buf_cleanup(&got);
    }
}

static void both_show_the_text(size_t sessions) {
    put_json(sessions);
    keep_transcript("jsonl", buf_slice(&fixture.jsonl));
    keep_transcript("json", buf_slice(&fixture.json));
    jsonl_shows_the_lines();
    show(buf_slice(&fixture.json));
    assert_string_equal(buf_slice(&fixture.shown).data, as_string(&fixture.text));
}

static struct sample *sample(void) {
    return &fixture.recorders[0].sample;
}

// ── whole sessions ──────────────────────────────────────────────────────────────────────────────

static void a_session_comes_back_as_it_was(void **state) {
    (void)state;
    sample_session(sample());
    both_show_the_text(1);
}

static void sessions_side_by_side_come_back_in_the_order_of_the_text(void **state) {
    (void)state;
    struct sample *one = &fixture.recorders[0].sample;
    struct sample *two = &fixture.recorders[1].sample;
    two->session.started_unix_ns += 500000;
    for (int i = 0; i < 5; i++) {
        one->at_us = i * 1000;
        two->at_us = i * 1000;
        sample_command(one, i + 1, "NOOP one");
        sample_command(two, i + 1, "NOOP two");
    }
    one->at_us = 5000;
    two->at_us = 9000;
    sample_close(one, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED, NULL);
    sample_close(two, PARTY_SERVER, OUTCOME_SERVER_CLOSED, NULL);
    both_show_the_text(2);
}

static void a_message_among_another_sessions_lines_comes_back(void **state) {
    (void)state;
    struct sample *one = &fixture.recorders[0].sample;
    struct sample *two = &fixture.recorders[1].sample;
    sample_command(one, 1, "DATA");
    sample_message_text(one, 1, "A: 1\r\n\r\nx\r\n.\r\n"); // at the time of the command
    two->at_us = 1000;
    sample_command(two, 1, "NOOP");
    one->at_us = 2000;
    two->at_us = 2000;
    sample_command(one, 2, "DATA");
    two->at_us = 3000;
    sample_command(two, 2, "NOOP");
    one->at_us = 4000;
    sample_final(one, 1, "250 ok");
    sample_message(one, 1, 1, 250);
    sample_close(one, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    two->at_us = 5000;
    sample_close(two, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    both_show_the_text(2);
}

static void header_lines_and_findings_keep_their_order_and_times(void **state) {
    (void)state;
    sample_connect(sample());
    sample_command(sample(), 1, "DATA");
    sample()->at_us = 2000;
    sample_message_text(sample(), 1, "A: 1\r\nB: 2\r\n\r\nx\r\n.\r\n");
    sample()->at_us = 3000;
    sample_finding(sample(), SEVERITY_ERROR, "between the lines of two messages");
    sample_message_text(sample(), 2, "A: 1\r\nB: 2\r\n.\r\n");
    sample()->at_us = 5000;
    sample_final(sample(), 1, "250 ok");
    sample_message(sample(), 1, 1, 250);
    sample_message(sample(), 2, 1, 250);
    sample_close(sample(), PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    both_show_the_text(1);
}

// Without the final dot.
static uint64_t lines_of(const char *text) {
    uint64_t lines = 0;
    for (; *text != '\0' && strcmp(text, ".\r\n") != 0; text++) {
        lines += *text == '\n' ? 1 : 0;
    }
    return lines;
}

static void message_comes_back(const char *text) {
    sample_connect(sample());
    sample_command(sample(), 1, "DATA");
    sample()->message_lines = lines_of(text);
    sample_message_text(sample(), 1, text);
    sample()->at_us += 2000;
    sample_final(sample(), 1, "250 ok");
    sample_message(sample(), 1, 1, 250);
    sample_close(sample(), PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    both_show_the_text(1);
}

static void jsonl_puts_a_message_in_front_of_its_answer(void **state) {
    (void)state;
    for (int n = 1; n < 3; n++) {
        sample_command(sample(), n, "DATA");
        sample_message_text(sample(), n, "Subject: x\r\nTo: a@b.c\r\n\r\nx\r\n.\r\n");
        sample_final(sample(), n, "250 ok");
        sample_message(sample(), n, n, 250);
    }
    sample_close(sample(), PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    both_show_the_text(1);
    assert_true(slice_find(buf_slice(&fixture.jsonl), SLICE("\"before\"")) == SLICE_NONE);
    show(buf_slice(&fixture.jsonl));
    assert_string_equal(buf_slice(&fixture.shown).data, as_string(&fixture.text));
}

static void a_finding_within_a_message_and_notes_keep_their_places_in_jsonl(void **state) {
    (void)state;
    sample_connect(sample());
    sample_note(sample(), "STARTTLS added");
    sample_reply(sample(), 0, "220 hi");
    sample_command(sample(), 1, "DATA");
    sample_finding(sample(), SEVERITY_ERROR, "before the message");
    sample_message_text(sample(), 1, "A: 1\r\n\r\nx\r\n.\r\n");
    sample_finding(sample(), SEVERITY_ERROR, "after the message");
    sample_note(sample(), "later");
    sample()->at_us = 5000;
    sample_finding(sample(), SEVERITY_ERROR, "later still");
    sample_final(sample(), 1, "250 ok");
    sample_message(sample(), 1, 1, 250);
    sample_note(sample(), "last");
    sample_close(sample(), PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    both_show_the_text(1);
    show(buf_slice(&fixture.jsonl));
    assert_string_equal(buf_slice(&fixture.shown).data, as_string(&fixture.text));
}

static void a_message_answered_before_its_end_comes_back(void **state) {
    (void)state;
    sample_command(sample(), 1, "BDAT 5 LAST");
    sample_final(sample(), 1, "503 no");
    sample_message_text(sample(), 1, "A: 1\r\n");
    sample_message(sample(), 1, 1, 503);
    sample_close(sample(), PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    both_show_the_text(1);
}

static void a_usual_header_needs_no_text_of_its_own(void **state) {
    (void)state;
    message_comes_back("Subject: =?utf-8?q?H=C3=A9?=\r\nTo: a@b.c\r\n\r\nx\r\n.\r\n");
    assert_true(slice_find(buf_slice(&fixture.json), SLICE("header_text")) == SLICE_NONE);
}

static void an_odd_header_comes_back(void **state) {
    (void)state;
    message_comes_back("From me\r\nA:1\r\nB:  2 \r\nC : 3\r\nD: 4\nE: \xFF\r\nF:\r\n..G: 5\r\n"
                       "\r\nx\r\n.\r\n");
}

static void doubled_dots_need_no_list_of_their_own(void **state) {
    (void)state;
    message_comes_back("A: 1\r\n\r\n..\r\n...x\r\n.\r\n");
    assert_true(slice_find(buf_slice(&fixture.json), SLICE("odd_dots")) == SLICE_NONE);
}

static void a_body_comes_back_with_its_dots(void **state) {
    (void)state;
    message_comes_back("A: 1\r\n\r\n..\r\n...x\r\n.single\r\n\r\nlast\xFF\r\nlf\n\r\n.\r\n");
}

// Dots are taken away after CRLF only.
static void dots_after_bare_lf_come_back(void **state) {
    (void)state;
    message_comes_back("A: 1\r\n\r\nx\n.y\n..z\r\n.single\r\n..\r\n.\r\n");
}

static void a_dot_after_an_empty_line_of_lf_comes_back(void **state) {
    (void)state;
    message_comes_back("A: 1\r\n\n.y\r\n.\r\n");
}

static void a_message_without_an_empty_line_comes_back(void **state) {
    (void)state;
    message_comes_back("A: 1\r\n.\r\n");
}

static void an_empty_message_comes_back(void **state) {
    (void)state;
    message_comes_back(".\r\n");
}

// ── odd lines ───────────────────────────────────────────────────────────────────────────────────

static void close_it(void) {
    sample_close(sample(), PARTY_PROXY, OUTCOME_TIMEOUT, "nothing came\n for \"600 s\"");
    both_show_the_text(1);
}

static void odd_replies_come_back(void **state) {
    (void)state;
    sample_reply(sample(), 0, "220 hi");
    sample_command(sample(), 1, "NOOP");
    sample_reply(sample(), 1, "250-a\n251 b\n250\n250 ");
    sample_reply(sample(), 1, "what is this");
    sample_reply(sample(), EVENT_NO_EXCHANGE, "250-\xFF\n250 x");
    close_it();
}

static void nuls_and_bad_bytes_come_back(void **state) {
    (void)state;
    struct event event = sample_command_event(sample(), 1, "NOOP");
    event.command.line.text = slice_of("NOOP \\u0000 \0\\\0 \xEF\xB7\x90", 18);
    event.command.line.len = 18;
    sample_send(sample(), &event);
    sample_command(sample(), 2, "NOOP \xC3\x28 \x1b[2J");
    close_it();
}

static void cut_lines_come_back(void **state) {
    (void)state;
    struct event event = sample_command_event(sample(), 1, "NOOP aaa");
    struct sample_reply reply;
    event.command.line.len = 70000;
    sample_send(sample(), &event);
    sample_reply_make(&reply, sample(), 1, "250-a\n250-b\n250 c");
    reply.lines[1].line.len = 80000;
    sample_send(sample(), &reply.event);
    close_it();
}

static void send_text(const char *shown, size_t len, bool header) {
    struct event event = {.kind = EVENT_TEXT, .text = {.message = 1, .header = header}};
    event.text.line =
        (struct event_line){.text = slice_of_string(shown), .len = len, .ending = ENDING_CRLF};
    sample_send(sample(), &event);
}

static void send_content(const char *text) {
    struct event event = {.kind = EVENT_CONTENT,
                          .content = {.message = 1, .bytes = slice_of_string(text)}};
    sample_send(sample(), &event);
}

static void cut_lines_of_a_message_come_back(void **state) {
    (void)state;
    struct event field = {
        .kind = EVENT_FIELD,
        .field = {
            .message = 1, .name = SLICE("A"), .raw = SLICE("bcdefgh"), .value = SLICE("bcdefgh")}};
    struct event end = {.kind = EVENT_CONTENT_END,
                        .content_end = {.message = 1, .bytes = 2345, .lines = 3, .complete = true}};
    sample()->message_lines = 3;
    sample_command(sample(), 1, "DATA");
    send_text("A: bc", 10, true);
    send_text("", 0, false);
    send_text("hello", 11, false);
    send_text(".", 1, false);
    send_content("A: bcdefgh\r\n\r\nhello world\r\n");
    sample_send(sample(), &field);
    sample_send(sample(), &end);
    sample_final(sample(), 1, "250 ok");
    sample_message(sample(), 1, 1, 250);
    close_it();
    assert_true(slice_find(buf_slice(&fixture.json),
                           SLICE("{\"name\":\"A\",\"value\":\"bcdefgh\"}")) != SLICE_NONE);
}

static void the_proxys_lines_and_masked_ones_come_back(void **state) {
    (void)state;
    struct event event = sample_command_event(sample(), 1, "EHLO [127.0.0.1]");
    struct sample_reply reply;
    event.command.by_proxy = true;
    sample_send(sample(), &event);
    sample_continuation(sample(), 2, "********");
    event = sample_command_event(sample(), 3, "********");
    event.command.concealed = true;
    sample_send(sample(), &event);
    sample_reply_make(&reply, sample(), 1, "421 4.4.2 bye");
    reply.event.reply.by_proxy = true;
    sample_send(sample(), &reply.event);
    close_it();
}

static void answers_for_each_recipient_come_back(void **state) {
    (void)state;
    sample_command(sample(), 1, "DATA");
    sample_reply(sample(), 1, "354 go");
    for (int i = 0; i < 3; i++) {
        struct sample_reply reply;
        sample_reply_make(&reply, sample(), 1, i == 1 ? "550 no" : "250 ok");
        reply.event.reply.final = true;
        reply.event.reply.recipient = SLICE("a@b.c");
        sample_send(sample(), &reply.event);
        sample_note(sample(), "in between");
    }
    close_it();
}

static void a_greeting_after_a_command_comes_back(void **state) {
    (void)state;
    sample_command(sample(), 1, "EHLO x.y");
    sample()->at_us = 10;
    sample_reply(sample(), 0, "220 hi");
    sample_reply(sample(), 1, "250 x.y");
    close_it();
}

static void a_handshake_that_fails_late_comes_back(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_TLS,
                          .tls = {.side = SIDE_CLIENT, .error = "the client sent an alert"}};
    sample_tls(sample(), SIDE_CLIENT);
    sample()->at_us = 10;
    sample_send(sample(), &event);
    close_it();
}

static void faults_and_the_lines_of_a_slow_greeting_come_back(void **state) {
    (void)state;
    static const char *const lines[] = {"220-one", "220-two", "220 three"};
    struct event fault = {.kind = EVENT_FAULT,
                          .fault = {.point = SLICE("greeting"),
                                    .action = SLICE("delay"),
                                    .exchange = EVENT_NO_EXCHANGE,
                                    .rule = SLICE("greeting delay=1s")}};
    sample_connect(sample());
    sample_send(sample(), &fault);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct event event = {.kind = EVENT_GREETING};
        event.greeting.line.text = slice_of_string(lines[i]);
        event.greeting.line.len = strlen(lines[i]);
        event.greeting.line.ending = ENDING_CRLF;
        sample()->at_us += 1000;
        sample_send(sample(), &event);
    }
    struct sample_reply whole;
    sample_reply_make(&whole, sample(), 0, "220-one\n220-two\n220 three");
    whole.event.reply.emitted_lines = 3;
    sample_send(sample(), &whole.event);
    fault.fault = (struct event_fault){.point = SLICE("mail"),
                                       .action = SLICE("reply"),
                                       .exchange = 1,
                                       .rule = SLICE("mail 450"),
                                       .holds_ns = 0};
    sample_command(sample(), 1, "MAIL FROM:<a@b.c>");
    sample_send(sample(), &fault);
    close_it();
}

static void a_failed_connect_comes_back(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_CONNECT, .connect = {.connected = false}};
    sample()->session.server.address = NULL;
    sample_send(sample(), &event);
    sample_close(sample(), PARTY_PROXY, OUTCOME_CONNECT_FAILED, "connection refused");
    both_show_the_text(1);
}

static void milliseconds_agree_whatever_the_nanoseconds_are(void **state) {
    (void)state;
    sample()->session.started_unix_ns += 876400;
    for (int i = 0; i < 100; i++) {
        struct event event = sample_command_event(sample(), i + 1, "NOOP");
        event.session = &sample()->session;
        event.at_ns = i * 12345678;
        event_send(&sample()->sink, &event);
    }
    // The last nanosecond before a millisecond.
    struct event event = sample_command_event(sample(), 101, "NOOP");
    event.session = &sample()->session;
    event.at_ns = 1999999999 - event.session->started_unix_ns % 1000000;
    event_send(&sample()->sink, &event);
    sample()->at_us = 2000000;
    close_it();
}

// ── documents ───────────────────────────────────────────────────────────────────────────────────

static void take_record(void *context, const struct record *session) {
    (void)context;
    assert_true(record_put_json(&fixture.shown, session));
    buf_put_byte(&fixture.shown, '\n');
}

static void documents_of(struct slice data) {
    struct reader *reader = NULL;
    struct failure failure;
    buf_clear(&fixture.shown);
    assert_int_equal(reader_open(&reader, &failure, data), OK);
    reader_records(reader, take_record, NULL);
    reader_free(reader);
}

// Takes what jsonl does not hold out of a document: what its close does not say, and the lines of
// messages.
static cJSON *comparable(struct slice text) {
    cJSON *document = cJSON_ParseWithLength((const char *)text.data, text.len);
    assert_non_null(document);
    cJSON_DeleteItemFromObject(document, "bytes");
    cJSON_DeleteItemFromObject(document, "timeline");
    return document;
}

static void json_gives_its_documents_and_jsonl_the_same(void **state) {
    (void)state;
    sample_session(sample());
    put_json(1);
    struct buf expected;
    buf_init(&expected, 1 << 20);
    record_put_json(&expected, fixture.recorders[0].record);
    cJSON *wanted = comparable(buf_slice(&expected));
    for (int i = 0; i < 2; i++) {
        documents_of(buf_slice(i == 0 ? &fixture.json : &fixture.jsonl));
        cJSON *got = comparable(buf_slice(&fixture.shown));
        char *got_text = cJSON_PrintUnformatted(got);
        char *wanted_text = cJSON_PrintUnformatted(wanted);
        assert_string_equal(got_text, wanted_text);
        free(got_text);
        free(wanted_text);
        cJSON_Delete(got);
    }
    cJSON_Delete(wanted);
    buf_cleanup(&expected);
}

static void a_client_that_talks_before_the_connection_is_one_session(void **state) {
    (void)state;
    sample_command(sample(), 1, "BDAT 6 LAST");
    sample_message_text(sample(), 1, "A: 1\r\n");
    sample_command(sample(), 2, "NOOP");
    sample_connect(sample());
    sample_message(sample(), 1, 1, 0);
    sample_close(sample(), PARTY_CLIENT, OUTCOME_CLIENT_CLOSED, NULL);
    both_show_the_text(1);
    documents_of(buf_slice(&fixture.jsonl));
    assert_int_equal(slice_find(buf_slice(&fixture.shown), SLICE("\n")) + 1,
                     buf_len(&fixture.shown));
}

static void a_session_that_never_ended_has_no_outcome(void **state) {
    (void)state;
    sample_connect(sample());
    sample_command(sample(), 1, "NOOP");
    buf_put_string(&fixture.jsonl, "{\"counter\":3,\"time\":\"20"); // a crash
    documents_of(buf_slice(&fixture.jsonl));
    struct slice document = buf_slice(&fixture.shown);
    assert_true(slice_find(document, SLICE("\"outcome\":null")) != SLICE_NONE);
    assert_true(slice_find(document, SLICE("\"NOOP\"")) != SLICE_NONE);
}

static void a_file_that_was_appended_to_has_the_same_ids_again(void **state) {
    (void)state;
    sample_session(sample());
    struct buf twice;
    buf_init(&twice, 1 << 20);
    buf_put(&twice, buf_slice(&fixture.jsonl));
    buf_put(&twice, buf_slice(&fixture.jsonl));
    documents_of(buf_slice(&twice));
    struct slice rest = buf_slice(&fixture.shown);
    size_t count = 0;
    for (; rest.len > 0; count++) {
        slice_split(&rest, '\n');
    }
    assert_int_equal(count, 2);
    // Both halves are the same, the second with other counters.
    struct buf once;
    buf_init(&once, 1 << 20);
    show(buf_slice(&fixture.jsonl));
    buf_put(&once, slice_sub(buf_slice(&fixture.shown), 0, buf_len(&fixture.shown) - 1));
    show(buf_slice(&twice));
    struct slice half = buf_slice(&once);
    struct slice shown = buf_slice(&fixture.shown);
    for (int i = 0; i < 2; i++) {
        for (struct slice lines = slice_sub(half, 0, half.len - 1); !slice_is_null(lines);) {
            struct slice expected = slice_split(&lines, '\n');
            struct slice line = slice_split(&shown, '\n');
            slice_split(&expected, ' ');
            slice_split(&line, ' ');
            assert_true(slice_equal(line, expected));
        }
    }
    buf_cleanup(&once);
    buf_cleanup(&twice);
}

// ── bad input ───────────────────────────────────────────────────────────────────────────────────

static void expect_failure(const char *data, const char *sentence) {
    struct reader *reader = NULL;
    struct failure failure = {""};
    assert_int_equal(reader_open(&reader, &failure, slice_of_string(data)), ERR_INPUT);
    assert_string_equal(failure.text, sentence);
}

#define GOOD_LINE                                                                                  \
    "{\"counter\":1,\"time\":\"2026-11-22T15:03:11.586123Z\",\"pid\":0,\"session\":1,"             \
    "\"event\":\"command\",\"line\":\"NOOP\",\"exchange\":1}\n"

static void what_is_no_transcript_is_said_with_line_or_offset(void **state) {
    (void)state;
    expect_failure("", "it is empty");
    expect_failure("hello\n", "line 1 is no JSON object");
    expect_failure("{}", "it has no \"schema\"");
    expect_failure("{\"schema\":\"other\"}",
                   "its schema is 'other', this program reads smtpscope/1");
    expect_failure("{\"schema\":\"smtpscope/1\",\"sessions\":[}]}", "it is not JSON at offset 36");
    expect_failure("{\"schema\":\"smtpscope/1\",\"sessions\":[7]}",
                   "entry 0 of \"sessions\" is no session");
    expect_failure("{\"schema\":\"smtpscope/1\",\"sessions\":[]} x",
                   "something follows the JSON at offset 39");
    expect_failure(GOOD_LINE "{\"x\n" GOOD_LINE,
                   "line 2 is no event of a transcript: it is not JSON");
    expect_failure(GOOD_LINE GOOD_LINE "{\"event\":\"close\"}\n",
                   "line 3 is no event of a transcript: its \"time\" is none");
    expect_failure(GOOD_LINE "\n{\"time\":1}\n" GOOD_LINE,
                   "line 3 is no event of a transcript: it has no \"event\"");
    expect_failure(GOOD_LINE "[]\n" GOOD_LINE,
                   "line 2 is no event of a transcript: it has no \"event\"");
    expect_failure(GOOD_LINE "{\"time\":\"2026-11-22T15:03:11.586123Z\",\"event\":\"close\","
                             "\"session\":-1}\n" GOOD_LINE,
                   "line 2 is no event of a transcript: it has no \"session\"");
}

#define NOTICE "{\"counter\":2,\"time\":\"2026-11-22T15:03:12.000000Z\",\"pid\":0,\"session\":0,"

// They belong to no session; a kind that only a later version knows is passed over.
static void lines_about_the_transcript_itself_are_shown(void **state) {
    (void)state;
    show(SLICE("\n\n" GOOD_LINE NOTICE
               "\"event\":\"lost\",\"count\":3,\"reason\":\"no room\"}\n" NOTICE
               "\"event\":\"paused\",\"from\":\"2026-11-22T15:03:11.600000Z\","
               "\"to\":\"2026-11-22T15:03:12.000000Z\"}\n" NOTICE "\"event\":\"tomorrow\"}\n"));
    assert_string_equal(buf_slice(&fixture.shown).data,
                        "1 2026-11-22T15:03:11.586Z 0 1 C > \"NOOP\"\n"
                        "2 2026-11-22T15:03:12.000Z 0 0 ### 3 lines were lost: no room\n"
                        "3 2026-11-22T15:03:12.000Z 0 0 ### Recording was paused from "
                        "2026-11-22T15:03:11.600Z to 2026-11-22T15:03:12.000Z\n");
}

static void a_document_cut_off_is_read_as_far_as_it_goes(void **state) {
    (void)state;
    sample_session(sample());
    put_json(1);
    buf_truncate(&fixture.json, buf_len(&fixture.json) - 4); // "\n]}\n"
    buf_put_string(&fixture.json, ",\n{\"id\":2,\"mode\":\"rev");
    show(buf_slice(&fixture.json));
    assert_string_equal(buf_slice(&fixture.shown).data, as_string(&fixture.text));
}

static size_t cut_off_of(const char *data) {
    struct reader *reader = NULL;
    assert_int_equal(reader_open(&reader, NULL, slice_of_string(data)), OK);
    size_t cut_off = reader_cut_off(reader);
    reader_free(reader);
    return cut_off;
}

#define HEAD    "{\"schema\":\"smtpscope/1\",\"sessions\":[" // 36 bytes
#define SESSION "{\"id\":1}"

static void a_cut_is_not_a_fault(void **state) {
    (void)state;
    assert_int_equal(cut_off_of(HEAD "]}"), SLICE_NONE);
    assert_int_equal(cut_off_of(HEAD SESSION "]}\n"), SLICE_NONE);
    assert_int_equal(cut_off_of(HEAD SESSION "]"), 44);
    assert_int_equal(cut_off_of(HEAD SESSION), 44);
    assert_int_equal(cut_off_of(HEAD SESSION ",\n"), 46);
    assert_int_equal(cut_off_of(HEAD SESSION ",{\"x\":\"]}"), 45);
    assert_int_equal(cut_off_of(GOOD_LINE), SLICE_NONE);
    assert_int_equal(cut_off_of(GOOD_LINE "{\"cou"), sizeof(GOOD_LINE) - 1);
    expect_failure(HEAD, "it is cut off at offset 36, before its first session ends");
    expect_failure(HEAD "{\"id\":", "it is cut off at offset 42, before its first session ends");
    expect_failure(HEAD SESSION ",{\"x\" 1}", "it is not JSON at offset 50");
    expect_failure(HEAD SESSION ",{\"x\" 1},{", "it is not JSON at offset 50");
    expect_failure(HEAD SESSION "]x", "it is not JSON at offset 45");
    expect_failure("{\"schema\":", "it is not JSON at offset 9");
}

static void every_shorter_jsonl_is_read_or_refused(void **state) {
    (void)state;
    sample_session(sample());
    struct slice all = buf_slice(&fixture.jsonl);
    for (size_t len = 0; len < all.len; len += 7) {
        struct reader *reader = NULL;
        struct failure failure;
        if (reader_open(&reader, &failure, slice_sub(all, 0, len)) == OK) {
            while (reader_next(reader) != NULL) {
            }
            reader_free(reader);
        }
    }
}

static void a_document_without_timeline_is_shown_by_its_exchanges(void **state) {
    (void)state;
    sample_session(sample());
    put_json(1);
    cJSON *document = cJSON_Parse(as_string(&fixture.json));
    cJSON *session = cJSON_GetArrayItem(cJSON_GetObjectItem(document, "sessions"), 0);
    cJSON_DeleteItemFromObject(session, "timeline");
    cJSON *finding = cJSON_GetArrayItem(cJSON_GetObjectItem(session, "findings"), 0);
    cJSON_SetNumberValue(cJSON_GetObjectItem(finding, "exchange"), 999);
    char *text = cJSON_Print(document);
    show(slice_of_string(text));
    static const char *const order[] = {
        "### Connected", "220 smtp",   "EHLO",     "STARTTLS", "220 go",        "AUTH PLAIN **",
        "535 no",        "C > \"DATA", "354",      "Subject",  "(message 1: 2", "250 2.0.0",
        "QUIT",          "221",        "TLS with", "### AUTH", "!!! erro",      "### Connection"};
    struct slice rest = buf_slice(&fixture.shown);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        size_t at = slice_find(rest, slice_of_string(order[i]));
        if (at == SLICE_NONE) {
            print_error("%s is not there\n", order[i]);
        }
        assert_true(at != SLICE_NONE);
        rest = slice_from(rest, at);
    }
    free(text);
    cJSON_Delete(document);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define FULL(name) cmocka_unit_test_setup_teardown(name, setup_full, teardown)
#define NONE(name) cmocka_unit_test_setup_teardown(name, setup_none, teardown)
    const struct CMUnitTest tests[] = {
        TEST(sessions_side_by_side_come_back_in_the_order_of_the_text),
        TEST(a_message_among_another_sessions_lines_comes_back),
        TEST(header_lines_and_findings_keep_their_order_and_times),
        TEST(a_usual_header_needs_no_text_of_its_own),
        TEST(jsonl_puts_a_message_in_front_of_its_answer),
        TEST(a_finding_within_a_message_and_notes_keep_their_places_in_jsonl),
        TEST(a_message_answered_before_its_end_comes_back),
        TEST(an_odd_header_comes_back),
        FULL(an_odd_header_comes_back),
        FULL(a_body_comes_back_with_its_dots),
        FULL(dots_after_bare_lf_come_back),
        FULL(a_dot_after_an_empty_line_of_lf_comes_back),
        FULL(doubled_dots_need_no_list_of_their_own),
        FULL(a_message_without_an_empty_line_comes_back),
        FULL(an_empty_message_comes_back),
        NONE(an_empty_message_comes_back),
        TEST(odd_replies_come_back),
        TEST(nuls_and_bad_bytes_come_back),
        TEST(cut_lines_come_back),
        FULL(cut_lines_of_a_message_come_back),
        TEST(the_proxys_lines_and_masked_ones_come_back),
        TEST(answers_for_each_recipient_come_back),
        TEST(a_greeting_after_a_command_comes_back),
        TEST(a_handshake_that_fails_late_comes_back),
        TEST(faults_and_the_lines_of_a_slow_greeting_come_back),
        TEST(a_failed_connect_comes_back),
        TEST(milliseconds_agree_whatever_the_nanoseconds_are),
        TEST(a_session_comes_back_as_it_was),
        FULL(a_session_comes_back_as_it_was),
        NONE(a_session_comes_back_as_it_was),
        TEST(json_gives_its_documents_and_jsonl_the_same),
        TEST(a_client_that_talks_before_the_connection_is_one_session),
        TEST(a_session_that_never_ended_has_no_outcome),
        TEST(a_file_that_was_appended_to_has_the_same_ids_again),
        TEST(what_is_no_transcript_is_said_with_line_or_offset),
        TEST(lines_about_the_transcript_itself_are_shown),
        TEST(a_document_cut_off_is_read_as_far_as_it_goes),
        TEST(a_cut_is_not_a_fault),
        TEST(every_shorter_jsonl_is_read_or_refused),
        TEST(a_document_without_timeline_is_shown_by_its_exchanges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
