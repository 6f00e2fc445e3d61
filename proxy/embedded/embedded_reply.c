// SPDX-License-Identifier: MIT
// embedded_reply: the form of what the server answers: as many lines, as long and with as much text
// as its traits want.
#include "base/text.h"
#include "embedded/embedded_state.h"

#include <stdio.h>

enum { CODE_LEN = 3 };

// "2.1.0 " at the beginning of a text.
static size_t enhanced_len(struct slice text) {
    size_t len = slice_find_byte(text, ' ');
    bool enhanced = len != SLICE_NONE && len >= 5 && text_is_digit(text.data[0]) &&
                    text.data[1] == '.' && text_is_digit(text.data[2]);
    return enhanced ? len + 1 : 0;
}

static void fill_up(struct buf *out, size_t len, size_t wanted_len) {
    if (wanted_len > len) {
        buf_put_byte(out, ' ');
    }
    for (size_t i = len + 1; i < wanted_len; i++) {
        buf_put_byte(out, 'x');
    }
}

void embedded_put_line(const struct embedded *embedded, struct buf *out, struct slice head,
                       struct slice text) {
    const struct embedded_traits *traits = embedded->config.traits;
    size_t before = buf_len(out);
    buf_put(out, head);
    buf_put(out, text);
    if (traits != NULL && text.len > 0) {
        buf_put(out, traits->reply_noise);
        fill_up(out, buf_len(out) - before + 2, traits->reply_len);
    }
    buf_put(out, SLICE("\r\n"));
}

// The text of a line, as the traits want it; `out` has room for one of the server's own.
static struct slice shaped(struct buf *out, const struct embedded_traits *traits,
                           struct slice line) {
    struct slice text = slice_from(line, CODE_LEN + 1);
    bool asks = line.data[0] == '3';
    if (traits->reply_bare) {
        return SLICE("");
    }
    if (traits->enhanced == ENHANCED_NEVER) {
        return slice_from(text, enhanced_len(text));
    }
    if (traits->enhanced == ENHANCED_ON_EVERY && asks) {
        buf_put(out, SLICE("2.0.0 "));
        buf_put(out, text);
        return buf_slice(out);
    }
    return text;
}

static void put_shaped(const struct embedded *embedded, struct buf *out, struct slice line) {
    const struct embedded_traits *traits = embedded->config.traits;
    struct buf own;
    buf_init(&own, line.len + LIMIT_KEYWORD);
    struct slice text = shaped(&own, traits, line);
    uint8_t head[CODE_LEN + 1] = {line.data[0], line.data[1], line.data[2], '-'};
    struct slice more = slice_of(head, sizeof(head));
    for (unsigned i = 1; i < traits->reply_lines; i++) {
        embedded_put_line(embedded, out, more, i == 1 ? text : SLICE(""));
    }
    head[CODE_LEN] = ' ';
    struct slice last = slice_sub(more, 0, text.len == 0 ? CODE_LEN : CODE_LEN + 1);
    embedded_put_line(embedded, out, last, text);
    buf_cleanup(&own);
}

void embedded_reply(const struct embedded *embedded, struct buf *out, const char *line) {
    if (embedded->config.traits != NULL) {
        put_shaped(embedded, out, slice_of_string(line));
    } else {
        embedded_put_line(embedded, out, slice_of_string(line), SLICE(""));
    }
}
