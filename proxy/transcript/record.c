// SPDX-License-Identifier: MIT
#include "transcript/record.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "transcript/message_log.h"
#include "transcript/record_build.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// About what a moment takes in the document.
#define MOMENT_BYTES ((size_t)32)

struct record *record_new(const struct budget_share *share) {
    struct record *record = mem_new(sizeof(*record));
    record->share = share;
    record->bytes_from_client = RECORD_BYTES_UNKNOWN;
    record->bytes_from_server = RECORD_BYTES_UNKNOWN;
    return record;
}

static void free_list(void *list, size_t room) {
    if (room > 0) {
        free(list);
    }
}

void record_free(struct record *record) {
    if (record == NULL) {
        return;
    }
    free_list(record->exchanges, record->exchange_room);
    free_list(record->auths, record->auth_room);
    free_list(record->messages, record->message_room);
    free_list(record->findings, record->finding_room);
    free_list(record->moments, record->moment_room);
    arena_cleanup(&record->scratch);
    arena_cleanup(&record->arena);
    free(record);
}

// ── keeping within the bounds ───────────────────────────────────────────────────────────────────

size_t record_reserved(const struct record *record) {
    return record->exchange_room * sizeof(*record->exchanges) +
           record->auth_room * sizeof(*record->auths) +
           record->message_room * sizeof(*record->messages) +
           record->finding_room * sizeof(*record->findings) +
           record->moment_room * sizeof(*record->moments) + record->arena.reserved +
           record->scratch.reserved + sizeof(*record);
}

// What is full is doubled to take `bytes` more.
static size_t growth(const struct record *record, size_t bytes) {
    return arena_growth(&record->arena, bytes) +
           array_growth(record->exchange_count, record->exchange_room, sizeof(*record->exchanges)) +
           array_growth(record->moment_count, record->moment_room, sizeof(*record->moments));
}

static bool has_room(struct record *record, size_t bytes) {
    record->full |= record->bytes + bytes > LIMIT_DOCUMENT ||
                    !budget_allows(record->share, growth(record, bytes));
    record->truncated |= record->full;
    record->bytes += record->full ? 0 : bytes;
    return !record->full;
}

bool record_has_room(struct record *record, const struct field_table *table, const void *object) {
    return has_room(record, RECORD_SLACK / 4 + table->size + fields_size(table, object));
}

void *record_keep(struct record *record, const struct field_table *table, const void *object) {
    void *copy = arena_new(&record->arena, 1, table->size);
    memcpy(copy, object, table->size);
    fields_keep(&record->arena, table, copy);
    return copy;
}

