// SPDX-License-Identifier: MIT
#include "transcript/reader.h"

#include "base/memory.h"
#include "transcript/reader_parts.h"

#include <stdlib.h>
#include <string.h>

// ── items and sessions ──────────────────────────────────────────────────────────────────────────

struct item *reader_add_item(struct reader *reader, enum item_kind kind) {
    if (reader->item_count == reader->item_capacity) {
        reader->item_capacity = reader->item_capacity == 0 ? 64 : 2 * reader->item_capacity;
        reader->items = mem_resize(reader->items, reader->item_capacity, sizeof(*reader->items));
    }
    struct item *item = &reader->items[reader->item_count];
    *item = (struct item){.kind = kind, .order = reader->item_count};
    reader->item_count++;
    return item;
}

size_t reader_add_session(struct reader *reader, uint64_t id) {
    if (reader->session_count == reader->session_capacity) {
        reader->session_capacity =
            reader->session_capacity == 0 ? 16 : 2 * reader->session_capacity;
        reader->sessions = mem_resize((void *)reader->sessions, reader->session_capacity,
                                      sizeof(*reader->sessions));
    }
    struct reader_session *session = mem_new(sizeof(*session));
    session->session.id = id;
    session->session.has_server = true;
    reader->sessions[reader->session_count] = session;
    return reader->session_count++;
}

static void read_endpoint(struct event_endpoint *out, const cJSON *object) {
    out->host = mem_string(json_get_string(object, "host"));
    out->address = mem_string(json_get_string(object, "address"));
    out->program = mem_string(json_get_string(object, "program"));
    out->port = (uint16_t)json_get_uint(object, "port");
    out->pid = (uint32_t)json_get_uint(object, "pid");
}

void reader_session_read(struct event_session *session, const cJSON *object) {
    struct slice mode = slice_of_string(json_get_string(object, "mode"));
    const cJSON *server = json_get(object, "server");
    for (enum mode each = MODE_REVERSE; each <= MODE_SINK; each++) {
        if (slice_is(mode, mode_name(each))) {
            session->mode = each;
        }
    }
    session->has_server = server != NULL;
    read_endpoint(&session->client, json_get(object, "client"));
    read_endpoint(&session->server, server);
}

static void endpoint_cleanup(const struct event_endpoint *endpoint) {
    free((void *)(uintptr_t)endpoint->host);
    free((void *)(uintptr_t)endpoint->address);
    free((void *)(uintptr_t)endpoint->program);
}

static void session_free(struct reader_session *session) {
    endpoint_cleanup(&session->session.client);
    endpoint_cleanup(&session->session.server);
    free(session);
}

// ── the order of telling ────────────────────────────────────────────────────────────────────────

static int order_of(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right) {
    const struct item *a = left;
    const struct item *b = right;
    int order = order_of(a->major, b->major);
    order = order != 0 ? order : a->minor - b->minor;
    order = order != 0 ? order : (a->at_unix_us > b->at_unix_us) - (a->at_unix_us < b->at_unix_us);
    return order != 0 ? order : order_of(a->order, b->order);
}

static int by_time(const void *left, const void *right) {
    const struct item *a = left;
    const struct item *b = right;
    int order = (a->told_unix_us > b->told_unix_us) - (a->told_unix_us < b->told_unix_us);
    return order != 0 ? order : order_of(a->order, b->order);
}

static void sort_items(struct reader *reader) {
    if (reader->item_count == 0) {
        return;
    }
    qsort(reader->items, reader->item_count, sizeof(*reader->items), by_place);
    if (reader->document == NULL) {
        return;
    }
    for (size_t i = 0; i < reader->item_count; i++) {
        struct item *item = &reader->items[i];
        bool first = i == 0 || item[-1].session != item->session;
        item->order = i;
        item->told_unix_us = item->at_unix_us;
        if (!first && item[-1].told_unix_us > item->told_unix_us) {
            item->told_unix_us = item[-1].told_unix_us;
        }
    }
    qsort(reader->items, reader->item_count, sizeof(*reader->items), by_time);
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

// A transcript of lines starts with an event on its first line.
static bool looks_like_jsonl(struct slice data) {
    struct slice rest = data;
    struct slice line = slice_split(&rest, '\n');
    while (slice_trim(line).len == 0 && !slice_is_null(rest)) {
        line = slice_split(&rest, '\n');
    }
    cJSON *object = cJSON_ParseWithLength((const char *)line.data, line.len);
    bool yes = json_get_string(object, "event") != NULL;
    cJSON_Delete(object);
    return yes;
}

enum err reader_open(struct reader **out, struct failure *failure, struct slice data) {
    if (slice_find_byte(data, '{') == SLICE_NONE) {
        return fail(failure, ERR_INPUT, data.len == 0 ? "it is empty" : "line 1 is no JSON object");
    }
    struct reader *reader = mem_new(sizeof(*reader));
    reader->data = data;
    reader->cut_off = SLICE_NONE;
    reader->decoder.arena = &reader->arena;
    enum err err = looks_like_jsonl(reader->data) ? reader_index_jsonl(reader, failure)
                                                  : reader_index_json(reader, failure);
    if (err != OK) {
        reader_free(reader);
        return err;
    }
    sort_items(reader);
    *out = reader;
    return OK;
}

size_t reader_cut_off(const struct reader *reader) {
    return reader->cut_off;
}

static void message_cleanup(struct told_message *message) {
    arena_cleanup(&message->arena);
    cJSON_Delete(message->parsed);
}

void reader_free(struct reader *reader) {
    if (reader == NULL) {
        return;
    }
    for (size_t i = 0; i < reader->session_count; i++) {
        session_free(reader->sessions[i]);
    }
    free((void *)reader->sessions);
    free(reader->items);
    message_cleanup(&reader->message);
    arena_cleanup(&reader->arena);
    cJSON_Delete(reader->line);
    cJSON_Delete(reader->document);
    free(reader);
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

const struct event *reader_next(struct reader *reader) {
    while (reader->next < reader->item_count) {
        const struct item *item = &reader->items[reader->next];
        const struct event *event = reader_tell(reader, item);
        bool more =
            event != NULL && item->kind == ITEM_LINES && reader->next_line + 1 < item->line_count;
        reader->next_line = more ? reader->next_line + 1 : 0;
        reader->next += more ? 0 : 1;
        if (event != NULL) {
            return event;
        }
    }
    return NULL;
}
