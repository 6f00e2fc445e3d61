// SPDX-License-Identifier: MIT
// reader_emit: makes the event that an item stands for.
#include "transcript/reader_parts.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

static cJSON *parse_line(const struct reader *reader, struct span line) {
    struct slice text = slice_sub(reader->data, line.offset, line.len);
    return cJSON_ParseWithLength((const char *)text.data, text.len);
}

// A server without an address was never reached, unless it did what ended the session.
static struct event_connect connect_of(enum outcome outcome, const struct event_session *session) {
    bool failed = outcome == OUTCOME_CONNECT_FAILED;
    bool given_up = !failed && outcome != OUTCOME_COMPLETED && outcome != OUTCOME_SERVER_CLOSED &&
                    session->has_server && session->server.address == NULL;
    return (struct event_connect){.connected = !failed && !given_up, .given_up = given_up};
}

// ── from a line of jsonl ────────────────────────────────────────────────────────────────────────

static void read(struct reader *reader, const struct field_table *table, void *out,
                 const cJSON *line) {
    fields_read(&reader->arena, table, out, line, FIELD_JSONL);
}

static void read_command(struct reader *reader, const cJSON *line, bool tls) {
    struct record_command command = {0};
    read(reader, &command_table, &command, line);
    event_of_command(&reader->event.command, &command);
    reader->event.command.tls = tls;
}

static void read_reply(struct reader *reader, const cJSON *line, bool tls) {
    struct record_reply reply = {0};
    read(reader, &reply_table, &reply, line);
    event_of_reply(&reader->event.reply, &reader->arena, &reply);
    reader->event.reply.tls = tls;
}

static void read_tls(struct reader *reader, struct reader_session *session, const cJSON *line) {
    struct event_tls *tls = &reader->event.tls;
    read(reader, &tls_table, tls, line);
    tls->alert = -1;
    session->tls = session->tls || (tls->side == SIDE_CLIENT && tls->error == NULL);
}

static void read_close(struct reader *reader, const cJSON *line) {
    struct event_close *close = &reader->event.close;
    read(reader, &close_table, close, line);
    close->duration_ns = close->duration_ns < 0 ? 0 : close->duration_ns;
    close->bytes_from_client = RECORD_BYTES_UNKNOWN;
    close->bytes_from_server = RECORD_BYTES_UNKNOWN;
}

static void read_message(struct reader *reader, const cJSON *line) {
    reader->message = (struct record_message){0};
    read(reader, &message_table, &reader->message, line);
    event_of_message(&reader->event.message, &reader->message);
}

static void read_of_session(struct reader *reader, struct reader_session *session,
                            const cJSON *line) {
    struct event *event = &reader->event;
    session->record->session.client.pid = (uint32_t)json_number(json_get(line, "pid"));
    switch ((unsigned)event->kind) {
    case EVENT_CONNECT:
        event->connect = connect_of(session->outcome, &session->record->session);
        return;
    case EVENT_TLS:
        read_tls(reader, session, line);
        return;
    case EVENT_COMMAND:
        read_command(reader, line, session->tls);
        return;
    case EVENT_REPLY:
        read_reply(reader, line, session->tls);
        return;
    case EVENT_AUTH:
        read(reader, &auth_table, &event->auth, line);
        return;
    case EVENT_DATA:
        read(reader, &data_table, &event->data, line);
        return;
    case EVENT_MESSAGE:
        read_message(reader, line);
        return;
    case EVENT_FINDING:
        read(reader, &finding_table, &event->finding, line);
        return;
    case EVENT_CLOSE:
        read_close(reader, line);
        return;
    }
}

static bool tell_line(struct reader *reader, const struct item *item) {
    cJSON *line = parse_line(reader, item->line);
    reader->event = (struct event){.kind = item->event};
    if (item->event == EVENT_LOST) {
        read(reader, &lost_table, &reader->event.lost, line);
    } else if (item->event == EVENT_PAUSED) {
        read(reader, &paused_table, &reader->event.paused, line);
    } else if (item->session != NO_SESSION) {
        read_of_session(reader, &reader->sessions[item->session], line);
    }
    bool told = line != NULL && (item->session != NO_SESSION || item->event == EVENT_LOST ||
                                 item->event == EVENT_PAUSED);
    cJSON_Delete(line);
    return told;
}

