// SPDX-License-Identifier: MIT
// Messages cut into their parts: every part lies within the message, its type is well formed, and
// decoding makes nothing longer.
#include "base/limits.h"
#include "message/parts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice message = slice_of(data, size);
    struct message_parts parts;
    message_parts_read(&parts, message);
    for (size_t i = 0; i < parts.count; i++) {
        const struct message_part *part = &parts.parts[i];
        struct buf text;
        buf_init(&text, part->text.len + 1);
        message_part_put(&text, part);
        bool within = part->text.len == 0 ||
                      (part->text.data >= data && part->text.data + part->text.len <= data + size);
        if (!within || buf_len(&text) > part->text.len || part->type == NULL ||
            slice_find_byte(slice_of_string(part->type), '/') == SLICE_NONE) {
            abort();
        }
        buf_cleanup(&text);
    }
    message_parts_cleanup(&parts);
    return 0;
}
