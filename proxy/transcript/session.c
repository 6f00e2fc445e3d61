// SPDX-License-Identifier: MIT
#include "transcript/session.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "transcript/json_parts.h"
#include "transcript/session_parts.h"

#include <assert.h>
#include <stdlib.h>

// About what a moment takes in the document.
#define MOMENT_BYTES ((size_t)32)

struct session_document *session_document_new(const struct budget_share *share) {
    struct session_document *document = mem_new(sizeof(*document));
    document->share = share;
    struct buf *const bufs[] = {&document->store,    &document->auths, &document->messages,
                                &document->findings, &document->error, &document->likely};
    for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++) {
        buf_init(bufs[i], SIZE_MAX / 2);
    }
    document->connected = true;
    document->greeting = NO_PLACE;
    return document;
}

static void endpoint_cleanup(const struct event_endpoint *endpoint) {
    free((void *)(uintptr_t)endpoint->host);
    free((void *)(uintptr_t)endpoint->address);
    free((void *)(uintptr_t)endpoint->program);
}

void session_document_free(struct session_document *document) {
    if (document == NULL) {
        return;
    }
    endpoint_cleanup(&document->session.client);
    endpoint_cleanup(&document->session.server);
    buf_cleanup(&document->store);
    buf_cleanup(&document->auths);
    buf_cleanup(&document->messages);
    buf_cleanup(&document->findings);
    buf_cleanup(&document->error);
    buf_cleanup(&document->likely);
    free(document->exchanges);
    free(document->finals);
    free(document->moments);
    free(document);
}

// ── keeping within the bounds ───────────────────────────────────────────────────────────────────

void *session_grown(void *array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity == 0 ? 16 : 2 * *capacity;
    return mem_resize(array, *capacity, size);
}

static size_t bytes_held(const struct session_document *document) {
    return MOMENT_BYTES * document->moment_count + buf_len(&document->store) +
           buf_len(&document->messages) + buf_len(&document->findings) + buf_len(&document->auths);
}

size_t session_document_bytes(const struct session_document *document) {
    return document->exchange_capacity * sizeof(*document->exchanges) +
           document->final_capacity * sizeof(*document->finals) +
           document->moment_capacity * sizeof(*document->moments) + document->store.capacity +
           document->auths.capacity + document->messages.capacity + document->findings.capacity +
           document->error.capacity + document->likely.capacity + sizeof(*document);
}

static size_t buf_growth(const struct buf *buf, size_t more) {
    return buf->end + more > buf->capacity ? buf->capacity : 0;
}

static size_t array_growth(size_t count, size_t capacity, size_t size) {
    return count == capacity ? capacity * size : 0;
}

// What is full is doubled to take `bytes` more.
static size_t growth(const struct session_document *document, size_t bytes) {
    return bytes + buf_growth(&document->store, bytes) + buf_growth(&document->auths, bytes) +
           buf_growth(&document->messages, bytes) + buf_growth(&document->findings, bytes) +
           array_growth(document->exchange_count, document->exchange_capacity,
                        sizeof(*document->exchanges)) +
           array_growth(document->moment_count, document->moment_capacity,
                        sizeof(*document->moments));
}

bool session_has_room(struct session_document *document, size_t bytes) {
    document->full |= bytes_held(document) + bytes > LIMIT_DOCUMENT ||
                      !budget_allows(document->share, growth(document, bytes));
    document->truncated |= document->full;
    return !document->full;
}

void session_note_moment(struct session_document *document, struct session_moment moment) {
    document->moments = session_grown(document->moments, document->moment_count,
                                      &document->moment_capacity, sizeof(*document->moments));
    document->moments[document->moment_count++] = moment;
}

int64_t session_at_us(const struct event *event) {
    return json_at_us(event->session, event->at_ns);
}

