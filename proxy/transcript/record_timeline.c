// SPDX-License-Identifier: MIT
// record_timeline: the moments of a record, as `timeline` has them: [event, which, ms]. Which
// exchange (its place in the list), side, auth, message or finding; commands and replies have their
// times themselves. Lines of a message's text are ["text", message number, ms, how many], its end
// is the same with none; a happening is ["note", text, ms]; a line of the greeting that came before
// the whole is ["line", 0, ms]. A handshake that a later one replaced
// follows its time.
#include "base/clock.h"
#include "base/memory.h"
#include "transcript/field_read_parts.h"
#include "transcript/record_event.h"
#include "transcript/record_fields.h"

#include <stdlib.h>

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static const char *name_of(const struct record_moment *moment) {
    if (moment->kind == EVENT_NOTE) {
        return "note";
    }
    if (moment->kind == EVENT_TEXT) {
        return "text";
    }
    if (moment->kind == EVENT_GREETING) {
        return "line";
    }
    return moment->final ? "final" : event_kind_name(moment->kind);
}

static void write_which(struct json_writer *json, const struct record_moment *moment) {
    if (moment->kind == EVENT_TLS) {
        json_string(json, side_name((enum side)moment->which));
    } else if (moment->kind == EVENT_CLOSE) {
        json_string(json, party_name((enum party)moment->which));
    } else if (moment->kind == EVENT_NOTE) {
        json_text(json, moment->text);
    } else if (moment->kind == EVENT_CONNECT) {
        json_null(json);
    } else {
        json_uint(json, moment->which);
    }
}

void record_write_moment(struct json_writer *json, const struct record *record,
                         const struct record_moment *moment) {
    json_open(json, '[');
    json_string(json, name_of(moment));
    write_which(json, moment);
    if (moment->at_ns >= 0) {
        json_ms(json, moment->at_ns / NS_PER_US);
    }
    if (moment->kind == EVENT_TLS && moment->tls != record->tls[moment->which]) {
        json_open(json, '{');
        fields_write(json, &tls_table, moment->tls, FIELD_JSON);
        json_close(json, '}');
    }
    if (moment->kind == EVENT_TEXT) {
        json_uint(json, moment->lines);
    }
    json_close(json, ']');
}

void record_write_timeline(struct json_writer *json, const struct record *record) {
    json_open(json, '[');
    for (size_t i = 0; i < record->moment_count; i++) {
        record_write_moment(json, record, &record->moments[i]);
    }
    json_close(json, ']');
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────

static bool read_kind(struct record_moment *moment, const char *name) {
    struct slice wanted = slice_of_string(name);
    moment->final = slice_is(wanted, "final");
    moment->kind = moment->final              ? EVENT_REPLY
                   : slice_is(wanted, "note") ? EVENT_NOTE
                   : slice_is(wanted, "text") ? EVENT_TEXT
                   : slice_is(wanted, "line") ? EVENT_GREETING
                                              : event_kind_find(wanted);
    return moment->kind != EVENT_KIND_COUNT;
}

static enum party party_of_name(const char *name) {
    for (enum party each = PARTY_CLIENT; each <= PARTY_PROXY; each++) {
        if (name != NULL && slice_is(slice_of_string(name), party_name(each))) {
            return each;
        }
    }
    return PARTY_NONE;
}

static bool read_tls(struct record_moment *moment, struct record *record, const cJSON *entry) {
    enum party party = party_of_name(cJSON_GetStringValue(cJSON_GetArrayItem(entry, 1)));
    const cJSON *object = cJSON_GetArrayItem(entry, 3);
    moment->which = party == PARTY_SERVER ? SIDE_SERVER : SIDE_CLIENT;
    moment->tls = record->tls[moment->which];
    if (cJSON_IsObject(object)) {
        struct event_tls *tls = arena_new(&record->arena, 1, sizeof(*tls));
        fields_read(&record->arena, &tls_table, tls, object, FIELD_JSON);
        moment->tls = tls;
    }
    return moment->tls != NULL;
}

// False for what the document does not hold.
static bool read_which(struct record_moment *moment, struct record *record, const cJSON *entry) {
    const cJSON *which = cJSON_GetArrayItem(entry, 1);
    bool is_place = cJSON_IsNumber(which) && which->valuedouble >= 0;
    moment->which = (size_t)json_number(which);
    switch ((unsigned)moment->kind) {
    case EVENT_CONNECT:
    case EVENT_GREETING:
        return true;
    case EVENT_CLOSE:
        moment->which = party_of_name(cJSON_GetStringValue(which));
        return record->closed;
    case EVENT_TLS:
        return read_tls(moment, record, entry);
    case EVENT_NOTE:
        moment->text = json_text_read(&record->arena, which);
        return true;
    case EVENT_TEXT:
        moment->lines = json_number(cJSON_GetArrayItem(entry, 3));
        return moment->lines < INT32_MAX;
    case EVENT_COMMAND:
    case EVENT_REPLY:
        return is_place && moment->which < record->exchange_count;
    case EVENT_AUTH:
        return is_place && moment->which < record->auth_count;
    case EVENT_MESSAGE:
        return is_place && moment->which < record->message_count;
    case EVENT_FINDING:
        return is_place && moment->which < record->finding_count;
    case EVENT_FAULT:
        return is_place && moment->which < record->fault_count;
    }
    return false;
}

// Whether the exchange has what the moment is of. Of LMTP's answers each has its own.
static bool is_there(struct record_moment *moment, const struct record *record, size_t *finals) {
    const struct record_exchange *exchange = &record->exchanges[moment->which];
    if (moment->kind == EVENT_COMMAND) {
        return exchange->command != NULL;
    }
    if (!moment->final) {
        return exchange->reply != NULL;
    }
    moment->nth = exchange->final_reply != NULL ? 0 : finals[moment->which]++;
    return exchange->final_reply != NULL || moment->nth < exchange->final_reply_count;
}

// `finals` counts the final replies of each exchange so far.
static void add(struct record *record, struct record_moment moment, size_t *finals) {
    bool of_exchange = moment.kind == EVENT_COMMAND || moment.kind == EVENT_REPLY;
    if (!of_exchange || is_there(&moment, record, finals)) {
        record_add_moment(record, moment);
    }
}

bool record_read_moment(struct record_moment *out, struct record *record, const cJSON *entry) {
    *out = (struct record_moment){.at_ns = json_ms_read(cJSON_GetArrayItem(entry, 2))};
    return read_kind(out, cJSON_GetStringValue(cJSON_GetArrayItem(entry, 0))) &&
           read_which(out, record, entry);
}

static void read_entries(struct record *record, const cJSON *timeline, size_t *finals) {
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, timeline) {
        struct record_moment moment;
        if (record_read_moment(&moment, record, entry)) {
            add(record, moment, finals);
        }
    }
}

