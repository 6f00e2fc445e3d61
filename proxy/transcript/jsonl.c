// SPDX-License-Identifier: MIT
#include "transcript/jsonl.h"

#include "base/clock.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

// The members that every event has.
static void put_head(struct json_writer *json, const struct event *event) {
    const struct event_session *session = event->session;
    json_key(json, "time");
    json_open(json, '"');
    clock_put_rfc3339(json->out, event_unix_ns(event), CLOCK_MICROSECONDS);
    json_close(json, '"');
    json_member_uint(json, "pid", session == NULL ? 0 : session->client.pid);
    json_member_uint(json, "session", session == NULL ? 0 : session->id);
    json_member_string(json, "event", event_kind_name(event->kind));
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
    switch (event->kind) {
    case EVENT_CONNECT:
        put(json, &connect_table, event->session);
        return;
    case EVENT_TLS:
        put(json, &tls_table, &event->tls);
        return;
    case EVENT_COMMAND:
        put_command(json, event);
        return;
    case EVENT_REPLY:
        put_reply(json, event);
        return;
    case EVENT_AUTH:
        put(json, &auth_table, &event->auth);
        return;
    case EVENT_DATA:
        put(json, &data_table, &event->data);
        return;
    case EVENT_MESSAGE:
        put(json, &message_table, message);
        return;
    case EVENT_FINDING:
        put(json, &finding_table, &event->finding);
        return;
    case EVENT_CLOSE:
        put_close(json, event);
        return;
    case EVENT_LOST:
        put(json, &lost_table, &event->lost);
        return;
    case EVENT_PAUSED:
        put(json, &paused_table, &event->paused);
        return;
    case EVENT_TEXT:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
    case EVENT_CONTENT_END:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_NOTE:
    case EVENT_KIND_COUNT:
        return;
    }
}

void jsonl_put_event(struct buf *out, const struct event *event,
                     const struct record_message *message) {
    if (event_kind_name(event->kind) == NULL) {
        return;
    }
    struct json_writer json = json_writer_on(out, false);
    put_head(&json, event);
    put_members(&json, event, message);
    json_close(&json, '}');
    buf_put_byte(out, '\n');
}
