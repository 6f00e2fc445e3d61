// SPDX-License-Identifier: MIT
#include "transcript/jsonl.h"

#include "base/clock.h"
#include "transcript/json_parts.h"

// ── the members that every event has ────────────────────────────────────────────────────────────

static void put_head(struct json_writer *json, const struct event *event) {
    const struct event_session *session = event->session;
    json_member_time(json, "time", event_unix_ns(event));
    json_member_uint(json, "pid", session == NULL ? 0 : session->client.pid);
    json_member_uint(json, "session", session == NULL ? 0 : session->id);
    json_member_string(json, "event", event_kind_name(event->kind));
}

static void connect_members(struct json_writer *json, const struct event *event) {
    json_key(json, "client");
    json_client(json, event->session);
    json_key(json, "server");
    json_server(json, event->session);
    json_member_string(json, "mode", mode_name(event->session->mode));
}

static void command_members(struct json_writer *json, const struct event_command *command) {
    json_command_by(json, command);
    json_member_uint(json, "exchange", (uint64_t)command->exchange);
    json_command_verb_members(json, command);
    json_member_bool(json, "continuation", command->continuation);
}

static void reply_members(struct json_writer *json, const struct event_reply *reply) {
    json_reply_members(json, reply);
    json_key(json, "to");
    if (reply->to == EVENT_NO_EXCHANGE) {
        json_null(json);
    } else {
        json_int(json, reply->to);
    }
    json_member_bool(json, "final", reply->final);
    json_member_text(json, "recipient", reply->recipient);
}

static void close_members(struct json_writer *json, const struct event_session *session,
                          const struct event_close *close) {
    json_member_string(json, "by", party_name(close->by));
    json_member_string(json, "outcome", outcome_name(close->outcome));
    json_member_text(json, "error", close->error);
    json_member_ms(json, "duration_ms", json_at_us(session, close->duration_ns));
    if (!slice_is_null(close->likely)) { // no event of its own says it, and `show` needs it
        json_member_text(json, "likely", close->likely);
    }
}

// The members of the object, without its braces.
static void message_members(struct json_writer *json, struct slice object) {
    if (object.len > 2) {
        json_raw(json, slice_sub(object, 1, object.len - 2));
    }
}

static void put_members(struct json_writer *json, const struct event *event, struct slice message) {
    switch (event->kind) {
    case EVENT_CONNECT:
        connect_members(json, event);
        return;
    case EVENT_TLS:
        json_member_string(json, "side", side_name(event->tls.side));
        json_tls_members(json, &event->tls);
        return;
    case EVENT_COMMAND:
        command_members(json, &event->command);
        return;
    case EVENT_REPLY:
        reply_members(json, &event->reply);
        return;
    case EVENT_AUTH:
        json_auth_members(json, &event->auth);
        return;
    case EVENT_DATA:
        json_member_uint(json, "message", (uint64_t)event->data.message);
        json_member_uint(json, "bytes", event->data.bytes);
        return;
    case EVENT_MESSAGE:
        message_members(json, message);
        return;
    case EVENT_FINDING:
        json_finding_members(json, &event->finding);
        return;
    case EVENT_CLOSE:
        close_members(json, event->session, &event->close);
        return;
    case EVENT_LOST:
        json_member_uint(json, "count", event->lost.count);
        json_member_text(json, "reason", event->lost.reason);
        return;
    case EVENT_PAUSED:
        json_member_time(json, "from", event->paused.from_unix_ns);
        json_member_time(json, "to", event->paused.to_unix_ns);
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

void jsonl_put_event(struct buf *out, const struct event *event, struct slice message) {
    if (event_kind_name(event->kind) == NULL) {
        return;
    }
    struct json_writer json = json_writer_on(out, false);
    put_head(&json, event);
    put_members(&json, event, message);
    json_close(&json, '}');
    buf_put_byte(out, '\n');
}
