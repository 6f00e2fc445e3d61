// SPDX-License-Identifier: MIT
// session_exchange: commands and their replies in a session's document.
#include "base/clock.h"
#include "base/limits.h"
#include "transcript/json_parts.h"
#include "transcript/session_parts.h"

static struct session_exchange *add_exchange(struct session_document *document, int n) {
    if (document->exchange_count == LIMIT_EXCHANGES) {
        document->truncated = true;
        return NULL;
    }
    document->exchanges = session_grown(document->exchanges, document->exchange_count,
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

void session_take_command(struct session_document *document, const struct event *event) {
    const struct event_command *command = &event->command;
    size_t start = buf_len(&document->store);
    if (!session_has_room(document, 8 * command->line.text.len + SESSION_SLACK)) {
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
    json_member_ms(&json, "at_ms", session_at_us(event));
    json_close(&json, '}');
    exchange->command = session_span_since(&document->store, start);
    exchange->command_us = session_at_us(event);
    exchange->tls = command->tls;
    exchange->continuation = command->continuation;
    exchange->bdat = command->command.verb == VERB_BDAT;
    document->last_n = command->exchange;
    session_note_moment(document, (struct session_moment){.kind = EVENT_COMMAND,
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
    size_t bytes = SESSION_SLACK;
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
    json_member_ms(&json, "at_ms", session_at_us(event));
    json_close(&json, '}');
    return session_span_since(&document->store, start);
}

static void add_final(struct session_document *document, struct session_exchange *exchange,
                      struct span reply) {
    document->finals = session_grown(document->finals, document->final_count,
                                     &document->final_capacity, sizeof(*document->finals));
    size_t place = document->final_count++;
    document->finals[place] = (struct session_final){.reply = reply, .next = NO_PLACE};
    if (exchange->first_final == NO_PLACE) {
        exchange->first_final = place;
    } else {
        document->finals[exchange->last_final].next = place;
    }
    exchange->last_final = place;
}

// The difference of the two times that the document has, unless the decoder counts from elsewhere:
// from the last byte of a chunk.
static int64_t latency_us(const struct session_exchange *exchange, const struct event *event) {
    int64_t between_us = session_at_us(event) - exchange->command_us;
    int64_t told_us = event->reply.latency_ns / NS_PER_US;
    bool same = told_us >= between_us - 1 && told_us <= between_us + 1;
    return event->reply.latency_ns < 0 || same ? between_us : told_us;
}

void session_take_reply(struct session_document *document, const struct event *event) {
    const struct event_reply *reply = &event->reply;
    if (!session_has_room(document, reply_bytes(reply))) {
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
    if (!own && exchange->command_us >= 0) {
        exchange->latency_us = latency_us(exchange, event);
    }
    session_note_moment(document, (struct session_moment){.kind = EVENT_REPLY,
                                                          .final = own,
                                                          .which = place_of(document, exchange),
                                                          .at_us = -1});
}
