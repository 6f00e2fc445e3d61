// SPDX-License-Identifier: MIT
#include "smtp/ehlo_reply.h"

#include "base/lines.h"
#include "base/text.h"
#include "event/reply_line.h"

static bool is_keyword_byte(uint8_t byte) {
    return text_is_alnum(byte) || byte == '-';
}

static struct slice keyword_of(struct slice text) {
    size_t start = 0;
    while (start < text.len && text.data[start] <= ' ') {
        start++;
    }
    size_t end = start;
    while (end < text.len && is_keyword_byte(text.data[end])) {
        end++;
    }
    return slice_sub(text, start, end - start);
}

static bool is_line_of(struct slice line, struct slice keyword) {
    struct reply_line parsed;
    reply_line_parse(&parsed, lines_text(line));
    return slice_equal_nocase(keyword_of(parsed.text), keyword);
}

bool ehlo_reply_offers(struct slice reply, struct slice keyword) {
    lines_next(&reply); // the server's name
    while (reply.len > 0) {
        if (is_line_of(lines_next(&reply), keyword)) {
            return true;
        }
    }
    return false;
}

static void put_line(struct buf *out, int code, char separator, struct slice text,
                     struct slice ending) {
    buf_putf(out, "%03d%c", code, separator);
    buf_put(out, text);
    buf_put(out, ending);
}

static struct slice ending_of(struct slice line) {
    return slice_from(line, lines_text(line).len);
}

// `last` is the last line of the reply as it was, `kept` the last one that is left of it.
static void put_end(struct buf *out, struct slice kept, struct slice last) {
    struct reply_line parsed;
    reply_line_parse(&parsed, lines_text(kept));
    if (parsed.code != 0) {
        put_line(out, parsed.code, ' ', parsed.text, ending_of(kept));
        return;
    }
    buf_put(out, kept); // No line that ends a reply: an empty one does.
    reply_line_parse(&parsed, lines_text(last));
    put_line(out, parsed.code, ' ', SLICE(""), ending_of(last));
}

void ehlo_reply_take_out(struct buf *out, struct slice reply, struct slice keyword) {
    struct slice kept = lines_next(&reply); // not put out yet: it may be the last
    bool took_last = false;
    struct slice line = kept;
    while (reply.len > 0) {
        line = lines_next(&reply);
        took_last = is_line_of(line, keyword);
        if (!took_last) {
            buf_put(out, kept);
            kept = line;
        }
    }
    if (took_last) {
        put_end(out, kept, line);
    } else {
        buf_put(out, kept);
    }
}

void ehlo_reply_add(struct buf *out, struct slice reply, struct slice keyword) {
    struct reply_line first;
    struct slice line;
    do {
        line = lines_next(&reply);
        reply_line_parse(&first, lines_text(line));
        if (first.code == 0) {
            buf_put(out, line);
        }
    } while (first.code == 0 && reply.len > 0);
    if (first.code == 0) {
        return; // It answers nothing, so there is nothing to add to.
    }
    if (first.goes_on) {
        buf_put(out, line);
    } else {
        put_line(out, first.code, '-', first.text, ending_of(line));
    }
    put_line(out, first.code, first.goes_on ? '-' : ' ', keyword, SLICE("\r\n"));
    buf_put(out, reply);
}
