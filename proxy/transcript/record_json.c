// SPDX-License-Identifier: MIT
// record_json: the document of one session (contract, "json: a session").
#include "base/memory.h"
#include "transcript/record.h"
#include "transcript/record_fields.h"

bool record_put_json(struct buf *out, const struct record *record) {
    struct json_writer json = json_writer_on(out, false);
    if (!record->begun) {
        return false;
    }
    json_open(&json, '{');
    fields_write(&json, &record_table, record, FIELD_JSON);
    json_close(&json, '}');
    return true;
}

struct record *record_read(const struct cJSON *object) {
    struct record *record = record_new(NULL);
    fields_read(&record->arena, &record_table, record, object, FIELD_JSON);
    record->begun = true;
    return record;
}
