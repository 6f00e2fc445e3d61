// SPDX-License-Identifier: MIT
#include "findings_fixture.h"

#include "base/sentence.h"

static void take(void *context, const struct event *event) {
    struct fixture *fixture = context;
    const struct event_finding *finding = &event->finding;
    if (event->kind == EVENT_NOTE) {
        return;
    }
    const char *side = party_name(finding->side);
    buf_putf(&fixture->log, "%s %s %s %d %d\n", severity_name(finding->severity), finding->rule,
             side == NULL ? "-" : side, finding->exchange, finding->message);
    sentence_put_plain(&fixture->texts, finding->text);
    buf_put_byte(&fixture->texts, '\n');
}

void fixture_init(struct fixture *fixture) {
    *fixture = (struct fixture){
        .session = {.id = 1, .started_unix_ns = INT64_C(1795359791) * NS_PER_S, .has_server = true},
        .config = {.slow_ns = 5 * NS_PER_S, .verify_mirror = true, .ca_file = "/ca/ca.pem"},
        .exchange = 0,
        .due = {.count = 1},
    };
    buf_init(&fixture->log, 1 << 20);
    buf_init(&fixture->texts, 1 << 20);
}

void fixture_tell(struct fixture *fixture, struct event event) {
    event.session = &fixture->session;
    event.at_ns = fixture->now_ns;
    findings_settle(fixture->findings, &event);
    findings_observe(fixture->findings, &event);
}

void fixture_begin(struct fixture *fixture) {
    fixture->findings = findings_new(&fixture->config, (struct event_sink){take, fixture});
    fixture_tell(fixture, (struct event){.kind = EVENT_CONNECT, .connect = {.connected = true}});
}

void fixture_cleanup(struct fixture *fixture) {
    findings_free(fixture->findings);
    buf_cleanup(&fixture->log);
    buf_cleanup(&fixture->texts);
}

static void reply_to(struct fixture *fixture, int exchange, enum verb verb, int code,
                     const char *text) {
    struct event_reply_line line = {.line = {.text = slice_of_string(text),
                                             .len = slice_of_string(text).len + 4,
                                             .ending = ENDING_CRLF},
                                    .text = slice_of_string(text)};
    struct event event = {.kind = EVENT_REPLY};
    event.reply = (struct event_reply){.to = exchange,
                                       .code = code,
                                       .lines = &line,
                                       .line_count = 1,
                                       .verb = verb,
                                       .latency_ns = exchange == 0 ? -1 : 0,
                                       .tls = fixture->tls};
    if (verb == VERB_EHLO && code == 250) {
        fixture->has_offer = true;
        fixture->offered.items = fixture->offered_items;
        event.reply.offered = &fixture->offered;
    }
    event.reply.current = fixture->has_offer ? &fixture->offered : NULL;
    struct event_progress *progress = &fixture->progress;
    progress->greeted = progress->greeted || exchange == 0;
    progress->quit_answered = progress->quit_answered || verb == VERB_QUIT;
    progress->saw_421 = progress->saw_421 || code == 421;
    fixture->due.count = 0;
    fixture_tell(fixture, event);
}

void fixture_greet(struct fixture *fixture) {
    reply_to(fixture, 0, VERB_NONE, 220, "mail.example.com ESMTP");
}

void fixture_offer(struct fixture *fixture, const char *keyword, const char *parameters) {
    struct capabilities *offered = &fixture->offered;
    fixture->offered_items[offered->count++] = (struct capability){
        .keyword = slice_of_string(keyword), .parameters = slice_of_string(parameters)};
}

void fixture_wait(struct fixture *fixture, struct event_due due) {
    due.count = fixture->due.count + 1;
    due.since_ns = fixture->now_ns;
    fixture->due = due.count == 1 ? due : fixture->due;
    fixture->due.count = due.count;
}

void fixture_command(struct fixture *fixture, enum verb verb, const char *line) {
    struct slice rest = slice_of_string(line);
    struct event event = {.kind = EVENT_COMMAND};
    struct event_command *command = &event.command;
    *command = (struct event_command){
        .exchange = ++fixture->exchange,
        .line = {.text = rest, .len = rest.len, .ending = ENDING_CRLF},
        .tls = fixture->tls,
        .offered = fixture->has_offer ? &fixture->offered : NULL,
        .due = fixture->due,
    };
    fixture_wait(fixture, (struct event_due){.exchange = fixture->exchange, .verb = verb});
    command->command.verb = verb;
    command->command.name = slice_split(&rest, ' ');
    command->command.argument = rest;
    if (verb == VERB_AUTH) {
        command->command.mechanism = slice_split(&rest, ' ');
        command->command.initial = rest;
        command->line.secrets[0] =
            (struct span){(size_t)(rest.data - command->line.text.data), rest.len};
        command->line.secret_count = rest.len > 0;
    }
    fixture_tell(fixture, event);
}

void fixture_reply(struct fixture *fixture, enum verb verb, int code, const char *text) {
    reply_to(fixture, fixture->exchange, verb, code, text);
}

void fixture_tls(struct fixture *fixture, struct event_tls tls) {
    fixture_tell(fixture, (struct event){.kind = EVENT_TLS, .tls = tls});
    if (tls.error == NULL && tls.side == SIDE_CLIENT) {
        fixture->tls = true;
        fixture->has_offer = false;
        fixture->offered = (struct capabilities){.items = fixture->offered_items};
    }
}

void fixture_close(struct fixture *fixture, enum party by) {
    struct event event = {.kind = EVENT_CLOSE};
    event.close = (struct event_close){.by = by,
                                       .outcome = by == PARTY_SERVER ? OUTCOME_SERVER_CLOSED
                                                                     : OUTCOME_CLIENT_CLOSED,
                                       .progress = fixture->progress};
    event.close.progress.due = fixture->due;
    fixture_tell(fixture, event);
}

static const char *string_of(struct buf *buf) {
    size_t len = buf_len(buf);
    buf_put_byte(buf, '\0');
    buf_truncate(buf, len);
    return (const char *)buf_slice(buf).data == NULL ? "" : (const char *)buf->data + buf->start;
}

const char *fixture_log(struct fixture *fixture) {
    return string_of(&fixture->log);
}

const char *fixture_texts(struct fixture *fixture) {
    return string_of(&fixture->texts);
}
