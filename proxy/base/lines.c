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
    bool cr = line.len > 0 && line.data[line.len - 1] == '\r';
    return slice_sub(line, 0, line.len - (cr ? 1 : 0));
}
