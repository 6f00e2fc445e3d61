// SPDX-License-Identifier: MIT
// Any file as a transcript: it is refused, or shown as lines without control characters, and its
// records are written anew.
#include "base/slice.h"
#include "format/show.h"
#include "transcript/transcript_reader.h"

#include <stdint.h>
#include <stdlib.h>

static void check_lines(void *context, struct slice lines) {
    (void)context;
    for (size_t i = 0; i < lines.len; i++) {
        if (lines.data[i] != '\n' && (lines.data[i] < 0x20 || lines.data[i] == 0x7F)) {
            abort();
        }
    }
}

static void take_record(void *context, const struct record *session) {
    struct buf *json = context;
    buf_clear(json);
    if (!record_put_json(json, session) || buf_slice(json).data[0] != '{') {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct failure failure;
    struct reader *reader = NULL;
    struct slice transcript = slice_of(data, len);
    if (reader_open(&reader, &failure, transcript) != OK) {
        return 0;
    }
    struct terminal no_terminal = {0};
    show_text(reader, &(struct show_options){.terminal = &no_terminal}, check_lines, NULL);
    reader_free(reader);
    if (reader_open(&reader, &failure, transcript) != OK) {
        abort();
    }
    struct buf json;
    buf_init(&json, SIZE_MAX / 2);
    reader_records(reader, take_record, &json);
    buf_cleanup(&json);
    reader_free(reader);
    return 0;
}
