// SPDX-License-Identifier: MIT
#include "output/session.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "output/json_parts.h"
#include "output/session_parts.h"

#include <assert.h>
#include <stdlib.h>

// Room that one more part may need beyond the bytes counted for it, so that JSON is never cut.
#define SLACK (4 * KIB)

struct session_document *session_document_new(void) {
    struct session_document *document = mem_new(sizeof(*document));
    struct buf *const bufs[] = {&document->store, &document->auths, &document->messages,
                                &document->findings, &document->error};
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
    free(document->exchanges);
    free(document->finals);
    free(document->moments);
    free(document);
}

// ── keeping within the bounds ───────────────────────────────────────────────────────────────────

static void *grown(void *array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity == 0 ? 16 : 2 * *capacity;
    return mem_resize(array, *capacity, size);
}

static size_t bytes_held(const struct session_document *document) {
    return buf_len(&document->store) + buf_len(&document->messages) + buf_len(&document->findings) +
           buf_len(&document->auths);
}

// Whether something of about `bytes` may still be kept; says `truncated` where not.
static bool has_room(struct session_document *document, size_t bytes) {
    document->full |= bytes_held(document) + bytes > LIMIT_DOCUMENT;
    document->truncated |= document->full;
    return !document->full;
}

static void note_moment(struct session_document *document, struct session_moment moment) {
    document->moments = grown(document->moments, document->moment_count, &document->moment_capacity,
                              sizeof(*document->moments));
    document->moments[document->moment_count++] = moment;
}

static int64_t at_us(const struct event *event) {
    return json_at_us(event->session, event->at_ns);
}

static struct span span_since(const struct buf *buf, size_t start) {
    return (struct span){.offset = start, .len = buf_len(buf) - start};
}

// ── exchanges ───────────────────────────────────────────────────────────────────────────────────

static struct session_exchange *add_exchange(struct session_document *document, int n) {
    if (document->exchange_count == LIMIT_EXCHANGES) {
        document->truncated = true;
        return NULL;
    }
    document->exchanges = grown(document->exchanges, document->exchange_count,
                                &document->exchange_capacity, sizeof(*document->exchanges));
    struct session_exchange *exchange = &document->exchanges[document->exchange_count++];
    *exchange = (struct session_exchange){.n = n,
                                          .first_final = NO_PLACE,
                                          .last_final = NO_PLACE,
                                          .command_us = -1,
                                          .latency_us = -1};
    return exchange;
}

// The exchange `n`, searched from the one found last: replies come in the order of the commands.
static struct session_exchange *find_exchange(struct session_document *document, int n) {
    if (n > document->last_n) {
        return NULL;
    }
    for (size_t i = 0; i < document->exchange_count; i++) {
        size_t place = (document->last_hit + i) % document->exchange_count;
        if (document->exchanges[place].n == n) {
            document->last_hit = place;
            return &document->exchanges[place];
        }
    }
    return NULL;
}

static size_t place_of(const struct session_document *document,
                       const struct session_exchange *exchange) {
    return (size_t)(exchange - document->exchanges);
}

static void take_command(struct session_document *document, const struct event *event) {
    const struct event_command *command = &event->command;
    size_t start = buf_len(&document->store);
    if (!has_room(document, 8 * command->line.text.len + SLACK)) {
        return;
    }
    struct session_exchange *exchange = add_exchange(document, command->exchange);
    if (exchange == NULL) {
        return;
    }
    struct json_writer json = json_writer_on(&document->store, false);
    json_open(&json, '{');
    json_command_by(&json, command);
    json_command_verb_members(&json, command);
    json_member_ms(&json, "at_ms", at_us(event));
    json_close(&json, '}');
    exchange->command = span_since(&document->store, start);
    exchange->command_us = at_us(event);
    exchange->tls = command->tls;
    exchange->continuation = command->continuation;
    exchange->bdat = command->command.verb == VERB_BDAT;
    document->last_n = command->exchange;
    note_moment(document, (struct session_moment){.kind = EVENT_COMMAND,
                                                  .which = place_of(document, exchange),
                                                  .at_us = -1});
}

static struct session_exchange *add_greeting(struct session_document *document) {
    struct session_exchange *exchange = add_exchange(document, 0);
    if (exchange != NULL) {
        document->greeting = place_of(document, exchange);
    }
    return exchange;
}

// Where this reply goes: its command's exchange, or one of its own. NULL where neither is kept.
static struct session_exchange *exchange_of(struct session_document *document,
                                            const struct event_reply *reply) {
    struct session_exchange *exchange = NULL;
    if (reply->to == EVENT_NO_EXCHANGE) {
        exchange = add_exchange(document, NO_EXCHANGE_N);
    } else if ((exchange = find_exchange(document, reply->to)) != NULL) {
        bool answered = exchange->reply.len > 0 && !reply->final;
        return answered ? add_exchange(document, NO_EXCHANGE_N) : exchange;
    } else if (reply->to == 0) {
        exchange = add_greeting(document);
    }
    if (exchange != NULL) {
        exchange->tls = reply->tls;
    }
    return exchange;
}

static size_t reply_bytes(const struct event_reply *reply) {
    size_t bytes = SLACK;
    for (size_t i = 0; i < reply->line_count; i++) {
        bytes += 8 * reply->lines[i].line.text.len + 32;
    }
    return bytes;
}

