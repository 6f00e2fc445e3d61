// SPDX-License-Identifier: MIT
// reader_records: the record of each session: of `json` as it is read; of `jsonl` built from the
// events, by the very builder that the proxy uses.
#include "base/memory.h"
#include "transcript/reader_parts.h"
#include "transcript/record_fields.h"

#include <stdlib.h>

struct records {
    struct reader *reader;
    struct record **open; // by place of the session
    void (*take)(void *context, const struct record *record);
    void *context;
};

static void take_json(const struct records *records) {
    const struct reader *reader = records->reader;
    for (size_t i = 0; i < reader->session_count; i++) {
        struct record *record = record_read(reader->sessions[i]->object);
        records->take(records->context, record);
        record_free(record);
    }
}

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
    struct record_message message = {0};
    if (*record == NULL) {
        *record = record_new(NULL);
    }
    if (event->kind == EVENT_MESSAGE) {
        fields_read(&reader->arena, &message_table, &message, reader->line, FIELD_JSONL);
    }
    record_take(*record, event, &message);
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
    if (reader->document != NULL) {
        take_json(&records);
        return;
    }
    records.open = mem_new_array(reader->session_count + 1, sizeof(struct record *));
    take_jsonl(&records);
    free((void *)records.open);
}
