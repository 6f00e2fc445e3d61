// SPDX-License-Identifier: MIT
#include "support/sample.h"

#include "base/clock.h"

#include <string.h>

static const char *const names[] = {"smtp.example.com"};

// 2026-11-22T15:03:11.586123Z
#define STARTED_US INT64_C(1795359791586123)

void sample_init(struct sample *sample, struct event_sink sink) {
    *sample = (struct sample){
        .session =
            {.id = 1,
             .mode = MODE_REVERSE,
             .started_unix_ns = STARTED_US * NS_PER_US,
             .client = {.address = "127.0.0.1", .port = 51234, .pid = 4242, .program = "python3"},
             .server = {.host = "smtp.example.com", .address = "192.0.2.7", .port = 587},
             .has_server = true},
        .sink = sink,
        .message_lines = 61,
    };
}

void sample_send(const struct sample *sample, struct event *event) {
    event->session = &sample->session;
    event->at_ns = sample->at_us * NS_PER_US;
    event_send(&sample->sink, event);
}

void sample_connect(const struct sample *sample) {
    struct event event = {.kind = EVENT_CONNECT, .connect = {.connected = true}};
    sample_send(sample, &event);
}

void sample_tls(struct sample *sample, enum side side) {
    const struct event_certificate certificate = {
        .subject = "CN=smtp.example.com",
        .issuer = "CN=Example CA",
        .names = names,
        .name_count = 1,
        .not_before_unix_ns = 1700000000 * NS_PER_S,
        .not_after_unix_ns = 1731622400 * NS_PER_S,
        .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .key = "EC P-256",
    };
    bool server = side == SIDE_SERVER;
    struct event event = {.kind = EVENT_TLS,
                          .tls = {.side = side,
                                  .starttls = true,
                                  .version = "TLSv1.3",
                                  .cipher = "TLS_AES_128_GCM_SHA256",
                                  .group = "X25519",
                                  .sni = "smtp.example.com",
                                  .ja3 = server ? NULL : "0123456789abcdef0123456789abcdef",
                                  .ja4 = server ? NULL : "t13d1516h2_8daaf6152771_b186095e22b6",
                                  .certificate = server ? &certificate : NULL,
                                  .chain_len = server ? 1 : 0,
                                  .has_verify = server,
                                  .verify_ok = false,
                                  .verify_error = server ? "certificate has expired" : NULL,
                                  .handshake_ns = 1800000,
                                  .alert = -1}};
    sample->tls = sample->tls || side == SIDE_CLIENT;
    sample_send(sample, &event);
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static struct event_line line_of(struct slice text) {
    return (struct event_line){.text = text, .len = text.len, .ending = ENDING_CRLF};
}

struct event sample_command_event(const struct sample *sample, int exchange, const char *line) {
    struct slice rest = slice_of_string(line);
    struct event event = {
        .kind = EVENT_COMMAND,
        .command = {.exchange = exchange, .line = line_of(rest), .tls = sample->tls}};
    event.command.command.name = slice_split(&rest, ' ');
    event.command.command.argument = rest;
    event.command.command.verb = verb_find(event.command.command.name);
    return event;
}

void sample_command(const struct sample *sample, int exchange, const char *line) {
    struct event event = sample_command_event(sample, exchange, line);
    sample_send(sample, &event);
}

void sample_continuation(const struct sample *sample, int exchange, const char *line) {
    struct event event = sample_command_event(sample, exchange, line);
    event.command.continuation = true;
    event.command.command = (struct command){.verb = VERB_NONE};
    sample_send(sample, &event);
}

void sample_reply_make(struct sample_reply *out, const struct sample *sample, int to,
                       const char *lines) {
    struct slice rest = slice_of_string(lines);
    *out = (struct sample_reply){.event = {.kind = EVENT_REPLY}};
    struct event_reply *reply = &out->event.reply;
    *reply =
        (struct event_reply){.to = to, .lines = out->lines, .latency_ns = -1, .tls = sample->tls};
    while (!slice_is_null(rest)) {
        struct slice line = slice_split(&rest, '\n');
        struct event_reply_line *to_line = &out->lines[reply->line_count++];
        bool good = line.len >= 3 && line.data[0] >= '0' && line.data[0] <= '9';
        to_line->line = line_of(line);
        to_line->text = good ? slice_from(line, 4) : line;
        to_line->malformed = !good;
        if (good) {
            reply->code =
                (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + line.data[2] - '0';
        }
    }
}

void sample_reply(const struct sample *sample, int to, const char *lines) {
    struct sample_reply reply;
    sample_reply_make(&reply, sample, to, lines);
    sample_send(sample, &reply.event);
}

void sample_final(const struct sample *sample, int to, const char *lines) {
    struct sample_reply reply;
    sample_reply_make(&reply, sample, to, lines);
    reply.event.reply.final = true;
    reply.event.reply.enhanced = SLICE("2.0.0");
    sample_send(sample, &reply.event);
}

void sample_auth(const struct sample *sample, enum auth_outcome outcome, int code) {
    struct event event = {
        .kind = EVENT_AUTH,
        .auth = {.exchange = 3, .mechanism = SLICE("PLAIN"), .outcome = outcome, .code = code}};
    sample_send(sample, &event);
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

static void send_field(const struct sample *sample, int n, struct slice line) {
    size_t colon = slice_find_byte(line, ':');
    if (colon == SLICE_NONE) {
        return;
    }
    struct slice raw = slice_trim(slice_from(line, colon + 1));
    bool encoded = slice_is(raw, "=?utf-8?q?H=C3=A9?=");
    struct event event = {.kind = EVENT_FIELD,
                          .field = {.message = n,
                                    .name = slice_trim_right(slice_sub(line, 0, colon)),
                                    .raw = raw,
                                    .value = encoded ? SLICE("H\xC3\xA9") : raw}};
    sample_send(sample, &event);
}

static void send_content(const struct sample *sample, int n, struct slice bytes) {
    struct event event = {.kind = EVENT_CONTENT, .content = {.message = n, .bytes = bytes}};
    sample_send(sample, &event);
}

// Sends one line as text, content and, in the header, field (folded ones are not sent as fields:
// the tests that need them send them by themselves).
static void send_line(const struct sample *sample, int n, struct slice whole, bool header,
                      bool behind_crlf) {
    bool crlf = whole.len >= 2 && whole.data[whole.len - 2] == '\r';
    struct slice line = slice_sub(whole, 0, whole.len - (crlf ? 2 : 1));
    bool final_dot = !header && slice_is(line, ".") && crlf;
    bool stuffed = behind_crlf && line.len > 0 && line.data[0] == '.';
    struct event event = {
        .kind = EVENT_TEXT,
        .text = {.message = n, .line = line_of(line), .header = header, .final_dot = final_dot}};
    event.text.line.ending = crlf ? ENDING_CRLF : ENDING_LF;
    sample_send(sample, &event);
    if (!final_dot) {
        send_content(sample, n, stuffed ? slice_from(whole, 1) : whole);
    }
    if (header && line.len > 0 && line.data[0] != ' ') {
        send_field(sample, n, line);
    }
}

void sample_message_text(const struct sample *sample, int n, const char *text) {
    struct slice rest = slice_of_string(text);
    bool header = true;
    bool crlf = true;
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, '\n');
        size_t len = end == SLICE_NONE ? rest.len : end + 1;
        struct slice line = slice_sub(rest, 0, len);
        header =
            header && !slice_is(line, "\r\n") && !slice_is(line, "\n") && !slice_is(line, ".\r\n");
        send_line(sample, n, line, header, crlf);
        crlf = line.len >= 2 && line.data[line.len - 2] == '\r';
        rest = slice_from(rest, len);
    }
    struct event event = {
        .kind = EVENT_CONTENT_END,
        .content_end = {
            .message = n, .bytes = 2345, .lines = sample->message_lines, .complete = true}};
    sample_send(sample, &event);
}

void sample_message(const struct sample *sample, int n, int exchange, int code) {
    const struct event_parameter from[] = {{SLICE_INIT("size"), SLICE_INIT("2345")},
                                           {SLICE_INIT("SMTPUTF8"), {NULL, 0}},
                                           {SLICE_INIT("SIZE"), SLICE_INIT("1")}};
    const struct event_recipient to[] = {
        {.to = SLICE_INIT("b@example.net"), .code = 250, .accepted = true}};
    struct event event = {
        .kind = EVENT_MESSAGE,
        .message = {.message = n,
                    .exchange = exchange,
                    .from = SLICE("a@example.com"),
                    .from_parameters = from,
                    .from_parameter_count = 3,
                    .recipients = to,
                    .recipient_count = 1,
                    .content = {.message = n,
                                .bytes = 2345,
                                .lines = sample->message_lines,
                                .sha256 =
                                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7"
                                    "852b855",
                                .complete = true},
                    .code = code,
                    .accepted = code / 100 == 2}};
    sample_send(sample, &event);
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

void sample_finding(const struct sample *sample, enum severity severity, const char *text) {
    struct event event = {.kind = EVENT_FINDING,
                          .finding = {.rule = "bare-lf",
                                      .severity = severity,
                                      .side = PARTY_CLIENT,
                                      .exchange = 5,
                                      .text = slice_of_string(text),
                                      .reference = "RFC 5321 2.3.8"}};
    sample_send(sample, &event);
}

void sample_note(const struct sample *sample, const char *text) {
    struct event event = {.kind = EVENT_NOTE, .note = {slice_of_string(text)}};
    sample_send(sample, &event);
}

void sample_close(const struct sample *sample, enum party by, enum outcome outcome,
                  const char *error) {
    struct event event = {.kind = EVENT_CLOSE,
                          .close = {.by = by,
                                    .outcome = outcome,
                                    .error = slice_of_string(error),
                                    .duration_ns = sample->at_us * NS_PER_US,
                                    .bytes_from_client = 2801,
                                    .bytes_from_server = 411}};
    sample_send(sample, &event);
}

static void first_half(struct sample *sample) {
    sample_connect(sample);
    sample->at_us = 8100;
    sample_reply(sample, 0, "220 smtp.example.com ESMTP");
    sample->at_us = 8310;
    sample_command(sample, 1, "EHLO [192.168.18.9]");
    sample->at_us = 18420;
    sample_reply(sample, 1, "250-smtp.example.com\n250-SIZE 35882577\n250 STARTTLS");
    sample_command(sample, 2, "STARTTLS");
    sample_reply(sample, 2, "220 go ahead");
    sample->at_us = 20000;
    sample_tls(sample, SIDE_SERVER);
    sample_tls(sample, SIDE_CLIENT);
    sample->at_us = 21000;
    sample_command(sample, 3, "AUTH PLAIN ********");
    sample_reply(sample, 3, "535 no");
    sample_auth(sample, AUTH_FAILED, 535);
}

void sample_session(struct sample *sample) {
    first_half(sample);
    sample->at_us = 30250;
    sample_command(sample, 4, "DATA");
    sample_reply(sample, 4, "354 go on");
    sample_note(sample, "a note");
    sample->at_us = 31000;
    sample_finding(sample, SEVERITY_ERROR, "a line ends in LF");
    sample_message_text(sample, 1, "Subject: =?utf-8?q?H=C3=A9?=\r\nX: 1\r\n\r\nhi\r\n..\r\n.\r\n");
    sample->at_us = 40000;
    sample_final(sample, 4, "250 2.0.0 ok");
    sample_message(sample, 1, 4, 250);
    sample_command(sample, 5, "QUIT");
    sample_reply(sample, 5, "221 bye");
    sample->at_us = 656210;
    sample_close(sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
}
