// SPDX-License-Identifier: MIT
#include "format/format.h"

#include "base/memory.h"

#define POINTER_TO(name) &name##_format,

static const struct format_info *const formats[] = {FORMATS(POINTER_TO)};

const struct format_info *format_at(size_t index) {
    return index < sizeof(formats) / sizeof(formats[0]) ? formats[index] : NULL;
}

struct event format_lost_event(uint64_t count, const char *reason, int64_t unix_ns) {
    struct event event = {.kind = EVENT_LOST, .at_ns = unix_ns};
    event.lost.count = count;
    event.lost.reason = slice_of_string(reason);
    return event;
}

void outlet_file(struct outlet *outlet, enum chunk_kind kind, const char *name, uint64_t offset,
                 struct slice bytes) {
    struct chunk chunk = {.kind = kind,
                          .output = outlet->output->to.index,
                          .name = mem_string(name),
                          .offset = offset};
    struct buf copy;
    buf_init(&copy, bytes.len);
    buf_put(&copy, bytes);
    chunk.bytes = buf_take(&copy, &chunk.len);
    write_batch_add(outlet->files, chunk);
}
