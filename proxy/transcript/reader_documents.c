// SPDX-License-Identifier: MIT
// reader_documents: the document of each session: as it stands in `json`; of `jsonl` built from the
// events, by the very builder that the proxy uses.
#include "base/memory.h"
#include "transcript/reader_parts.h"
#include "transcript/session.h"

#include <stdlib.h>

struct documents {
    struct reader *reader;
    struct session_document **open; // by place of the session
    void (*take)(void *context, const char *session_json);
    void *context;
};

// Puts the escapes for NULs back into printed JSON.
static void put_with_nuls(struct buf *out, const struct reader *reader, struct slice text) {
    struct slice mark = slice_of_string(reader->decoder.nul);
    for (size_t at = slice_find(text, mark); at != SLICE_NONE; at = slice_find(text, mark)) {
        buf_put(out, slice_sub(text, 0, at));
        buf_put_string(out, "\\u0000");
        text = slice_from(text, at + mark.len);
    }
    buf_put(out, text);
}

static void print_object(struct buf *out, const struct reader *reader, const cJSON *object) {
    char *text = cJSON_PrintUnformatted(object);
    put_with_nuls(out, reader, slice_of_string(text));
    cJSON_free(text);
}

static void hand_over(const struct documents *documents, struct buf *text) {
    buf_put_byte(text, 0);
    documents->take(documents->context, (const char *)buf_slice(text).data);
    buf_cleanup(text);
}

// ── json ────────────────────────────────────────────────────────────────────────────────────────

static void take_json(const struct documents *documents) {
    const struct reader *reader = documents->reader;
    for (size_t i = 0; i < reader->session_count; i++) {
        struct buf text;
        buf_init(&text, SIZE_MAX / 2);
        print_object(&text, reader, reader->sessions[i]->object);
        hand_over(documents, &text);
    }
}

// ── jsonl ───────────────────────────────────────────────────────────────────────────────────────

// The object of a message is its event without what every event has.
static void print_message(struct buf *out, struct reader *reader) {
    static const char *const common[] = {"counter", "time", "pid", "session", "event"};
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(reader->line, common[i]);
    }
    print_object(out, reader, reader->line);
}

static void finish(struct documents *documents, size_t place) {
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    if (documents->open[place] != NULL && session_document_put(&text, documents->open[place])) {
        hand_over(documents, &text);
    }
    session_document_free(documents->open[place]);
    documents->open[place] = NULL;
}

static void take_item(struct documents *documents, const struct item *item) {
    struct reader *reader = documents->reader;
    if (item->kind == ITEM_LINES || item->session == NO_SESSION) {
        return;
    }
    const struct event *event = reader_tell(reader, item);
    if (event == NULL) {
        return;
    }
    struct session_document **document = &documents->open[item->session];
    struct buf message;
    buf_init(&message, SIZE_MAX / 2);
    if (*document == NULL) {
        *document = session_document_new(NULL);
    }
    if (event->kind == EVENT_MESSAGE) {
        print_message(&message, reader);
    }
    session_document_take(*document, event, buf_slice(&message));
    buf_cleanup(&message);
    if (event->kind == EVENT_CLOSE) {
        finish(documents, item->session);
    }
}

static void take_jsonl(struct documents *documents) {
    const struct reader *reader = documents->reader;
    documents->open = mem_new_array(reader->session_count + 1, sizeof(struct session_document *));
    for (size_t i = 0; i < reader->item_count; i++) {
        take_item(documents, &reader->items[i]);
    }
    for (size_t i = 0; i < reader->session_count; i++) {
        finish(documents, i);
    }
    free((void *)documents->open);
}

void reader_documents(struct reader *reader, void (*take)(void *context, const char *session_json),
                      void *context) {
    struct documents documents = {.reader = reader, .take = take, .context = context};
    if (reader->document != NULL) {
        take_json(&documents);
    } else {
        take_jsonl(&documents);
    }
}
