// SPDX-License-Identifier: MIT
// reader_tell: makes the event that an item stands for.
#include "transcript/reader_parts.h"

#include <string.h>

// ── where the JSON is ───────────────────────────────────────────────────────────────────────────

static cJSON *parse_line(const struct reader *reader, struct span line) {
    struct slice text = slice_sub(reader->data, line.offset, line.len);
    return cJSON_ParseWithLength((const char *)text.data, text.len);
}

static const cJSON *object_of(struct reader *reader, const struct item *item) {
    if (reader->document != NULL) {
        return item->node;
    }
    cJSON_Delete(reader->line);
    reader->line = parse_line(reader, item->line);
    return reader->line;
}

// ── message lines ───────────────────────────────────────────────────────────────────────────────

static bool is_told(const struct told_message *message, const struct item *item) {
    return message->known && message->node != NULL &&
           (item->node != NULL ? message->node == item->node
                               : message->line.offset == item->line.offset);
}

static void load_message(struct reader *reader, const struct item *item) {
    struct told_message *message = &reader->message;
    struct decoder decoder = reader->decoder;
    if (is_told(message, item)) {
        return;
    }
    arena_cleanup(&message->arena);
    cJSON_Delete(message->parsed);
    *message = (struct told_message){.known = true, .line = item->line, .node = item->node};
    if (item->node == NULL) {
        message->parsed = parse_line(reader, item->line);
        message->node = message->parsed;
    }
    decoder.arena = &message->arena;
    message->lines =
        reader_message_lines(&message->line_count, &decoder, message->node, item->lines_told);
}

static bool tell_line(struct reader *reader, const struct item *item) {
    if (item->node == NULL && item->line.len == 0) {
        return false; // its message is not in the transcript
    }
    load_message(reader, item);
    const struct told_message *message = &reader->message;
    if (item->line_count == 0) {
        reader_event_read(&reader->event, &reader->decoder, EVENT_CONTENT_END, message->node);
        return true;
    }
    size_t place = item->first_line + reader->next_line;
    if (place >= message->line_count) {
        return false; // only so much of it was kept
    }
    reader->event = (struct event){.kind = EVENT_TEXT, .text = message->lines[place]};
    return true;
}

// ── happenings and events
// ─────────────────────────────────────────────────────────────────────────

static void tell_note(struct reader *reader, const struct item *item) {
    struct slice text = decode_string(&reader->decoder, cJSON_GetArrayItem(item->node, 1));
    reader->event = (struct event){.kind = EVENT_NOTE, .note = {text}};
}

enum outcome reader_outcome(const char *name) {
    for (enum outcome each = OUTCOME_COMPLETED; each <= OUTCOME_PROXY_STOPPED; each++) {
        if (name != NULL && strcmp(name, outcome_name(each)) == 0) {
            return each;
        }
    }
    return OUTCOME_COMPLETED;
}

// A server without an address was never reached, unless it did what ended the session.
static struct event_connect connect_of(enum outcome outcome, const cJSON *server) {
    bool failed = outcome == OUTCOME_CONNECT_FAILED;
    bool given_up = !failed && outcome != OUTCOME_COMPLETED && outcome != OUTCOME_SERVER_CLOSED &&
                    cJSON_IsObject(server) && json_get_string(server, "address") == NULL;
    return (struct event_connect){.connected = !failed && !given_up, .given_up = given_up};
}

// What a json document says of an event outside its object.
static void add_surroundings(struct event *event, const struct item *item) {
    const cJSON *n = json_get(item->exchange, "n");
    int exchange = n == NULL ? EVENT_NO_EXCHANGE : (int)json_get_uint(item->exchange, "n");
    bool tls = json_get_bool(item->exchange, "tls");
    if (event->kind == EVENT_COMMAND) {
        event->command.exchange = exchange;
        event->command.continuation = json_get_bool(item->exchange, "continuation");
        event->command.concealed &= !event->command.continuation;
        event->command.tls = tls;
    } else if (event->kind == EVENT_REPLY) {
        event->reply.to = exchange;
        event->reply.final = item->final;
        event->reply.tls = tls;
    } else if (event->kind == EVENT_TLS) {
        event->tls.side = item->by == PARTY_SERVER ? SIDE_SERVER : SIDE_CLIENT;
    } else if (event->kind == EVENT_CLOSE) {
        event->close.by = item->by;
    } else if (event->kind == EVENT_CONNECT) {
        const cJSON *server = json_get(item->node, "server");
        event->connect = connect_of(reader_outcome(json_get_string(item->node, "outcome")), server);
    }
}

// What a line of jsonl says of its session.
static void learn(struct reader_session *session, struct event *event, const cJSON *object) {
    session->session.client.pid = (uint32_t)json_get_uint(object, "pid");
    if (event->kind == EVENT_CONNECT) {
        event->connect = connect_of(session->outcome, json_get(object, "server"));
    } else if (event->kind == EVENT_TLS && event->tls.side == SIDE_CLIENT &&
               event->tls.error == NULL) {
        session->tls = true;
    } else if (event->kind == EVENT_COMMAND) {
        event->command.tls = session->tls;
    } else if (event->kind == EVENT_REPLY) {
        event->reply.tls = session->tls;
    }
}

static bool tell_event(struct reader *reader, const struct item *item) {
    const cJSON *object = object_of(reader, item);
    if (object == NULL) {
        return false;
    }
    reader_event_read(&reader->event, &reader->decoder, item->event, object);
    if (reader->document != NULL) {
        add_surroundings(&reader->event, item);
    } else if (item->session != NO_SESSION) {
        learn(reader->sessions[item->session], &reader->event, object);
    }
    return true;
}

static bool tell(struct reader *reader, const struct item *item) {
    switch (item->kind) {
    case ITEM_EVENT:
        return tell_event(reader, item);
    case ITEM_LINES:
        return tell_line(reader, item);
    case ITEM_NOTE:
        tell_note(reader, item);
        return true;
    }
    return false;
}

const struct event *reader_tell(struct reader *reader, const struct item *item) {
    int64_t unix_ns = item->at_unix_us * NS_PER_US;
    arena_clear(&reader->arena);
    if (!tell(reader, item)) {
        return NULL;
    }
    reader->event.session = NULL;
    reader->event.at_ns = unix_ns;
    if (item->session != NO_SESSION) {
        reader->event.session = &reader->sessions[item->session]->session;
        reader->event.at_ns = unix_ns - reader->event.session->started_unix_ns;
    }
    return &reader->event;
}
