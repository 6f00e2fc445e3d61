// SPDX-License-Identifier: MIT
// record_exchange: commands and their replies in a record.
#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"
#include "transcript/record_build.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

#include <string.h>

static struct record_exchange *add_exchange(struct record *record, int n) {
    if (record->exchange_count == LIMIT_EXCHANGES) {
        record->truncated = true;
        return NULL;
    }
    record->exchanges = array_grown(record->exchanges, record->exchange_count,
                                    &record->exchange_room, sizeof(*record->exchanges));
    struct record_exchange *exchange = &record->exchanges[record->exchange_count++];
    *exchange = (struct record_exchange){.n = n, .latency_ns = -1};
    return exchange;
}

// The exchange `n`, searched from the one found last: replies come in the order of the commands.
static struct record_exchange *find_exchange(struct record *record, int n) {
    if (n > record->last_n) {
        return NULL;
    }
    for (size_t i = 0; i < record->exchange_count; i++) {
        size_t place = (record->last_hit + i) % record->exchange_count;
        if (record->exchanges[place].n == n) {
            record->last_hit = place;
            return &record->exchanges[place];
        }
    }
    return NULL;
}

static void add_moment_of(struct record *record, const struct record_exchange *exchange,
                          struct record_moment moment) {
    moment.which = (size_t)(exchange - record->exchanges);
    moment.at_ns = -1;
    record_add_moment(record, moment);
}

void record_take_command(struct record *record, const struct event *event) {
    arena_clear(&record->scratch);
    struct record_command command = record_command_of(&record->scratch, event);
    struct record_exchange *exchange = NULL;
    if (record_has_room(record, &command_table, &command)) {
        exchange = add_exchange(record, command.exchange);
    }
    if (exchange == NULL) {
        return;
    }
    exchange->command = record_keep(record, &command_table, &command);
    exchange->tls = event->command.tls;
    exchange->continuation = command.continuation;
    exchange->bdat = event->command.command.verb == VERB_BDAT;
    record->last_n = command.exchange;
    add_moment_of(record, exchange, (struct record_moment){.kind = EVENT_COMMAND});
}

// The greeting stands first, also where the client did not wait for it.
static struct record_exchange *add_greeting(struct record *record) {
    struct record_exchange *exchange = add_exchange(record, 0);
    if (exchange == NULL || record->exchange_count == 1) {
        return exchange;
    }
    struct record_exchange greeting = *exchange;
    memmove(record->exchanges + 1, record->exchanges,
            (record->exchange_count - 1) * sizeof(greeting));
    record->exchanges[0] = greeting;
    for (size_t i = 0; i < record->moment_count; i++) {
        enum event_kind kind = record->moments[i].kind;
        record->moments[i].which += kind == EVENT_COMMAND || kind == EVENT_REPLY ? 1 : 0;
    }
    return &record->exchanges[0];
}

// Where this reply goes: its command's exchange, or one of its own. NULL where neither is kept.
static struct record_exchange *exchange_of(struct record *record, const struct event_reply *reply) {
    struct record_exchange *exchange = NULL;
    if (reply->to == EVENT_NO_EXCHANGE) {
        exchange = add_exchange(record, EVENT_NO_EXCHANGE);
    } else if ((exchange = find_exchange(record, reply->to)) != NULL) {
        bool answered = exchange->reply != NULL && !reply->final;
        return answered ? add_exchange(record, EVENT_NO_EXCHANGE) : exchange;
    } else if (reply->to == 0) {
        exchange = add_greeting(record);
    }
    if (exchange != NULL) {
        exchange->tls = reply->tls;
    }
    return exchange;
}

// The list is moved when it has grown to a power of two.
static void add_final(struct record *record, struct record_exchange *exchange,
                      const struct record_reply *reply) {
    size_t count = exchange->final_reply_count++;
    if ((count & (count - 1)) == 0) {
        struct record_reply *moved =
            arena_new(&record->arena, count == 0 ? 1 : 2 * count, sizeof(*moved));
        if (count > 0) {
            memcpy(moved, exchange->final_replies, count * sizeof(*moved));
        }
        exchange->final_replies = moved;
    }
    exchange->final_replies[count] = *reply;
    fields_keep(&record->arena, &reply_table, &exchange->final_replies[count]);
}

// The difference of the two times that the document has, unless the decoder counts from elsewhere:
// from the last byte of a chunk.
static int64_t latency_ns(const struct record_exchange *exchange, const struct record_reply *reply,
                          int64_t told_ns) {
    int64_t between_ns = reply->at_ns - exchange->command->at_ns;
    int64_t told_us = told_ns / NS_PER_US;
    int64_t off_us = told_us - between_ns / NS_PER_US;
    bool same = off_us >= -1 && off_us <= 1;
    return told_ns < 0 || same ? between_ns : told_us * NS_PER_US;
}

void record_take_reply(struct record *record, const struct event *event) {
    arena_clear(&record->scratch);
    struct record_reply reply = record_reply_of(&record->scratch, event);
    struct record_exchange *exchange = NULL;
    if (record_has_room(record, &reply_table, &reply)) {
        exchange = exchange_of(record, &event->reply);
    }
    if (exchange == NULL) {
        return;
    }
    struct record_moment moment = {.kind = EVENT_REPLY, .final = reply.final && !exchange->bdat};
    if (reply.final && !slice_is_null(reply.recipient)) {
        moment.final = true;
        moment.nth = exchange->final_reply_count;
        add_final(record, exchange, &reply);
    } else if (moment.final) {
        exchange->final_reply = record_keep(record, &reply_table, &reply);
    } else {
        exchange->reply = record_keep(record, &reply_table, &reply);
    }
    if (!moment.final && exchange->command != NULL) {
        exchange->latency_ns = latency_ns(exchange, &reply, event->reply.latency_ns);
    }
    add_moment_of(record, exchange, moment);
}
