// SPDX-License-Identifier: MIT
// jsonl: one JSON object an event, as it happens, for machines that follow along. The line goes to
// the writer without its first member: it puts `{"counter":N,` in front.
//
// The lines of a message come right before its answer, and `show` puts them there. Where they did
// not (a finding came between, the client went on before the answer), and for notes, which are no
// event here, the next command, reply or close says where they were:
//
//   "before":[[1,["text",1,12.5,8]],[0,["note","…",0.2]]]
//              │      └ an entry of json's timeline, its time in ms before this event
//              └ before that many events of the session in front of this one
#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/format.h"
#include "format/replay.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

#include <stdlib.h>
#include <string.h>

// What waits for the next event that can carry it.
struct waiting_moment {
    struct record_moment moment;
    uint64_t after; // how many events of the session came before it
};

struct jsonl {
    struct outlet *outlet;
    uint64_t event_count;
    struct waiting_moment *waiting;
    size_t waiting_count;
    size_t waiting_room;
    struct arena arena; // of their texts
    int message;        // whose `message` is due next
    bool answered;      // its first answer has come
    int placed;         // the message whose lines `before` has, at least in part
};

// ── a line ──────────────────────────────────────────────────────────────────────────────────────

// The members that every event has. None needs escaping, and they are a quarter of all lines.
static void put_head(struct json_writer *json, const struct event *event) {
    const struct event_session *session = event->session;
    buf_put(json->out, SLICE("\"time\":\""));
    clock_put_rfc3339(json->out, event_unix_ns(event), CLOCK_MICROSECONDS);
    buf_put(json->out, SLICE("\",\"pid\":"));
    buf_put_u64(json->out, session == NULL ? 0 : session->client.pid);
    buf_put(json->out, SLICE(",\"session\":"));
    buf_put_u64(json->out, session == NULL ? 0 : session->id);
    buf_put(json->out, SLICE(",\"event\":\""));
    buf_put_string(json->out, event_kind_name(event->kind));
    json_close(json, '"');
}

static void put(struct json_writer *json, const struct field_table *table, const void *object) {
    fields_write(json, table, object, FIELD_JSONL);
}

static void put_command(struct json_writer *json, const struct event *event) {
    struct arena arena = {0};
    struct record_command command = record_command_of(&arena, event);
    put(json, &command_table, &command);
    arena_cleanup(&arena);
}

static void put_reply(struct json_writer *json, const struct event *event) {
    struct arena arena = {0};
    struct record_reply reply = record_reply_of(&arena, event);
    put(json, &reply_table, &reply);
    arena_cleanup(&arena);
}

static void put_close(struct json_writer *json, const struct event *event) {
    struct event_close close = event->close;
    close.duration_ns = record_at_ns(event->session, close.duration_ns);
    put(json, &close_table, &close);
}

static void put_members(struct json_writer *json, const struct event *event,
                        const struct record_message *message) {
    switch ((unsigned)event->kind) {
    case EVENT_CONNECT:
        put(json, &connect_table, event->session);
        return;
    case EVENT_COMMAND:
        put_command(json, event);
        return;
    case EVENT_REPLY:
        put_reply(json, event);
        return;
    case EVENT_MESSAGE:
        put(json, &message_table, message);
        return;
    case EVENT_CLOSE:
        put_close(json, event);
        return;
    }
    put(json, record_event_table(event->kind), &event->tls); // or another member of the union
}

// Appends the event's line, from after its counter to its '\n', as far as its own members go.
static struct json_writer begin_line(struct buf *out, const struct event *event,
                                     const struct record_message *message) {
    struct json_writer json = json_writer_on(out, false);
    put_head(&json, event);
    put_members(&json, event, message);
    return json;
}

static void end_line(struct json_writer *json) {
    json_close(json, '}');
    buf_put_byte(json->out, '\n');
}

// ── what has no line ────────────────────────────────────────────────────────────────────────────

// Whether `show` will know the place of all that waits: it is a whole message, right before its
// first answer.
static bool is_usual(const struct jsonl *jsonl, const struct event *event) {
    bool is_answer = event->kind == EVENT_REPLY && event->reply.final && !jsonl->answered;
    if (!is_answer || jsonl->waiting_count == 0 || jsonl->placed == jsonl->message ||
        jsonl->waiting[jsonl->waiting_count - 1].moment.lines > 0) {
        return false;
    }
    for (size_t i = 0; i < jsonl->waiting_count; i++) {
        const struct waiting_moment *waiting = &jsonl->waiting[i];
        if (waiting->moment.kind != EVENT_TEXT || waiting->after != jsonl->event_count ||
            waiting->moment.which != (size_t)jsonl->message) {
            return false;
        }
    }
    return true;
}

static void put_waiting(struct jsonl *jsonl, struct json_writer *json, int64_t at_ns) {
    json_key(json, "before");
    json_open(json, '[');
    for (size_t i = 0; i < jsonl->waiting_count; i++) {
        struct waiting_moment *waiting = &jsonl->waiting[i];
        if (waiting->moment.kind == EVENT_TEXT) {
            jsonl->placed = (int)waiting->moment.which;
        }
        // A command that came early has its own time, though it follows.
        int64_t since_ns = at_ns - waiting->moment.at_ns;
        waiting->moment.at_ns = since_ns > 0 ? since_ns : 0;
        json_open(json, '[');
        json_uint(json, jsonl->event_count - waiting->after);
        record_write_moment(json, NULL, &waiting->moment);
        json_close(json, ']');
    }
    json_close(json, ']');
}

