// SPDX-License-Identifier: MIT
#include "transcript/reader_timeline.h"

#include <string.h>

static const cJSON *node_at(const struct node_list *list, const cJSON *place) {
    bool sane = cJSON_IsNumber(place) && place->valuedouble >= 0 &&
                place->valuedouble < (double)list->count;
    return sane ? list->nodes[(size_t)place->valuedouble] : NULL;
}

// ── items ───────────────────────────────────────────────────────────────────────────────────────

// Add items behind those that are there; what the document does not hold adds none.
static struct item *timeline_add_item(struct json_index *index, enum item_kind kind,
                                      int64_t at_us) {
    struct item *item = reader_add_item(index->reader, kind);
    index->last_us = at_us > index->last_us ? at_us : index->last_us;
    item->session = index->session;
    // What a reply that came later has decided was sent before it, and is told so.
    item->at_unix_us = index->started_us + (at_us >= 0 ? at_us : index->last_us);
    return item;
}

void timeline_add_event(struct json_index *index, enum event_kind kind, const cJSON *node,
                        int64_t at_us) {
    struct item *item = timeline_add_item(index, ITEM_EVENT, at_us);
    item->event = kind;
    item->node = node;
}

void timeline_add_command(struct json_index *index, const cJSON *exchange) {
    const cJSON *command = json_get(exchange, "command");
    if (command != NULL) {
        timeline_add_event(index, EVENT_COMMAND, command, json_us(json_get(command, "at_ms")));
        index->reader->items[index->reader->item_count - 1].exchange = exchange;
    }
}

static void add_reply(struct json_index *index, const cJSON *exchange, const cJSON *reply,
                      bool final) {
    if (cJSON_IsObject(reply)) {
        timeline_add_event(index, EVENT_REPLY, reply, json_us(json_get(reply, "at_ms")));
        index->reader->items[index->reader->item_count - 1].exchange = exchange;
        index->reader->items[index->reader->item_count - 1].final = final;
    }
}

void timeline_add_tls(struct json_index *index, const char *side, const cJSON *object,
                      int64_t at_us) {
    const cJSON *tls = json_get(index->object, "tls");
    enum party by = side != NULL && strcmp(side, "server") == 0 ? PARTY_SERVER : PARTY_CLIENT;
    object = object != NULL ? object : json_get(tls, party_name(by));
    if (cJSON_IsObject(object)) {
        timeline_add_event(index, EVENT_TLS, object, at_us);
        index->reader->items[index->reader->item_count - 1].by = by;
    }
}

static enum party party_named(const char *name) {
    for (enum party each = PARTY_CLIENT; each <= PARTY_PROXY; each++) {
        if (name != NULL && strcmp(name, party_name(each)) == 0) {
            return each;
        }
    }
    return PARTY_NONE;
}

void timeline_add_close(struct json_index *index, const char *by, int64_t at_us) {
    if (json_get_string(index->object, "outcome") != NULL) {
        timeline_add_event(index, EVENT_CLOSE, index->object, at_us);
        index->reader->items[index->reader->item_count - 1].by = party_named(by);
    }
}

void timeline_add_reply(struct json_index *index, const cJSON *exchange) {
    add_reply(index, exchange, json_get(exchange, "reply"), false);
}

// ── the lines of messages ───────────────────────────────────────────────────────────────────────

static const cJSON *message_numbered(const struct node_list *messages, size_t n) {
    for (size_t i = n > 0 ? n - 1 : 0; i < messages->count; i++) { // most often its place
        if (json_get_uint(messages->nodes[i], "n") == n) {
            return messages->nodes[i];
        }
    }
    return NULL;
}

static void add_lines(struct json_index *index, const cJSON *entry) {
    size_t n = json_count(cJSON_GetArrayItem(entry, 1));
    const cJSON *message = message_numbered(&index->messages, n);
    if (message != NULL) {
        struct item *item =
            timeline_add_item(index, ITEM_LINES, json_us(cJSON_GetArrayItem(entry, 2)));
        item->node = message;
        item->message = (int)(n & 0x7FFFFFFF);
        item->line_count = json_count(cJSON_GetArrayItem(entry, 3));
    }
}

// Where the timeline does not tell of them, the lines came before the answer and at its time.
static void add_lines_in_front(struct json_index *index, size_t own) {
    size_t lines = 0;
    const cJSON *message = index->reader->items[own].node;
    reader_message_lines(&lines, &index->reader->decoder, message, 0);
    for (int i = lines > 0 ? 0 : 1; i < 2; i++) { // the lines, then what says their number
        struct item *item = reader_add_item(index->reader, ITEM_LINES);
        item->session = index->session;
        item->node = message;
        item->at_unix_us = index->reader->items[own].at_unix_us;
        item->major = own;
        item->minor = -1;
        item->line_count = i == 0 ? lines : 0;
    }
}