// ── without a timeline ──────────────────────────────────────────────────────────────────────────

static void add_each(struct record *record, enum event_kind kind, size_t first, size_t count) {
    for (size_t i = first; i < count; i++) {
        record_add_moment(record, (struct record_moment){.kind = kind, .which = i, .at_ns = -1});
    }
}

// With its time, or that of the one before, and its place among those of the same time.
static void add_timed(struct record *record, struct record_moment moment, size_t *finals) {
    size_t place = record->moment_count;
    add(record, moment, finals);
    if (place < record->moment_count) {
        struct record_moment *added = &record->moments[place];
        int64_t at_ns = record_moment_at(record, added);
        added->at_ns = at_ns < 0 ? record->moments[place - 1].at_ns : at_ns;
        added->lines = place;
    }
}

static int by_time(const void *left, const void *right) {
    const struct record_moment *a = left;
    const struct record_moment *b = right;
    int order = (a->at_ns > b->at_ns) - (a->at_ns < b->at_ns);
    return order != 0 ? order : (a->lines > b->lines) - (a->lines < b->lines);
}

// The text of a message came after the 354, which is the first reply of two.
static void add_exchange(struct record *record, size_t place, size_t *message, size_t *finals) {
    const struct record_exchange *exchange = &record->exchanges[place];
    size_t count = exchange->final_reply != NULL ? 1 : exchange->final_reply_count;
    struct record_moment moment = {.kind = EVENT_COMMAND, .which = place, .at_ns = -1};
    add_timed(record, moment, finals);
    moment.kind = EVENT_REPLY;
    add_timed(record, moment, finals);
    if (count > 0 && *message < record->message_count && !record->messages[*message].event.bdat) {
        struct record_moment text = {.kind = EVENT_MESSAGE, .which = (*message)++, .at_ns = -1};
        add_timed(record, text, finals);
    }
    moment.final = true;
    for (size_t i = 0; i < count; i++) {
        add_timed(record, moment, finals);
    }
}

static void add_tls(struct record *record, enum side side) {
    if (record->tls[side] != NULL) {
        record_add_moment(
            record, (struct record_moment){
                        .kind = EVENT_TLS, .which = side, .at_ns = -1, .tls = record->tls[side]});
    }
}

static void add_close(struct record *record) {
    enum party by = record->close.outcome == OUTCOME_CLIENT_CLOSED   ? PARTY_CLIENT
                    : record->close.outcome == OUTCOME_SERVER_CLOSED ? PARTY_SERVER
                                                                     : PARTY_NONE;
    if (record->closed) {
        record_add_moment(record,
                          (struct record_moment){.kind = EVENT_CLOSE, .which = by, .at_ns = -1});
    }
}

// Another program rewrote the document: the exchanges by their times, and all else after them.
static void add_all(struct record *record, size_t *finals) {
    size_t message = 0;
    add_each(record, EVENT_CONNECT, 0, 1);
    for (size_t i = 0; i < record->exchange_count; i++) {
        add_exchange(record, i, &message, finals);
    }
    qsort(record->moments, record->moment_count, sizeof(*record->moments), by_time);
    add_tls(record, SIDE_CLIENT);
    add_tls(record, SIDE_SERVER);
    add_each(record, EVENT_AUTH, 0, record->auth_count);
    add_each(record, EVENT_MESSAGE, message, record->message_count);
    add_each(record, EVENT_FINDING, 0, record->finding_count);
    add_each(record, EVENT_FAULT, 0, record->fault_count);
    add_close(record);
}

void record_read_timeline(struct record *record, const cJSON *timeline) {
    size_t *finals = mem_new_array(record->exchange_count, sizeof(*finals));
    if (cJSON_IsArray(timeline)) {
        read_entries(record, timeline, finals);
    } else {
        add_all(record, finals);
    }
    free(finals);
}