static void forget_waiting(struct jsonl *jsonl) {
    jsonl->waiting_count = 0;
    arena_clear(&jsonl->arena);
}

static void wait_for_event(struct jsonl *jsonl, struct record_moment moment) {
    jsonl->waiting = array_grown(jsonl->waiting, jsonl->waiting_count, &jsonl->waiting_room,
                                 sizeof(*jsonl->waiting));
    jsonl->waiting[jsonl->waiting_count++] = (struct waiting_moment){moment, jsonl->event_count};
}

static void take_shown(struct jsonl *jsonl, const struct message_shown *shown) {
    struct waiting_moment *last =
        jsonl->waiting_count == 0 ? NULL : &jsonl->waiting[jsonl->waiting_count - 1];
    bool follows = last != NULL && last->after == jsonl->event_count;
    if (!follows || !record_moment_grows(&last->moment, shown)) {
        wait_for_event(jsonl, record_moment_of(shown));
    }
}

static void take_note(struct jsonl *jsonl, const struct event *event) {
    wait_for_event(jsonl,
                   (struct record_moment){.kind = EVENT_NOTE,
                                          .at_ns = record_at_ns(event->session, event->at_ns),
                                          .text = arena_copy(&jsonl->arena, event->note.text)});
}

// ── a session ───────────────────────────────────────────────────────────────────────────────────

static void *session_new(struct outlet *outlet) {
    struct jsonl *jsonl = mem_new(sizeof(*jsonl));
    jsonl->outlet = outlet;
    jsonl->message = 1;
    return jsonl;
}

static void session_free(void *context) {
    struct jsonl *jsonl = context;
    free(jsonl->waiting);
    arena_cleanup(&jsonl->arena);
    free(jsonl);
}

// The members of the others are the very objects of json.
static bool carries(enum event_kind kind) {
    return kind == EVENT_COMMAND || kind == EVENT_REPLY || kind == EVENT_CLOSE;
}

static void count_event(struct jsonl *jsonl, const struct event *event) {
    jsonl->event_count += event->kind == EVENT_DATA ? 0 : 1; // `show` has no line for it
    if (event->kind == EVENT_MESSAGE) {
        jsonl->message = event->message.message + 1;
        jsonl->answered = false;
    } else if (event->kind == EVENT_REPLY) {
        jsonl->answered |= event->reply.final;
    }
}

// Where nothing is said by it, the place of the greeting's lines is not kept.
static void trim_greeting(struct jsonl *jsonl, const struct event *event) {
    while (jsonl->waiting_count > 0 && event->kind == EVENT_REPLY &&
           record_greeting_moments(&jsonl->waiting[jsonl->waiting_count - 1].moment, 1, event) ==
               0) {
        jsonl->waiting_count--;
    }
}

// NULL where the event is of no message.
static const struct record_message *message_of(const struct outlet *outlet,
                                               const struct event *event) {
    const struct record *recorded = outlet->recorded;
    if (recorded == NULL || event->kind != EVENT_MESSAGE) {
        return message_log_message(outlet->messages);
    }
    size_t i = 0;
    while (i + 1 < recorded->message_count &&
           recorded->messages[i].event.message != event->message.message) {
        i++;
    }
    return &recorded->messages[i];
}

static void take(void *context, const struct event *event) {
    struct jsonl *jsonl = context;
    struct message_log *messages = jsonl->outlet->messages;
    struct message_shown shown;
    if (message_log_shown(messages, &shown)) {
        take_shown(jsonl, &shown);
    } else if (event->kind == EVENT_NOTE) {
        take_note(jsonl, event);
    } else if (event->kind == EVENT_GREETING) {
        wait_for_event(jsonl,
                       (struct record_moment){.kind = EVENT_GREETING,
                                              .at_ns = record_at_ns(event->session, event->at_ns)});
    }
    trim_greeting(jsonl, event);
    if (event_kind_name(event->kind) == NULL) {
        return;
    }
    if (is_usual(jsonl, event)) {
        forget_waiting(jsonl);
    }
    struct json_writer json =
        begin_line(&jsonl->outlet->bytes, event, message_of(jsonl->outlet, event));
    if (jsonl->waiting_count > 0 && carries(event->kind)) {
        put_waiting(jsonl, &json, record_at_ns(event->session, event->at_ns));
        forget_waiting(jsonl);
    }
    end_line(&json);
    count_event(jsonl, event);
}

// ── its files ───────────────────────────────────────────────────────────────────────────────────

static size_t put_counter(char out[static LIMIT_COUNTER], uint64_t counter) {
    static const struct slice name = SLICE_INIT("{\"counter\":");
    memcpy(out, name.data, name.len);
    size_t len = name.len + text_write_u64(out + name.len, counter);
    out[len] = ',';
    return len + 1;
}

static void put_notice(struct buf *out, const struct event *event, bool color) {
    (void)color;
    struct json_writer json = begin_line(out, event, NULL);
    end_line(&json);
}

static void put_lost(struct buf *out, uint64_t count, const char *reason, int64_t unix_ns,
                     bool color) {
    const struct event event = format_lost_event(count, reason, unix_ns);
    put_notice(out, &event, color);
}

static const struct framing framing = {
    .name = "jsonl",
    .shape = SHAPE_LINES,
    .put_counter = put_counter,
    .put_lost = put_lost,
};

const struct format_info jsonl_format = {
    .name = "jsonl",
    .endings = "jsonl|ndjson",
    .framing = &framing,
    .shares_messages = true,
    .put_notice = put_notice,
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
    .put_document = replay_document,
};
