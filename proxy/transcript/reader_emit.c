// SPDX-License-Identifier: MIT
// reader_emit: makes the event of a moment.
#include "transcript/reader_parts.h"
#include "transcript/record_event.h"

#include <stdlib.h>

// A server without an address was never reached, unless it did what ended the session.
static struct event_connect connect_of(enum outcome outcome, const struct event_session *session) {
    bool failed = outcome == OUTCOME_CONNECT_FAILED;
    bool given_up = !failed && outcome != OUTCOME_COMPLETED && outcome != OUTCOME_SERVER_CLOSED &&
                    session->has_server && session->server.address == NULL;
    return (struct event_connect){.connected = !failed && !given_up, .given_up = given_up};
}

static void emit_command(struct event *event, const struct record_exchange *exchange) {
    event_of_command(&event->command, exchange->command);
    event->command.exchange = exchange->n;
    event->command.continuation = exchange->continuation;
    event->command.concealed &= !exchange->continuation;
    event->command.tls = exchange->tls;
}

static void emit_reply(struct event *event, struct arena *arena,
                       const struct record_exchange *exchange, const struct record_moment *moment) {
    event_of_reply(&event->reply, arena, record_moment_reply(exchange, moment));
    event->reply.to = exchange->n;
    event->reply.final = moment->final;
    event->reply.tls = exchange->tls;
}

static void emit_close(struct event *event, const struct record *record,
                       const struct record_moment *moment) {
    event->close = record->close;
    event->close.by = (enum party)moment->which;
    event->close.duration_ns = record->close.duration_ns < 0 ? 0 : record->close.duration_ns;
}

// The lines of the greeting that came one by one. False where the greeting itself is not known.
static bool emit_greeting(struct reader *reader, struct reader_session *session) {
    const struct record *record = session->record;
    const struct record_exchange *first = record->exchange_count > 0 ? record->exchanges : NULL;
    if (first == NULL || first->n != 0 || first->reply == NULL ||
        session->greeting_lines >= first->reply->line_count) {
        return false;
    }
    struct event_reply whole;
    event_of_reply(&whole, &reader->arena, first->reply);
    reader->event = (struct event){.kind = EVENT_GREETING};
    reader->event.greeting.line = whole.lines[session->greeting_lines++].line;
    return true;
}

static bool emit_moment(struct reader *reader, const struct record *record,
                        const struct record_moment *moment) {
    struct event *event = &reader->event;
    *event = (struct event){.kind = moment->kind};
    switch ((unsigned)moment->kind) {
    case EVENT_CONNECT:
        event->connect = connect_of(record->closed ? record->close.outcome : OUTCOME_COMPLETED,
                                    &record->session);
        return true;
    case EVENT_TLS:
        event->tls = *moment->tls;
        event->tls.side = (enum side)moment->which;
        event->tls.alert = -1;
        return true;
    case EVENT_COMMAND:
        emit_command(event, &record->exchanges[moment->which]);
        return true;
    case EVENT_REPLY:
        emit_reply(event, &reader->arena, &record->exchanges[moment->which], moment);
        return true;
    case EVENT_AUTH:
        event->auth = record->auths[moment->which];
        return true;
    case EVENT_MESSAGE:
        event_of_message(&event->message, &record->messages[moment->which]);
        return true;
    case EVENT_FINDING:
        event->finding = record->findings[moment->which];
        return true;
    case EVENT_FAULT:
        event->fault = record->faults[moment->which];
        return true;
    case EVENT_NOTE:
        event->note.text = moment->text;
        return true;
    case EVENT_CLOSE:
        emit_close(event, record, moment);
        return true;
    }
    return false;
}

// ── message lines ───────────────────────────────────────────────────────────────────────────────

static void load_lines(struct shown_lines *shown, const struct record_message *message,
                       size_t line_count) {
    if (shown->message != message) {
        free(shown->lines);
        arena_cleanup(&shown->arena);
        shown->message = message;
        shown->lines = reader_message_lines(&shown->count, &shown->arena, message, line_count);
    }
}

static bool emit_text(struct reader *reader, struct reader_session *session,
                      const struct record_moment *moment, size_t nth) {
    const struct record *record = session->record;
    size_t place = reader_find_message(record, moment->which);
    struct line_count *lines = &session->lines[place];
    if (place == record->message_count || (nth > 0 && nth >= moment->lines)) {
        return false;
    }
    const struct record_message *message = &record->messages[place];
    if (moment->lines == 0) {
        reader->event =
            (struct event){.kind = EVENT_CONTENT_END, .content_end = message->event.content};
        reader->event.content_end.message = message->event.message;
        return true;
    }
    load_lines(&reader->shown, message, lines->all == NOT_SHOWN ? 0 : lines->all);
    if (lines->shown >= reader->shown.count) {
        return false; // only so much of it was kept
    }
    reader->event = (struct event){.kind = EVENT_TEXT, .text = reader->shown.lines[lines->shown++]};
    return true;
}

const struct event *reader_emit(struct reader *reader, const struct item *item, size_t nth) {
    if (item->session == NO_SESSION) {
        return nth == 0 ? &reader->notices[item->which] : NULL;
    }
    struct reader_session *session = &reader->sessions[item->session];
    struct record *record = session->record;
    const struct record_moment *moment = &record->moments[item->which];
    arena_clear(&reader->arena);
    bool made = moment->kind == EVENT_TEXT       ? emit_text(reader, session, moment, nth)
                : nth > 0                        ? false
                : moment->kind == EVENT_GREETING ? emit_greeting(reader, session)
                                                 : emit_moment(reader, record, moment);
    if (!made) {
        return NULL;
    }
    if (reader->event.kind == EVENT_REPLY && reader->event.reply.to == 0) {
        reader->event.reply.emitted_lines = session->greeting_lines;
    }
    if (item->which < session->source_count) {
        record->session.client.pid = session->sources[item->which].pid;
    }
    reader->event.session = &record->session;
    reader->event.at_ns = item->at_ns;
    return &reader->event;
}