static struct span store_reply(struct session_document *document, const struct event *event) {
    size_t start = buf_len(&document->store);
    struct json_writer json = json_writer_on(&document->store, false);
    json_open(&json, '{');
    json_reply_members(&json, &event->reply);
    if (!slice_is_null(event->reply.recipient)) {
        json_member_text(&json, "recipient", event->reply.recipient);
    }
    json_member_ms(&json, "at_ms", at_us(event));
    json_close(&json, '}');
    return span_since(&document->store, start);
}

static void add_final(struct session_document *document, struct session_exchange *exchange,
                      struct span reply) {
    document->finals = grown(document->finals, document->final_count, &document->final_capacity,
                             sizeof(*document->finals));
    size_t place = document->final_count++;
    document->finals[place] = (struct session_final){.reply = reply, .next = NO_PLACE};
    if (exchange->first_final == NO_PLACE) {
        exchange->first_final = place;
    } else {
        document->finals[exchange->last_final].next = place;
    }
    exchange->last_final = place;
}

static void take_reply(struct session_document *document, const struct event *event) {
    const struct event_reply *reply = &event->reply;
    if (!has_room(document, reply_bytes(reply))) {
        return;
    }
    struct session_exchange *exchange = exchange_of(document, reply);
    if (exchange == NULL) {
        return;
    }
    struct span span = store_reply(document, event);
    bool own = reply->final && !exchange->bdat;
    if (reply->final && !slice_is_null(reply->recipient)) {
        add_final(document, exchange, span);
        own = true;
    } else if (own) {
        exchange->final_reply = span;
    } else {
        exchange->reply = span;
    }
    if (!own && exchange->command_us >= 0 && reply->latency_ns >= 0) {
        int64_t latency_us = at_us(event) - exchange->command_us;
        exchange->latency_us = latency_us >= 0 ? latency_us : reply->latency_ns / NS_PER_US;
    }
    note_moment(document, (struct session_moment){.kind = EVENT_REPLY,
                                                  .final = own,
                                                  .which = place_of(document, exchange),
                                                  .at_us = -1});
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
    document->tls[side] = span_since(&document->store, start);
    note_moment(document, (struct session_moment){
                              .kind = EVENT_TLS, .which = (size_t)side, .at_us = at_us(event)});
}

static void take_auth(struct session_document *document, const struct event *event) {
    if (!has_room(document, SLACK + 8 * event->auth.identity.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->auths, document->auth_count > 0);
    json_open(&json, '{');
    json_auth_members(&json, &event->auth);
    json_close(&json, '}');
    note_moment(document, (struct session_moment){.kind = EVENT_AUTH,
                                                  .which = document->auth_count,
                                                  .at_us = at_us(event)});
    document->auth_count++;
}

static void take_message(struct session_document *document, const struct event *event,
                         struct slice object) {
    if (document->message_count == LIMIT_MESSAGES) {
        document->truncated = true;
        return;
    }
    if (!has_room(document, object.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->messages, document->message_count > 0);
    json_raw(&json, object);
    note_moment(document, (struct session_moment){.kind = EVENT_MESSAGE,
                                                  .which = document->message_count,
                                                  .at_us = at_us(event)});
    document->message_count++;
}

static void take_finding(struct session_document *document, const struct event *event) {
    if (!has_room(document, SLACK + 8 * event->finding.text.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->findings, document->finding_count > 0);
    json_open(&json, '{');
    json_finding_members(&json, &event->finding);
    json_close(&json, '}');
    note_moment(document, (struct session_moment){.kind = EVENT_FINDING,
                                                  .which = document->finding_count,
                                                  .at_us = at_us(event)});
    document->finding_count++;
}

static void take_note(struct session_document *document, const struct event *event) {
    size_t start = buf_len(&document->store);
    if (!has_room(document, SLACK + 8 * event->note.text.len)) {
        return;
    }
    struct json_writer json = json_writer_on(&document->store, false);
    json_text(&json, event->note.text);
    note_moment(document, (struct session_moment){.kind = EVENT_NOTE,
                                                  .at_us = at_us(event),
                                                  .object = span_since(&document->store, start)});
}

static void take_close(struct session_document *document, const struct event *event) {
    document->closed = true;
    document->close = event->close;
    document->close.error = (struct slice){0};
    if (!slice_is_null(event->close.error)) {
        buf_clear(&document->error);
        buf_put(&document->error, event->close.error);
        document->close.error = buf_slice(&document->error);
    }
    document->truncated |= event->close.truncated;
    note_moment(document, (struct session_moment){.kind = EVENT_CLOSE,
                                                  .which = (size_t)event->close.by,
                                                  .at_us = at_us(event)});
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
        note_moment(document,
                    (struct session_moment){.kind = EVENT_CONNECT, .at_us = at_us(event)});
        return;
    case EVENT_TLS:
        take_tls(document, event);
        return;
    case EVENT_COMMAND:
        take_command(document, event);
        return;
    case EVENT_REPLY:
        take_reply(document, event);
        return;
    case EVENT_AUTH:
        take_auth(document, event);
        return;
    case EVENT_DATA: // counted by text_at, and thus by the timeline
        note_moment(document, (struct session_moment){.kind = EVENT_DATA, .at_us = at_us(event)});
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
    case EVENT_CONTENT_END:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_LOST:
    case EVENT_PAUSED:
    case EVENT_KIND_COUNT:
        return;
    }
}

void session_document_skip(struct session_document *document, const struct event *event) {
    document->truncated = true;
    if (event->kind == EVENT_CLOSE) {
        session_document_take(document, event, (struct slice){0});
    }
}
