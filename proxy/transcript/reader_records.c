// SPDX-License-Identifier: MIT
// reader_records: the record of each session: of `json` as it is read; of `jsonl` built from the
// events, by the very builder that the proxy uses.
#include "base/memory.h"
#include "transcript/reader_parts.h"

#include <stdlib.h>

struct records {
    struct reader *reader;
    struct record **open; // by place of the session
    void (*take)(void *context, const struct record *record);
    void *context;
};

static void finish(const struct records *records, size_t place) {
    if (records->open[place] != NULL) {
        records->take(records->context, records->open[place]);
    }
    record_free(records->open[place]);
    records->open[place] = NULL;
}

static void take_item(const struct records *records, const struct item *item) {
    struct reader *reader = records->reader;
    if (item->kind == ITEM_LINES || item->session == NO_SESSION) {
        return;
    }
    const struct event *event = reader_tell(reader, item);
    if (event == NULL) {
        return;
    }
    struct record **record = &records->open[item->session];
    if (*record == NULL) {
        *record = record_new(NULL);
    }
    record_take(*record, event, &reader->message);
    if (event->kind == EVENT_CLOSE) {
        finish(records, item->session);
    }
}

static void take_jsonl(const struct records *records) {
    const struct reader *reader = records->reader;
    for (size_t i = 0; i < reader->item_count; i++) {
        take_item(records, &reader->items[i]);
    }
    for (size_t i = 0; i < reader->session_count; i++) {
        finish(records, i);
    }
}

void reader_records(struct reader *reader, void (*take)(void *context, const struct record *record),
                    void *context) {
    struct records records = {.reader = reader, .take = take, .context = context};
    for (size_t i = 0; reader->is_json && i < reader->session_count; i++) {
        take(context, reader->sessions[i].record);
    }
    if (reader->is_json) {
        return;
    }
    records.open = mem_new_array(reader->session_count + 1, sizeof(struct record *));
    take_jsonl(&records);
    free((void *)records.open);
}
