// SPDX-License-Identifier: MIT
#include "base/sentence.h"

#include "base/text.h"

void sentence_put_value(struct buf *out, struct slice value) {
    buf_put_byte(out, SENTENCE_VALUE_BEGINS);
    text_put_printable(out, value);
    buf_put_byte(out, SENTENCE_VALUE_ENDS);
}

struct slice sentence_next(bool *out_is_value, struct slice *rest) {
    bool is_value = rest->len > 0 && rest->data[0] == SENTENCE_VALUE_BEGINS;
    struct slice from = slice_from(*rest, is_value ? 1 : 0);
    size_t end = slice_find_byte(from, SENTENCE_VALUE_BEGINS);
    if (is_value) {
        size_t closed = slice_find_byte(slice_sub(from, 0, end), SENTENCE_VALUE_ENDS);
        end = closed != SLICE_NONE ? closed : end;
    }
    struct slice part = slice_sub(from, 0, end);
    *rest = slice_from(from, part.len);
    if (is_value && rest->len > 0 && rest->data[0] == SENTENCE_VALUE_ENDS) {
        *rest = slice_from(*rest, 1);
    }
    *out_is_value = is_value;
    return part;
}

void sentence_put_plain(struct buf *out, struct slice sentence) {
    bool is_value = false;
    while (sentence.len > 0) {
        buf_put(out, sentence_next(&is_value, &sentence));
    }
}