// Says of each item of this message which of its lines it has; false if there is none.
static bool number_lines(struct json_index *index, const cJSON *message, size_t end) {
    struct item *items = index->reader->items;
    bool any = false;
    size_t told = 0;
    for (size_t i = index->first_item; i < end; i++) {
        if (items[i].kind == ITEM_LINES && items[i].node == message) {
            items[i].first_line = told;
            told += items[i].line_count;
            any = true;
        }
    }
    for (size_t i = index->first_item; i < end; i++) {
        if (items[i].kind == ITEM_LINES && items[i].node == message) {
            items[i].lines_told = told;
        }
    }
    return any;
}

void timeline_add_message_lines(struct json_index *index) {
    size_t end = index->reader->item_count;
    for (size_t own = index->first_item; own < end; own++) {
        const struct item *item = &index->reader->items[own];
        if (item->kind == ITEM_EVENT && item->event == EVENT_MESSAGE && item->node != NULL &&
            !number_lines(index, item->node, end)) {
            add_lines_in_front(index, own);
        }
    }
}

// ── the timeline ────────────────────────────────────────────────────────────────────────────────

// The next answer of LMTP that was not told yet; each exchange's are told in their order.
static const cJSON *next_final(const struct json_index *index, const cJSON *exchange) {
    const cJSON *finals = json_get(exchange, "final_replies");
    size_t told = 0;
    for (size_t i = index->first_item; i < index->reader->item_count; i++) {
        const struct item *item = &index->reader->items[i];
        told += item->exchange == exchange && item->final ? 1 : 0;
    }
    return cJSON_GetArrayItem(finals, (int)told);
}

bool timeline_add_final(struct json_index *index, const cJSON *exchange) {
    const cJSON *final = json_get(exchange, "final_reply");
    const cJSON *reply = final != NULL ? final : next_final(index, exchange);
    add_reply(index, exchange, reply, true);
    return reply != NULL && final == NULL;
}

// What a name of the timeline stands for, beyond the events of jsonl.
enum moment { MOMENT_EVENT, MOMENT_FINAL, MOMENT_TEXT, MOMENT_NOTE, MOMENT_UNKNOWN };

static enum moment moment_of(enum event_kind *out, const char *name) {
    if (name != NULL && strcmp(name, "final") == 0) {
        return MOMENT_FINAL;
    }
    if (name != NULL && strcmp(name, "note") == 0) {
        return MOMENT_NOTE;
    }
    if (name != NULL && strcmp(name, "text") == 0) {
        return MOMENT_TEXT;
    }
    return name != NULL && reader_event_kind(out, name) ? MOMENT_EVENT : MOMENT_UNKNOWN;
}

static void add_told_event(struct json_index *index, enum event_kind kind, const cJSON *entry) {
    const cJSON *which = cJSON_GetArrayItem(entry, 1);
    const cJSON *exchange = node_at(&index->exchanges, which);
    int64_t at_us = json_us(cJSON_GetArrayItem(entry, 2));
    switch (kind) {
    case EVENT_CONNECT:
        timeline_add_event(index, kind, index->object, at_us);
        return;
    case EVENT_TLS:
        timeline_add_tls(index, cJSON_IsString(which) ? which->valuestring : NULL,
                         cJSON_GetArrayItem(entry, 3), at_us);
        return;
    case EVENT_COMMAND:
        timeline_add_command(index, exchange);
        return;
    case EVENT_REPLY:
        timeline_add_reply(index, exchange);
        return;
    case EVENT_AUTH:
        timeline_add_event(index, kind, node_at(&index->auths, which), at_us);
        return;
    case EVENT_MESSAGE:
        timeline_add_event(index, kind, node_at(&index->messages, which), at_us);
        return;
    case EVENT_FINDING:
        timeline_add_event(index, kind, node_at(&index->findings, which), at_us);
        return;
    case EVENT_CLOSE:
        timeline_add_close(index, cJSON_GetStringValue(which), at_us);
        return;
    case EVENT_TEXT:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
    case EVENT_DATA:
    case EVENT_CONTENT_END:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_NOTE:
    case EVENT_LOST:
    case EVENT_PAUSED:
    case EVENT_KIND_COUNT:
        return;
    }
}

static void add_moment(struct json_index *index, const cJSON *entry) {
    const cJSON *name = cJSON_GetArrayItem(entry, 0);
    enum event_kind kind = EVENT_KIND_COUNT;
    switch (moment_of(&kind, cJSON_IsString(name) ? name->valuestring : NULL)) {
    case MOMENT_EVENT:
        add_told_event(index, kind, entry);
        return;
    case MOMENT_FINAL:
        timeline_add_final(index, node_at(&index->exchanges, cJSON_GetArrayItem(entry, 1)));
        return;
    case MOMENT_TEXT:
        add_lines(index, entry);
        return;
    case MOMENT_NOTE:
        timeline_add_item(index, ITEM_NOTE, json_us(cJSON_GetArrayItem(entry, 2)))->node = entry;
        return;
    case MOMENT_UNKNOWN:
        return;
    }
}

void timeline_read(struct json_index *index, const cJSON *timeline) {
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, timeline) {
        add_moment(index, entry);
    }
}