struct span session_span_since(const struct buf *buf, size_t start) {
    return (struct span){.offset = start, .len = buf_len(buf) - start};
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void take_tls(struct session_document *document, const struct event *event) {
    enum side side = event->tls.side;
    size_t start = buf_len(&document->store);
    // A handshake may fail late, after it seemed to have ended well: the last word is the object.
    for (size_t i = 0; i < document->moment_count; i++) {
        struct session_moment *moment = &document->moments[i];
        if (moment->kind == EVENT_TLS && moment->which == (size_t)side && moment->object.len == 0) {
            moment->object = document->tls[side];
        }
    }
    struct json_writer json = json_writer_on(&document->store, false);
    json_open(&json, '{');
    json_tls_members(&json, &event->tls);
    json_close(&json, '}');
    document->tls[side] = session_span_since(&document->store, start);
    session_note_moment(document, (struct session_moment){.kind = EVENT_TLS,
                                                          .which = (size_t)side,
                                                          .at_us = session_at_us(event)});
}

static void take_auth(struct session_document *document, const struct event *event) {
    if (!session_has_room(document, SESSION_SLACK + 8 * event->auth.identity.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->auths, document->auth_count > 0);
    json_open(&json, '{');
    json_auth_members(&json, &event->auth);
    json_close(&json, '}');
    session_note_moment(document, (struct session_moment){.kind = EVENT_AUTH,
                                                          .which = document->auth_count,
                                                          .at_us = session_at_us(event)});
    document->auth_count++;
}

static void take_message(struct session_document *document, const struct event *event,
                         struct slice object) {
    if (document->message_count == LIMIT_MESSAGES) {
        document->truncated = true;
        return;
    }
    if (!session_has_room(document, object.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->messages, document->message_count > 0);
    json_raw(&json, object);
    session_note_moment(document, (struct session_moment){.kind = EVENT_MESSAGE,
                                                          .which = document->message_count,
                                                          .at_us = session_at_us(event)});
    document->message_count++;
}

static void take_finding(struct session_document *document, const struct event *event) {
    if (!session_has_room(document, SESSION_SLACK + 8 * event->finding.text.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->findings, document->finding_count > 0);
    json_open(&json, '{');
    json_finding_members(&json, &event->finding);
    json_close(&json, '}');
    session_note_moment(document, (struct session_moment){.kind = EVENT_FINDING,
                                                          .which = document->finding_count,
                                                          .at_us = session_at_us(event)});
    document->finding_count++;
}

static void take_note(struct session_document *document, const struct event *event) {
    size_t start = buf_len(&document->store);
    if (!session_has_room(document, SESSION_SLACK + 8 * event->note.text.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->store, false);
    json_text(&json, event->note.text);
    session_note_moment(
        document, (struct session_moment){.kind = EVENT_NOTE,
                                          .at_us = session_at_us(event),
                                          .object = session_span_since(&document->store, start)});
}

static struct slice keep(struct buf *kept, struct slice text) {
    if (slice_is_null(text)) {
        return text;
    }
    buf_clear(kept);
    buf_put(kept, text);
    return buf_slice(kept);
}

static void take_close(struct session_document *document, const struct event *event) {
    document->closed = true;
    document->close = event->close;
    document->close.error = keep(&document->error, event->close.error);
    document->close.likely = keep(&document->likely, event->close.likely);
    document->truncated |= event->close.truncated;
    session_note_moment(document, (struct session_moment){.kind = EVENT_CLOSE,
                                                          .which = (size_t)event->close.by,
                                                          .at_us = session_at_us(event)});
}

static void copy_endpoint(struct event_endpoint *to, const struct event_endpoint *from) {
    endpoint_cleanup(to);
    *to = *from;
    to->host = mem_string(from->host);
    to->address = mem_string(from->address);
    to->program = mem_string(from->program);
}

// What is known of the session grows with its events, up to the last.
static void copy_session(struct session_document *document, const struct event_session *session) {
    struct event_endpoint client = document->session.client;
    struct event_endpoint server = document->session.server;
    copy_endpoint(&client, &session->client);
    copy_endpoint(&server, &session->server);
    document->session = *session;
    document->session.client = client;
    document->session.server = server;
}

void session_document_take(struct session_document *document, const struct event *event,
                           struct slice message) {
    assert(event->session != NULL);
    if (!document->begun || event->kind == EVENT_CONNECT || event->kind == EVENT_CLOSE) {
        copy_session(document, event->session);
        document->begun = true;
    }
    switch (event->kind) {
    case EVENT_CONNECT:
        document->connected = event->connect.connected;
        session_note_moment(document, (struct session_moment){.kind = EVENT_CONNECT,
                                                              .at_us = session_at_us(event)});
        return;
    case EVENT_TLS:
        take_tls(document, event);
        return;
    case EVENT_COMMAND:
        session_take_command(document, event);
        return;
    case EVENT_REPLY:
        session_take_reply(document, event);
        return;
    case EVENT_AUTH:
        take_auth(document, event);
        return;
    case EVENT_MESSAGE:
        take_message(document, event, message);
        return;
    case EVENT_FINDING:
        take_finding(document, event);
        return;
    case EVENT_NOTE:
        take_note(document, event);
        return;
    case EVENT_CLOSE:
        take_close(document, event);
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

void session_document_take_shown(struct session_document *document,
                                 const struct message_shown *shown) {
    struct session_moment *last =
        document->moment_count == 0 ? NULL : &document->moments[document->moment_count - 1];
    if (last != NULL && last->kind == EVENT_TEXT && last->which == (size_t)shown->message &&
        last->at_us == shown->at_us && last->lines > 0 && shown->lines > 0) {
        last->lines += shown->lines;
    } else if (shown->message <= LIMIT_MESSAGES && session_has_room(document, MOMENT_BYTES)) {
        session_note_moment(document, (struct session_moment){.kind = EVENT_TEXT,
                                                              .which = (size_t)shown->message,
                                                              .at_us = shown->at_us,
                                                              .lines = shown->lines});
    }
}

void session_document_skip(struct session_document *document, const struct event *event) {
    document->truncated = true;
    if (event->kind == EVENT_CLOSE) {
        session_document_take(document, event, (struct slice){0});
    }
}
