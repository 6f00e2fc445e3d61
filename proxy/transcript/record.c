// SPDX-License-Identifier: MIT
#include "transcript/record.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "transcript/message_log.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// About what a moment takes in the document.
#define MOMENT_BYTES ((size_t)32)
// Room that one more part may need beyond the bytes counted for it.
#define PART_SLACK ((size_t)512)

struct record *record_new(const struct budget_share *share) {
    struct record *record = mem_new(sizeof(*record));
    record->share = share;
    record->close.bytes_from_client = RECORD_BYTES_UNKNOWN;
    record->close.bytes_from_server = RECORD_BYTES_UNKNOWN;
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
    free_list(record->faults, record->fault_room);
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
           record->fault_room * sizeof(*record->faults) +
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

static bool has_room_for(struct record *record, const struct field_table *table,
                         const void *object) {
    return record->whole ||
           has_room(record, PART_SLACK / 4 + table->size + fields_size(table, object));
}

static void *keep_object(struct record *record, const struct field_table *table,
                         const void *object) {
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

// ── commands and replies ────────────────────────────────────────────────────────────────────────

// A greeting that comes after the commands of a client that does not wait for it is the first of
// the exchanges all the same.
static bool has_place_for(const struct record *record, int n) {
    size_t kept_free = record->greeted || n == 0 ? 0 : 1;
    return record->whole || record->exchange_count + kept_free < LIMIT_EXCHANGES;
}

static struct record_exchange *add_exchange(struct record *record, int n) {
    if (!has_place_for(record, n)) {
        record->truncated = true;
        return NULL;
    }
    record->exchanges = array_grown(record->exchanges, record->exchange_count,
                                    &record->exchange_room, sizeof(*record->exchanges));
    struct record_exchange *exchange = &record->exchanges[record->exchange_count++];
    record->greeted = record->greeted || n == 0;
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

static void add_exchange_moment(struct record *record, const struct record_exchange *exchange,
                                struct record_moment moment) {
    moment.which = (size_t)(exchange - record->exchanges);
    moment.at_ns = -1;
    record_add_moment(record, moment);
}

void record_add_command(struct record *record, const struct record_command *command, bool tls) {
    struct record_exchange *exchange = NULL;
    if (has_room_for(record, &command_table, command)) {
        exchange = add_exchange(record, command->exchange);
    }
    if (exchange == NULL) {
        return;
    }
    exchange->command = keep_object(record, &command_table, command);
    exchange->tls = tls;
    exchange->continuation = command->continuation;
    exchange->bdat = verb_find(command->verb) == VERB_BDAT;
    record->last_n = command->exchange;
    add_exchange_moment(record, exchange, (struct record_moment){.kind = EVENT_COMMAND});
}

// The greeting is first, also where the client did not wait for it.
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

// Whether the place of this reply is taken.
static bool is_answered(const struct record_exchange *exchange, const struct record_reply *reply) {
    if (reply->final && !slice_is_null(reply->recipient)) {
        return false;
    }
    return (reply->final && !exchange->bdat ? exchange->final_reply : exchange->reply) != NULL;
}

// Where this reply goes: its command's exchange, or one of its own. NULL where neither is kept.
static struct record_exchange *exchange_of(struct record *record, const struct record_reply *reply,
                                           bool tls) {
    struct record_exchange *exchange = NULL;
    if (reply->to == EVENT_NO_EXCHANGE) {
        exchange = add_exchange(record, EVENT_NO_EXCHANGE);
    } else if ((exchange = find_exchange(record, reply->to)) != NULL) {
        return is_answered(exchange, reply) ? add_exchange(record, EVENT_NO_EXCHANGE) : exchange;
    } else if (reply->to == 0) {
        exchange = add_greeting(record);
    } else if (record->whole) { // its command went by while the recording was paused
        exchange = add_exchange(record, reply->to);
    }
    if (exchange != NULL) {
        exchange->tls = tls;
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
                          int64_t decoder_ns) {
    int64_t between_ns = reply->at_ns - exchange->command->at_ns;
    int64_t decoder_us = decoder_ns / NS_PER_US;
    int64_t off_us = decoder_us - between_ns / NS_PER_US;
    bool same = off_us >= -1 && off_us <= 1;
    return decoder_ns < 0 || same ? between_ns : decoder_us * NS_PER_US;
}

void record_add_reply(struct record *record, const struct record_reply *reply, bool tls,
                      int64_t decoder_ns) {
    struct record_exchange *exchange = NULL;
    if (has_room_for(record, &reply_table, reply)) {
        exchange = exchange_of(record, reply, tls);
    }
    if (exchange == NULL) {
        return;
    }
    struct record_moment moment = {.kind = EVENT_REPLY, .final = reply->final && !exchange->bdat};
    if (reply->final && !slice_is_null(reply->recipient)) {
        moment.final = true;
        moment.nth = exchange->final_reply_count;
        add_final(record, exchange, reply);
    } else if (moment.final) {
        exchange->final_reply = keep_object(record, &reply_table, reply);
    } else {
        exchange->reply = keep_object(record, &reply_table, reply);
    }
    if (!moment.final && exchange->command != NULL) {
        exchange->latency_ns = latency_ns(exchange, reply, decoder_ns);
    }
    add_exchange_moment(record, exchange, moment);
}

static void take_command(struct record *record, const struct event *event) {
    arena_clear(&record->scratch);
    struct record_command command = record_command_of(&record->scratch, event);
    record_add_command(record, &command, event->command.tls);
}

size_t record_greeting_moments(const struct record_moment *moments, size_t count,
                               const struct event *event) {
    while (event->reply.to == 0 && count > 0 && moments[count - 1].kind == EVENT_GREETING &&
           record_same_ms(event->session, moments[count - 1].at_ns,
                          record_at_ns(event->session, event->at_ns))) {
        count--;
    }
    return count;
}

static void take_reply(struct record *record, const struct event *event) {
    record->moment_count = record_greeting_moments(record->moments, record->moment_count, event);
    arena_clear(&record->scratch);
    struct record_reply reply = record_reply_of(&record->scratch, event);
    record_add_reply(record, &reply, event->reply.tls, event->reply.latency_ns);
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
    tls.verify_name = NULL; // these are for the rules
    tls.shown_faults = NULL;
    tls.shown = NULL;
    record->tls[side] = keep_object(record, &tls_table, &tls);
    add_moment_of(record, event, (size_t)side);
    record->moments[record->moment_count - 1].tls = record->tls[side];
}

static void take_auth(struct record *record, const struct event *event) {
    if (!has_room_for(record, &auth_table, &event->auth)) {
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
    assert(message != NULL);
    if (record->message_count == LIMIT_MESSAGES && !record->whole) {
        record->truncated = true;
        return;
    }
    if (!has_room_for(record, &message_table, message)) {
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
    if (!has_room_for(record, &finding_table, &event->finding)) {
        return;
    }
    record->findings = array_grown(record->findings, record->finding_count, &record->finding_room,
                                   sizeof(*record->findings));
    struct event_finding *finding = &record->findings[record->finding_count];
    *finding = event->finding;
    fields_keep(&record->arena, &finding_table, finding);
    add_moment_of(record, event, record->finding_count++);
}

static void take_fault(struct record *record, const struct event *event) {
    if (!has_room_for(record, &fault_table, &event->fault)) {
        return;
    }
    record->faults = array_grown(record->faults, record->fault_count, &record->fault_room,
                                 sizeof(*record->faults));
    struct event_fault *fault = &record->faults[record->fault_count];
    *fault = event->fault;
    fields_keep(&record->arena, &fault_table, fault);
    add_moment_of(record, event, record->fault_count++);
}

static void take_note(struct record *record, const struct event *event) {
    if (!has_room(record, PART_SLACK + json_text_size(event->note.text))) {
        return;
    }
    add_moment_of(record, event, 0);
    record->moments[record->moment_count - 1].text = arena_copy(&record->arena, event->note.text);
}

static void take_close(struct record *record, const struct event *event) {
    struct event_close *close = &record->close;
    *close = event->close;
    close->duration_ns = record_at_ns(event->session, close->duration_ns);
    fields_keep(&record->arena, &close_table, close);
    record->closed = true;
    record->ended_unix_ns = event->session->started_unix_ns + event->close.duration_ns;
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
    switch ((unsigned)event->kind) {
    case EVENT_CONNECT:
    case EVENT_GREETING:
        add_moment_of(record, event, 0);
        return;
    case EVENT_TLS:
        take_tls(record, event);
        return;
    case EVENT_COMMAND:
        take_command(record, event);
        return;
    case EVENT_REPLY:
        take_reply(record, event);
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
    case EVENT_FAULT:
        take_fault(record, event);
        break;
    case EVENT_NOTE:
        take_note(record, event);
        return;
    case EVENT_CLOSE:
        take_close(record, event);
        return;
    }
}

bool record_moment_grows(struct record_moment *moment, const struct message_shown *shown) {
    bool same = moment->kind == EVENT_TEXT && moment->which == (size_t)shown->message &&
                moment->at_ns == shown->at_ns && moment->lines > 0 && shown->lines > 0;
    moment->lines += same ? shown->lines : 0;
    return same;
}

struct record_moment record_moment_of(const struct message_shown *shown) {
    return (struct record_moment){.kind = EVENT_TEXT,
                                  .which = (size_t)shown->message,
                                  .at_ns = shown->at_ns,
                                  .lines = shown->lines};
}

static void take_shown(struct record *record, const struct message_shown *shown) {
    bool grows = record->moment_count > 0 &&
                 record_moment_grows(&record->moments[record->moment_count - 1], shown);
    if (!grows && shown->message <= LIMIT_MESSAGES && has_room(record, 0)) {
        record_add_moment(record, record_moment_of(shown));
    }
}

void record_take_logged(struct record *record, const struct event *event,
                        struct message_log *messages) {
    struct message_shown shown;
    record_take(record, event, message_log_message(messages));
    if (message_log_shown(messages, &shown)) {
        take_shown(record, &shown);
    }
}

static void shift(struct record_reply *reply, int64_t by_ns) {
    if (reply != NULL) {
        reply->at_ns += by_ns;
    }
}

void record_set_start(struct record *record, int64_t unix_ns) {
    int64_t by_ns = record->session.started_unix_ns - unix_ns;
    record->session.started_unix_ns = unix_ns;
    for (size_t i = 0; i < record->exchange_count; i++) {
        struct record_exchange *exchange = &record->exchanges[i];
        if (exchange->command != NULL) {
            exchange->command->at_ns += by_ns;
        }
        shift(exchange->reply, by_ns);
        shift(exchange->final_reply, by_ns);
        for (size_t k = 0; k < exchange->final_reply_count; k++) {
            shift(&exchange->final_replies[k], by_ns);
        }
    }
    for (size_t i = 0; i < record->moment_count; i++) {
        record->moments[i].at_ns += record->moments[i].at_ns < 0 ? 0 : by_ns;
    }
}

void record_skip(struct record *record, const struct event *event) {
    record->truncated = true;
    if (event->kind == EVENT_CLOSE) {
        record_take(record, event, NULL);
    }
}
