// SPDX-License-Identifier: MIT
#include "spool/framing.h"

#include <string.h>

bool framing_replaces(const struct framing *framing) {
    return framing->shape == SHAPE_RECORDS || framing->shape == SHAPE_DOCUMENT;
}

void framing_put_head(struct buf *out, const struct framing *framing) {
    if (framing->put_head != NULL) {
        framing->put_head(out);
    }
}

bool framing_is_ours(const struct framing *framing, struct slice head) {
    return framing->is_ours == NULL || framing->is_ours(head);
}

static size_t whole_lines(struct slice bytes) {
    const uint8_t *end = bytes.len == 0 ? NULL : memrchr(bytes.data, '\n', bytes.len);
    return end == NULL ? 0 : (size_t)(end - bytes.data) + 1;
}

size_t framing_whole(const struct framing *framing, struct slice bytes, bool at_start) {
    switch (framing->shape) {
    case SHAPE_LINES:
        return whole_lines(bytes);
    case SHAPE_RECORDS:
        return framing->whole_records(bytes, at_start);
    case SHAPE_DOCUMENT:
    case SHAPE_FOLDER:
        break;
    }
    return bytes.len;
}
