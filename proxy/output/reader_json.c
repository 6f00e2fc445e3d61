// SPDX-License-Identifier: MIT
// reader_json: finds what a json document tells. Its sessions stand in the order in which they
// ended; the text told them as they went, side by side, so their items are merged by time. Within a
// session its `timeline` gives the order; where there is none (another program wrote the document
// anew), it is made up from the times of the exchanges.
#include "output/reader_parts.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA "smtpscope/1"

struct node_list {
    const cJSON **nodes;
    size_t count;
};

// One session while its items are made.
struct json_index {
    struct reader *reader;
    size_t session;
    const cJSON *object;
    int64_t started_us;
    int64_t last_us; // of the item made last: times of a session never run backwards
    struct node_list exchanges;
    struct node_list auths;
    struct node_list messages;
    struct node_list findings;
    size_t first_item;
    size_t events; // items so far that count for `text_before`
};

static struct node_list list_of(const cJSON *array) {
    struct node_list list = {0};
    const cJSON *node = NULL;
    list.nodes = mem_new_array((size_t)cJSON_GetArraySize(array) + 1, sizeof(*list.nodes));
    cJSON_ArrayForEach(node, array) {
        list.nodes[list.count++] = node;
    }
    return list;
}

static const cJSON *node_at(const struct node_list *list, const cJSON *place) {
    bool sane = cJSON_IsNumber(place) && place->valuedouble >= 0 &&
                place->valuedouble < (double)list->count;
    return sane ? list->nodes[(size_t)place->valuedouble] : NULL;
}

// ── items ───────────────────────────────────────────────────────────────────────────────────────

static struct item *add_item(struct json_index *index, enum item_kind kind, int64_t at_us) {
    struct item *item = reader_add_item(index->reader, kind);
    index->last_us = at_us > index->last_us ? at_us : index->last_us;
    item->session = index->session;
    item->at_unix_us = index->started_us + index->last_us;
    return item;
}

static void add_event(struct json_index *index, enum event_kind kind, const cJSON *node,
                      int64_t at_us) {
    struct item *item = add_item(index, ITEM_EVENT, at_us);
    item->event = kind;
    item->node = node;
    index->events++;
}

static void add_command(struct json_index *index, const cJSON *exchange) {
    const cJSON *command = json_get(exchange, "command");
    if (command != NULL) {
        add_event(index, EVENT_COMMAND, command, json_us(json_get(command, "at_ms")));
        index->reader->items[index->reader->item_count - 1].exchange = exchange;
    }
}

static void add_reply(struct json_index *index, const cJSON *exchange, const cJSON *reply,
                      bool final) {
    if (cJSON_IsObject(reply)) {
        add_event(index, EVENT_REPLY, reply, json_us(json_get(reply, "at_ms")));
        index->reader->items[index->reader->item_count - 1].exchange = exchange;
        index->reader->items[index->reader->item_count - 1].final = final;
    }
}

static void add_tls(struct json_index *index, const char *side, const cJSON *object,
                    int64_t at_us) {
    const cJSON *tls = json_get(index->object, "tls");
    enum party by = side != NULL && strcmp(side, "server") == 0 ? PARTY_SERVER : PARTY_CLIENT;
    object = object != NULL ? object : json_get(tls, party_name(by));
    if (cJSON_IsObject(object)) {
        add_event(index, EVENT_TLS, object, at_us);
        index->reader->items[index->reader->item_count - 1].by = by;
    }
}

static enum party party_named(const cJSON *name) {
    for (enum party each = PARTY_CLIENT; each <= PARTY_PROXY; each++) {
        if (cJSON_IsString(name) && strcmp(name->valuestring, party_name(each)) == 0) {
            return each;
        }
    }
    return PARTY_NONE;
}

