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

// ── enhanced codes: class "." subject "." detail (RFC 3463 2) ───────────────────────────────────

static size_t digits(struct slice s) {
    size_t len = 0;
    while (len < s.len && len < 3 && text_is_digit(s.data[len])) {
        len++;
    }
    return len;
}

struct slice reply_line_enhanced(struct slice text) {
    static const struct slice none = {0};
    if (text.len < 5 || (text.data[0] != '2' && text.data[0] != '4' && text.data[0] != '5') ||
        text.data[1] != '.') {
        return none;
    }
    size_t subject = digits(slice_from(text, 2));
    size_t dot = 2 + subject;
    if (subject == 0 || dot >= text.len || text.data[dot] != '.') {
        return none;
    }
    size_t detail = digits(slice_from(text, dot + 1));
    size_t end = dot + 1 + detail;
    bool ends = end == text.len || text_is_blank(text.data[end]);
    return detail > 0 && ends ? slice_sub(text, 0, end) : none;
}

bool reply_line_is_last(const struct reply_line *line) {
    return line->code != 0 && !line->goes_on;
}

bool reply_code_is_positive(int code) {
    return code / 100 == 2;
}
