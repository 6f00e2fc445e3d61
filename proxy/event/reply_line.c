// SPDX-License-Identifier: MIT
#include "event/reply_line.h"

#include "base/text.h"

static bool has_code(struct slice line) {
    return line.len >= 3 && text_is_digit(line.data[0]) && text_is_digit(line.data[1]) &&
           text_is_digit(line.data[2]);
}

void reply_line_parse(struct reply_line *out, struct slice line) {
    *out = (struct reply_line){.malformed = true, .text = line};
    if (!has_code(line)) {
        return;
    }
    out->code = (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + (line.data[2] - '0');
    struct slice after = slice_from(line, 3);
    bool separated = after.len > 0 && (after.data[0] == ' ' || after.data[0] == '-');
    out->malformed = after.len > 0 && !separated;
    out->goes_on = separated && after.data[0] == '-';
    out->text = slice_from(after, separated ? 1 : 0);
}