void record_add_moment(struct record *record, struct record_moment moment) {
    record->bytes += MOMENT_BYTES;
    record->moments = array_grown(record->moments, record->moment_count, &record->moment_room,
                                  sizeof(*record->moments));
    record->moments[record->moment_count++] = moment;
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void add_moment_of(struct record *record, const struct event *event, size_t which) {
    struct record_moment moment = {
        .kind = event->kind, .which = which, .at_ns = record_at_ns(event->session, event->at_ns)};
    record_add_moment(record, moment);
}

// A handshake may fail late, after it seemed to have ended well: the last one is the session's.
static void take_tls(struct record *record, const struct event *event) {
    enum side side = event->tls.side;
    struct event_tls tls = event->tls;
    tls.verify_name = NULL; // these two are for the rules
    tls.shown_faults = NULL;
    record->tls[side] = record_keep(record, &tls_table, &tls);
    add_moment_of(record, event, (size_t)side);
    record->moments[record->moment_count - 1].tls = record->tls[side];
}

static void take_auth(struct record *record, const struct event *event) {
    if (!record_has_room(record, &auth_table, &event->auth)) {
        return;
    }
    record->auths =
        array_grown(record->auths, record->auth_count, &record->auth_room, sizeof(*record->auths));
    struct event_auth *auth = &record->auths[record->auth_count];
    *auth = event->auth;
    fields_keep(&record->arena, &auth_table, auth);
    add_moment_of(record, event, record->auth_count++);
}

static void take_message(struct record *record, const struct event *event,
                         const struct record_message *message) {
    if (record->message_count == LIMIT_MESSAGES) {
        record->truncated = true;
        return;
    }
    if (!record_has_room(record, &message_table, message)) {
        return;
    }
    record->messages = array_grown(record->messages, record->message_count, &record->message_room,
                                   sizeof(*record->messages));
    struct record_message *kept = &record->messages[record->message_count];
    *kept = *message;
    fields_keep(&record->arena, &message_table, kept);
    add_moment_of(record, event, record->message_count++);
}

static void take_finding(struct record *record, const struct event *event) {
    if (!record_has_room(record, &finding_table, &event->finding)) {
        return;
    }
    record->findings = array_grown(record->findings, record->finding_count, &record->finding_room,
                                   sizeof(*record->findings));
    struct event_finding *finding = &record->findings[record->finding_count];
    *finding = event->finding;
    fields_keep(&record->arena, &finding_table, finding);
    add_moment_of(record, event, record->finding_count++);
}

static void take_note(struct record *record, const struct event *event) {
    if (!has_room(record, RECORD_SLACK + json_text_size(event->note.text))) {
        return;
    }
    add_moment_of(record, event, 0);
    record->moments[record->moment_count - 1].text = arena_copy(&record->arena, event->note.text);
}

static void take_close(struct record *record, const struct event *event) {
    const struct event_close *close = &event->close;
    record->closed = true;
    record->ended_unix_ns = event->session->started_unix_ns + close->duration_ns;
    record->duration_ns = record_at_ns(event->session, close->duration_ns);
    record->bytes_from_client = close->bytes_from_client;
    record->bytes_from_server = close->bytes_from_server;
    record->outcome = close->outcome;
    record->error = arena_copy(&record->arena, close->error);
    record->likely = arena_copy(&record->arena, close->likely);
    record->truncated |= close->truncated;
    add_moment_of(record, event, (size_t)close->by);
}

// What is known of the session grows with its events, up to the last.
static void keep_session(struct record *record, const struct event_session *session) {
    record->session = *session;
    record->session.client_local = (struct event_endpoint){0};
    record->session.server_local = (struct event_endpoint){0};
    record->session.client.host = NULL;
    record->session.server.program = NULL;
    fields_keep(&record->arena, &connect_table, &record->session);
    record->begun = true;
}

void record_take(struct record *record, const struct event *event,
                 const struct record_message *message) {
    assert(event->session != NULL);
    if (!record->begun || event->kind == EVENT_CONNECT || event->kind == EVENT_CLOSE) {
        keep_session(record, event->session);
    }
    switch (event->kind) {
    case EVENT_CONNECT:
        add_moment_of(record, event, 0);
        return;
    case EVENT_TLS:
        take_tls(record, event);
        return;
    case EVENT_COMMAND:
        record_take_command(record, event);
        return;
    case EVENT_REPLY:
        record_take_reply(record, event);
        return;
    case EVENT_AUTH:
        take_auth(record, event);
        return;
    case EVENT_MESSAGE:
        take_message(record, event, message);
        return;
    case EVENT_FINDING:
        take_finding(record, event);
        return;
    case EVENT_NOTE:
        take_note(record, event);
        return;
    case EVENT_CLOSE:
        take_close(record, event);
        return;
    case EVENT_TEXT:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
    case EVENT_DATA:
    case EVENT_CONTENT_END:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_LOST:
    case EVENT_PAUSED:
    case EVENT_KIND_COUNT:
        return;
    }
}

void record_take_shown(struct record *record, const struct message_shown *shown) {
    struct record_moment *last =
        record->moment_count == 0 ? NULL : &record->moments[record->moment_count - 1];
    if (last != NULL && last->kind == EVENT_TEXT && last->which == (size_t)shown->message &&
        last->at_ns == shown->at_ns && last->lines > 0 && shown->lines > 0) {
        last->lines += shown->lines;
    } else if (shown->message <= LIMIT_MESSAGES && has_room(record, 0)) {
        record_add_moment(record, (struct record_moment){.kind = EVENT_TEXT,
                                                         .which = (size_t)shown->message,
                                                         .at_ns = shown->at_ns,
                                                         .lines = shown->lines});
    }
}

void record_skip(struct record *record, const struct event *event) {
    record->truncated = true;
    if (event->kind == EVENT_CLOSE) {
        record_take(record, event, NULL);
    }
}