// ── from a moment of a record ───────────────────────────────────────────────────────────────────

static void tell_command(struct event *event, const struct record_exchange *exchange) {
    event_of_command(&event->command, exchange->command);
    event->command.exchange = exchange->n;
    event->command.continuation = exchange->continuation;
    event->command.concealed &= !exchange->continuation;
    event->command.tls = exchange->tls;
}

static void tell_reply(struct event *event, struct arena *arena,
                       const struct record_exchange *exchange, const struct record_moment *moment) {
    event_of_reply(&event->reply, arena, record_moment_reply(exchange, moment));
    event->reply.to = exchange->n;
    event->reply.final = moment->final;
    event->reply.tls = exchange->tls;
}

static void tell_close(struct event *event, const struct record *record,
                       const struct record_moment *moment) {
    event->close = (struct event_close){
        .by = (enum party)moment->which,
        .outcome = record->outcome,
        .error = record->error,
        .likely = record->likely,
        .duration_ns = record->duration_ns < 0 ? 0 : record->duration_ns,
        .bytes_from_client = record->bytes_from_client,
        .bytes_from_server = record->bytes_from_server,
        .truncated = record->truncated,
    };
}

static bool tell_moment(struct reader *reader, const struct record *record,
                        const struct record_moment *moment) {
    struct event *event = &reader->event;
    *event = (struct event){.kind = moment->kind};
    switch ((unsigned)moment->kind) {
    case EVENT_CONNECT:
        event->connect =
            connect_of(record->closed ? record->outcome : OUTCOME_COMPLETED, &record->session);
        return true;
    case EVENT_TLS:
        event->tls = *moment->tls;
        event->tls.side = (enum side)moment->which;
        event->tls.alert = -1;
        return true;
    case EVENT_COMMAND:
        tell_command(event, &record->exchanges[moment->which]);
        return true;
    case EVENT_REPLY:
        tell_reply(event, &reader->arena, &record->exchanges[moment->which], moment);
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
    case EVENT_NOTE:
        event->note.text = moment->text;
        return true;
    case EVENT_CLOSE:
        tell_close(event, record, moment);
        return true;
    }
    return false;
}

// ── message lines ───────────────────────────────────────────────────────────────────────────────

static bool is_told(const struct told_message *told, const struct item *item) {
    return told->known && (item->message != NULL ? told->message == item->message
                                                 : told->line.offset == item->line.offset);
}

static void load_message(struct reader *reader, const struct item *item) {
    struct told_message *told = &reader->told;
    if (is_told(told, item)) {
        return;
    }
    arena_cleanup(&told->arena);
    *told = (struct told_message){.known = true, .line = item->line, .message = item->message};
    if (item->message == NULL) {
        cJSON *line = parse_line(reader, item->line);
        fields_read(&told->arena, &message_table, &told->read, line, FIELD_JSONL);
        cJSON_Delete(line);
        told->message = &told->read;
    }
    told->lines =
        reader_message_lines(&told->line_count, &told->arena, told->message, item->lines_told);
}

static bool tell_text(struct reader *reader, const struct item *item) {
    const struct told_message *told = &reader->told;
    load_message(reader, item);
    if (item->line_count == 0) {
        reader->event =
            (struct event){.kind = EVENT_CONTENT_END, .content_end = told->message->content};
        reader->event.content_end.message = told->message->n;
        return true;
    }
    size_t place = item->first_line + reader->next_line;
    if (place >= told->line_count) {
        return false; // only so much of it was kept
    }
    reader->event = (struct event){.kind = EVENT_TEXT, .text = told->lines[place]};
    return true;
}

const struct event *reader_tell(struct reader *reader, const struct item *item) {
    struct record *record =
        item->session == NO_SESSION ? NULL : reader->sessions[item->session].record;
    arena_clear(&reader->arena);
    bool told = item->kind == ITEM_LINES ? tell_text(reader, item)
                : item->moment != NULL   ? tell_moment(reader, record, item->moment)
                                         : tell_line(reader, item);
    if (!told) {
        return NULL;
    }
    reader->event.session = record == NULL ? NULL : &record->session;
    reader->event.at_ns = item->at_unix_ns - (record == NULL ? 0 : record->session.started_unix_ns);
    return &reader->event;
}