static void add_close(struct json_index *index, const cJSON *by, int64_t at_us) {
    if (json_get_string(index->object, "outcome") != NULL) {
        add_event(index, EVENT_CLOSE, index->object, at_us);
        index->reader->items[index->reader->item_count - 1].by = party_named(by);
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

static void add_final(struct json_index *index, const cJSON *exchange) {
    const cJSON *final = json_get(exchange, "final_reply");
    add_reply(index, exchange, final != NULL ? final : next_final(index, exchange), true);
}

// What a name of the timeline stands for, beyond the events of jsonl.
enum moment { MOMENT_EVENT, MOMENT_FINAL, MOMENT_NOTE, MOMENT_UNKNOWN };

static enum moment moment_of(enum event_kind *out, const char *name) {
    if (name != NULL && strcmp(name, "final") == 0) {
        return MOMENT_FINAL;
    }
    if (name != NULL && strcmp(name, "note") == 0) {
        return MOMENT_NOTE;
    }
    return name != NULL && reader_event_kind(out, name) ? MOMENT_EVENT : MOMENT_UNKNOWN;
}

static void add_told_event(struct json_index *index, enum event_kind kind, const cJSON *entry) {
    const cJSON *which = cJSON_GetArrayItem(entry, 1);
    const cJSON *exchange = node_at(&index->exchanges, which);
    int64_t at_us = json_us(cJSON_GetArrayItem(entry, 2));
    switch (kind) {
    case EVENT_CONNECT:
        add_event(index, kind, index->object, at_us);
        return;
    case EVENT_TLS:
        add_tls(index, cJSON_IsString(which) ? which->valuestring : NULL,
                cJSON_GetArrayItem(entry, 3), at_us);
        return;
    case EVENT_COMMAND:
        add_command(index, exchange);
        return;
    case EVENT_REPLY:
        add_reply(index, exchange, json_get(exchange, "reply"), false);
        return;
    case EVENT_AUTH:
        add_event(index, kind, node_at(&index->auths, which), at_us);
        return;
    case EVENT_MESSAGE:
        add_event(index, kind, node_at(&index->messages, which), at_us);
        return;
    case EVENT_FINDING:
        add_event(index, kind, node_at(&index->findings, which), at_us);
        return;
    case EVENT_DATA:
        add_event(index, kind, NULL, at_us);
        return;
    case EVENT_CLOSE:
        add_close(index, which, at_us);
        return;
    case EVENT_TEXT:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
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
        add_final(index, node_at(&index->exchanges, cJSON_GetArrayItem(entry, 1)));
        return;
    case MOMENT_NOTE:
        add_item(index, ITEM_NOTE, json_us(cJSON_GetArrayItem(entry, 2)))->node = entry;
        return;
    case MOMENT_UNKNOWN:
        return;
    }
}

// ── without a timeline ──────────────────────────────────────────────────────────────────────────

static bool is_verb(const cJSON *exchange, const char *verb) {
    const char *is = json_get_string(json_get(exchange, "command"), "verb");
    return is != NULL && strcmp(is, verb) == 0;
}

static int64_t reply_us(const cJSON *exchange) {
    int64_t at_us = json_us(json_get(json_get(exchange, "reply"), "at_ms"));
    return at_us;
}

static void add_both_tls(struct json_index *index, const char *how, int64_t at_us) {
    static const char *const sides[] = {"server", "client"};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *tls = json_get(json_get(index->object, "tls"), sides[i]);
        const char *is = json_get_string(tls, "how");
        if (is != NULL && strcmp(is, how) == 0) {
            add_tls(index, sides[i], NULL, at_us);
        }
    }
}

static void add_findings_of(struct json_index *index, const cJSON *n) {
    for (size_t i = 0; i < index->findings.count; i++) {
        const cJSON *exchange = json_get(index->findings.nodes[i], "exchange");
        bool same = n == NULL ? exchange == NULL
                              : cJSON_IsNumber(exchange) && exchange->valuedouble == n->valuedouble;
        if (same) {
            add_event(index, EVENT_FINDING, index->findings.nodes[i], index->last_us);
        }
    }
}

// An answer 235, 4xx or 5xx to AUTH, or to a line of its exchange, ends it.
static bool ends_auth(const cJSON *exchange, bool *within) {
    uint64_t code = json_get_uint(json_get(exchange, "reply"), "code");
    *within = is_verb(exchange, "AUTH") || (*within && json_get_bool(exchange, "continuation"));
    return *within && code != 0 && code / 100 != 3;
}

static bool is_last_chunk(const cJSON *exchange) {
    const char *line = json_get_string(json_get(exchange, "command"), "line");
    return is_verb(exchange, "BDAT") && line != NULL &&
           slice_find_nocase(slice_of_string(line), SLICE("LAST")) != SLICE_NONE;
}

static void make_up_exchange(struct json_index *index, const cJSON *exchange, bool *auth,
                             size_t told[2]) {
    bool answers_message =
        json_get(exchange, "final_reply") != NULL || json_get(exchange, "final_replies") != NULL;
    bool last_chunk = is_last_chunk(exchange);
    bool message = (answers_message || last_chunk) && told[1] < index->messages.count;
    add_command(index, exchange);
    if (message && last_chunk) {
        add_event(index, EVENT_MESSAGE, index->messages.nodes[told[1]++], reply_us(exchange));
    }
    add_reply(index, exchange, json_get(exchange, "reply"), false);
    if (ends_auth(exchange, auth) && told[0] < index->auths.count) {
        add_event(index, EVENT_AUTH, index->auths.nodes[told[0]++], index->last_us);
    }
    if (is_verb(exchange, "STARTTLS")) {
        add_both_tls(index, "starttls", index->last_us);
    }
    if (message && !last_chunk) {
        add_event(index, EVENT_MESSAGE, index->messages.nodes[told[1]++], index->last_us);
        add_final(index, exchange);
        while (json_get(exchange, "final_reply") == NULL && next_final(index, exchange) != NULL) {
            add_final(index, exchange);
        }
    }
    add_findings_of(index, json_get(exchange, "n"));
}

static void make_up_timeline(struct json_index *index) {
    bool auth = false;
    size_t told[2] = {0, 0}; // auths, messages
    add_event(index, EVENT_CONNECT, index->object, 0);
    add_both_tls(index, "implicit", 0);
    for (size_t i = 0; i < index->exchanges.count; i++) {
        make_up_exchange(index, index->exchanges.nodes[i], &auth, told);
    }
    while (told[1] < index->messages.count) {
        add_event(index, EVENT_MESSAGE, index->messages.nodes[told[1]++], index->last_us);
    }
    add_findings_of(index, NULL);
    add_close(index, NULL, json_us(json_get(index->object, "duration_ms")));
}

// ── the lines of messages ───────────────────────────────────────────────────────────────────────

// The item in front of which stands what was seen after `events` events; `own` at the latest.
static uint64_t item_after(const struct json_index *index, double events, size_t own) {
    uint64_t seen = 0;
    for (size_t i = index->first_item; i < own; i++) {
        if (index->reader->items[i].kind != ITEM_EVENT) {
            continue;
        }
        if ((double)seen >= events) {
            return i;
        }
        seen++;
    }
    return own;
}

static void add_lines(struct json_index *index, size_t own, const cJSON *run, size_t *first) {
    const cJSON *events = cJSON_GetArrayItem(run, 0);
    const cJSON *lines = cJSON_GetArrayItem(run, 1);
    int64_t before_us = json_us(cJSON_GetArrayItem(run, 2));
    bool sane = cJSON_IsNumber(lines) && lines->valuedouble >= 0 && lines->valuedouble < 0x1p40;
    struct item *item = reader_add_item(index->reader, ITEM_LINES);
    const struct item *event = &index->reader->items[own];
    item->session = index->session;
    item->node = event->node;
    item->at_unix_us = event->at_unix_us - (before_us < 0 ? 0 : before_us);
    item->first_line = *first;
    item->line_count = sane ? (size_t)lines->valuedouble : 0;
    item->major = item_after(index, cJSON_IsNumber(events) ? events->valuedouble : 0x1p50, own);
    item->minor = -1;
    *first += item->line_count;
}

// Without `text_before` all that is known is that the lines came before the answer.
static void add_lines_in_front(struct json_index *index, size_t own) {
    size_t lines = 0;
    struct item *item = reader_add_item(index->reader, ITEM_LINES);
    const struct item *event = &index->reader->items[own];
    const cJSON *message = event->node;
    reader_message_lines(&lines, &index->reader->decoder, message, 0);
    for (int i = 0; i < 2; i++) {
        item->session = index->session;
        item->node = message;
        item->at_unix_us = index->reader->items[own].at_unix_us;
        item->major = own;
        item->minor = -1;
        item->line_count = i == 0 ? lines : 0;
        if (i == 0) {
            item = reader_add_item(index->reader, ITEM_LINES);
        }
    }
}

static void add_message_lines(struct json_index *index) {
    size_t end = index->reader->item_count;
    for (size_t own = index->first_item; own < end; own++) {
        const struct item *item = &index->reader->items[own];
        const cJSON *runs = NULL;
        const cJSON *run = NULL;
        size_t first = 0;
        if (item->kind != ITEM_EVENT || item->event != EVENT_MESSAGE || item->node == NULL) {
            continue;
        }
        runs = json_get(item->node, "text_before");
        cJSON_ArrayForEach(run, runs) {
            add_lines(index, own, run, &first);
        }
        if (runs == NULL) {
            add_lines_in_front(index, own);
        }
    }
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

static void index_session(struct reader *reader, const cJSON *object) {
    struct json_index index = {.reader = reader, .object = object};
    const cJSON *timeline = json_get(object, "timeline");
    const cJSON *entry = NULL;
    int64_t started_ns = 0;
    clock_parse_rfc3339(&started_ns, slice_of_string(json_get_string(object, "started")));
    index.session = reader_add_session(reader, json_get_uint(object, "id"));
    index.started_us = started_ns / NS_PER_US;
    struct reader_session *session = reader->sessions[index.session];
    session->object = object;
    session->session.started_unix_ns = started_ns;
    reader_session_read(&session->session, object);
    index.first_item = reader->item_count;
    index.exchanges = list_of(json_get(object, "exchanges"));
    index.auths = list_of(json_get(object, "auth"));
    index.messages = list_of(json_get(object, "messages"));
    index.findings = list_of(json_get(object, "findings"));
    if (cJSON_IsArray(timeline)) {
        cJSON_ArrayForEach(entry, timeline) {
            add_moment(&index, entry);
        }
    } else {
        make_up_timeline(&index);
    }
    for (size_t i = index.first_item; i < reader->item_count; i++) {
        reader->items[i].major = i;
    }
    add_message_lines(&index);
    free(index.exchanges.nodes);
    free(index.auths.nodes);
    free(index.messages.nodes);
    free(index.findings.nodes);
}

static enum err index_sessions(struct reader *reader, struct failure *failure,
                               const cJSON *sessions) {
    const cJSON *session = NULL;
    size_t place = 0;
    cJSON_ArrayForEach(session, sessions) {
        if (!cJSON_IsObject(session) || json_get_uint(session, "id") == 0) {
            return fail(failure, ERR_INPUT, "entry %zu of \"sessions\" is no session", place);
        }
        index_session(reader, session);
        place++;
    }
    return OK;
}

// ── the document ────────────────────────────────────────────────────────────────────────────────

static bool is_space(uint8_t byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// Skips what may stand between two sessions.
static size_t skip_between(struct slice data, size_t offset) {
    while (offset < data.len && (is_space(data.data[offset]) || data.data[offset] == ',')) {
        offset++;
    }
    return offset;
}

// Where the first session of a document that our writer began stands; SLICE_NONE if it is not one.
static size_t sessions_start(struct slice data) {
    size_t schema = slice_find(slice_sub(data, 0, 256), SLICE("\"" SCHEMA "\""));
    size_t sessions = slice_find(slice_sub(data, 0, 256), SLICE("\"sessions\""));
    size_t bracket =
        sessions == SLICE_NONE ? SLICE_NONE : slice_find_byte(slice_from(data, sessions), '[');
    bool ours = schema != SLICE_NONE && bracket != SLICE_NONE && bracket < 16;
    return ours ? sessions + bracket + 1 : SLICE_NONE;
}

// A document that does not end as one was cut off by a crash while it was written: its sessions up
// to there are whole.
static cJSON *parse_cut_off(struct slice data) {
    size_t offset = sessions_start(data);
    size_t end = data.len;
    while (end > 0 && is_space(data.data[end - 1])) {
        end--;
    }
    if (offset == SLICE_NONE ||
        (end > 0 && data.data[end - 1] == '}' && end > 1 && data.data[end - 2] == ']')) {
        return NULL;
    }
    cJSON *sessions = cJSON_CreateArray();
    for (offset = skip_between(data, offset); offset < data.len;
         offset = skip_between(data, offset)) {
        const char *start = (const char *)data.data + offset;
        const char *stop = NULL;
        cJSON *session = cJSON_ParseWithLengthOpts(start, data.len - offset, &stop, false);
        if (session == NULL) {
            break;
        }
        cJSON_AddItemToArray(sessions, session);
        offset += (size_t)(stop - start);
    }
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "schema", SCHEMA);
    cJSON_AddItemToObject(document, "sessions", sessions);
    return document;
}

static enum err parse_document(struct reader *reader, struct failure *failure) {
    struct slice data = reader->data;
    const char *start = (const char *)data.data;
    const char *stop = start;
    reader->document = cJSON_ParseWithLengthOpts(start, data.len, &stop, false);
    size_t offset = (size_t)(stop - start);
    if (reader->document == NULL) {
        reader->document = parse_cut_off(data);
        return reader->document != NULL
                   ? OK
                   : fail(failure, ERR_INPUT, "no transcript: it is not JSON at offset %zu",
                          reader_original_offset(reader, offset));
    }
    while (offset < data.len && is_space(data.data[offset])) {
        offset++;
    }
    if (offset < data.len && data.data[offset] != 0) {
        return fail(failure, ERR_INPUT, "no transcript: something follows the JSON at offset %zu",
                    reader_original_offset(reader, offset));
    }
    return OK;
}

enum err reader_index_json(struct reader *reader, struct failure *failure) {
    enum err err = parse_document(reader, failure);
    if (err != OK) {
        return err;
    }
    const char *schema = json_get_string(reader->document, "schema");
    if (schema == NULL) {
        return fail(failure, ERR_INPUT, "no transcript: it has no \"schema\"");
    }
    if (strcmp(schema, SCHEMA) != 0) {
        return fail(failure, ERR_INPUT, "its schema is '%.64s', this program reads " SCHEMA,
                    schema);
    }
    const cJSON *sessions = json_get(reader->document, "sessions");
    if (!cJSON_IsArray(sessions)) {
        return fail(failure, ERR_INPUT, "no transcript: it has no list of \"sessions\"");
    }
    return index_sessions(reader, failure, sessions);
}
