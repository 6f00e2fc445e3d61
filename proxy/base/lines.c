// SPDX-License-Identifier: MIT
#include "base/lines.h"

struct slice lines_next(struct slice *rest) {
    size_t end = slice_find_byte(*rest, '\n');
    struct slice line = end == SLICE_NONE ? *rest : slice_sub(*rest, 0, end + 1);
    *rest = slice_from(*rest, line.len);
    return line;
}

bool lines_ended(struct slice line) {
    return line.len > 0 && line.data[line.len - 1] == '\n';
}

struct slice lines_text(struct slice line) {
    if (!lines_ended(line)) {
        return line;
    }
    line.len--;
    return lines_without_cr(line);
}

static bool ends_in_cr(struct slice text) {
    return text.len > 0 && text.data[text.len - 1] == '\r';
}

struct slice lines_without_cr(struct slice text) {
    text.len -= ends_in_cr(text) ? 1 : 0;
    return text;
}

struct slice lines_without_crs(struct slice text) {
    while (ends_in_cr(text)) {
        text.len--;
    }
    return text;
}
