// SPDX-License-Identifier: MIT
#include "transcript/reader.h"

#include "base/array.h"
#include "base/memory.h"
#include "transcript/reader_parts.h"

#include <stdlib.h>
#include <string.h>

// ── items and sessions ──────────────────────────────────────────────────────────────────────────

struct item *reader_add_item(struct reader *reader, enum item_kind kind, size_t session) {
    reader->items =
        array_grown(reader->items, reader->item_count, &reader->item_room, sizeof(*reader->items));
    struct item *item = &reader->items[reader->item_count];
    *item = (struct item){
        .kind = kind, .session = session, .order = reader->item_count, .major = reader->item_count};
    reader->item_count++;
    return item;
}

size_t reader_add_session(struct reader *reader, struct record *record) {
    reader->sessions = array_grown(reader->sessions, reader->session_count, &reader->session_room,
                                   sizeof(*reader->sessions));
    reader->sessions[reader->session_count] = (struct reader_session){.record = record};
    return reader->session_count++;
}

void reader_add_message_lines(struct reader *reader, const struct record_message *message,
                              size_t own, size_t at) {
    struct arena arena = {0};
    size_t lines = 0;
    reader_message_lines(&lines, &arena, message, 0);
    arena_cleanup(&arena);
    for (int i = lines > 0 ? 0 : 1; i < 2; i++) {
        struct item *item = reader_add_item(reader, ITEM_LINES, reader->items[own].session);
        item->line = reader->items[own].line;
        item->message = reader->is_json ? message : NULL;
        item->line_count = i == 0 ? lines : 0;
        item->at_unix_ns = reader->items[at].at_unix_ns;
        item->major = at;
        item->minor = -1;
    }
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
    order = order != 0 ? order : (a->at_unix_ns > b->at_unix_ns) - (a->at_unix_ns < b->at_unix_ns);
    return order != 0 ? order : order_of(a->order, b->order);
}

static int by_time(const void *left, const void *right) {
    const struct item *a = left;
    const struct item *b = right;
    int order = (a->told_unix_ns > b->told_unix_ns) - (a->told_unix_ns < b->told_unix_ns);
    return order != 0 ? order : order_of(a->order, b->order);
}

static void sort_items(struct reader *reader) {
    if (reader->item_count == 0) {
        return;
    }
    qsort(reader->items, reader->item_count, sizeof(*reader->items), by_place);
    if (!reader->is_json) {
        return;
    }
    for (size_t i = 0; i < reader->item_count; i++) {
        struct item *item = &reader->items[i];
        bool first = i == 0 || item[-1].session != item->session;
        item->order = i;
        item->told_unix_ns = item->at_unix_ns;
        if (!first && item[-1].told_unix_ns > item->told_unix_ns) {
            item->told_unix_ns = item[-1].told_unix_ns;
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
    reader->is_json = !looks_like_jsonl(data);
    enum err err = (reader->is_json ? reader_index_json : reader_index_jsonl)(reader, failure);
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

void reader_free(struct reader *reader) {
    if (reader == NULL) {
        return;
    }
    for (size_t i = 0; i < reader->session_count; i++) {
        record_free(reader->sessions[i].record);
    }
    free(reader->sessions);
    free(reader->items);
    arena_cleanup(&reader->told.arena);
    arena_cleanup(&reader->arena);
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
