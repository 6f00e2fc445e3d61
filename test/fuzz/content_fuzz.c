// SPDX-License-Identifier: MIT
// content: the end, the bytes as meant, their number, lines and hash are those of a reader that
// does it one byte after the other, however the bytes are cut, and whether lines are shown or only
// counted.
#include "smtp/content.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEANT_MAX = 1 << 16, TEXT_KEPT = 24 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

// The plain reading of RFC 5321 4.5.2.
struct plain {
    struct buf meant;
    uint64_t lines;
    size_t used;
    bool ended;
};

static void read_plainly(struct plain *plain, struct slice data, bool chunks) {
    bool start = true;
    buf_init(&plain->meant, MEANT_MAX);
    plain->lines = 0;
    plain->ended = false;
    size_t at = 0;
    while (at < data.len && !plain->ended) {
        if (start && !chunks && slice_starts_with(slice_from(data, at), SLICE(".\r\n"))) {
            plain->ended = true;
            at += 3;
            break;
        }
        if (!(start && !chunks && data.data[at] == '.')) {
            buf_put_byte(&plain->meant, data.data[at]);
            plain->lines += data.data[at] == '\n';
        }
        start = data.data[at] == '\n' && at > 0 && data.data[at - 1] == '\r';
        at++;
    }
    plain->used = at;
}

struct seen {
    struct buf meant;
    struct buf lines;
    struct buf flaws;
    struct event_content_end end;
};

static void take(void *context, const struct event *event) {
    struct seen *seen = context;
    if (event->kind == EVENT_CONTENT) {
        buf_put(&seen->meant, event->content.bytes);
    } else if (event->kind == EVENT_TEXT) {
        const struct event_line *line = &event->text.line;
        require(line->text.len <= TEXT_KEPT && line->text.len <= line->len);
        buf_putf(&seen->lines, "line %zu %d %d %d %d %d %d ", line->len, line->ending,
                 line->has_bare_cr, line->has_nul, line->has_8bit, event->text.header,
                 event->text.final_dot);
        buf_put(&seen->lines, line->text);
    } else if (event->kind == EVENT_FLAW) {
        buf_putf(&seen->flaws, "flaw %d %d ", event->flaw.kind, (int)event->flaw.number);
        buf_put(&seen->flaws, event->flaw.detail);
    } else if (event->kind == EVENT_CONTENT_END) {
        seen->end = event->content_end;
    }
}

static size_t read_all(struct seen *seen, const struct content_rules *rules, struct slice data,
                       size_t step) {
    struct content content;
    struct event event = {0};
    struct event_sink sink = {take, seen};
    bool ended = false;
    size_t used = 0;
    buf_init(&seen->meant, MEANT_MAX);
    buf_init(&seen->lines, 1 << 24);
    buf_init(&seen->flaws, 1 << 24);
    content_begin(&content, rules, TEXT_KEPT, &sink, &event);
    while (used < data.len && !ended) {
        size_t took = content_feed(&content, &ended, slice_sub(data, used, step), 0);
        require(took > 0 && took <= step);
        used += took;
    }
    content_end(&content, ended || rules->chunks, 0);
    content_cleanup(&content);
    return used;
}

static void cleanup(struct seen *seen) {
    buf_cleanup(&seen->meant);
    buf_cleanup(&seen->lines);
    buf_cleanup(&seen->flaws);
}

static void compare(const struct seen *seen, const struct plain *plain) {
    uint8_t digest[SHA256_LEN];
    struct buf hex;
    buf_init(&hex, HEX_SHA256_LEN);
    sha256_of(digest, buf_slice(&plain->meant));
    text_put_hex(&hex, slice_of(digest, sizeof(digest)));
    require(slice_equal(buf_slice(&seen->meant), buf_slice(&plain->meant)));
    require(seen->end.bytes == buf_len(&plain->meant) && seen->end.lines == plain->lines);
    require(slice_is(buf_slice(&hex), seen->end.sha256));
    buf_cleanup(&hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > MEANT_MAX) {
        return 0;
    }
    struct content_rules rules = {.chunks = (data[0] & 1) != 0,
                                  .binary = (data[0] & 3) == 3,
                                  .eight_bits = (data[0] & 4) != 0};
    size_t step = 1 + data[0] / 8;
    struct slice text = slice_of(data + 1, size - 1);
    struct plain plain;
    struct seen whole;
    struct seen cut;
    struct seen counted; // without the lines after the header
    struct content_rules header_only = rules;
    header_only.header_lines_only = true;
    read_plainly(&plain, text, rules.chunks);
    require(read_all(&whole, &rules, text, text.len) == plain.used);
    require(read_all(&cut, &rules, text, step) == plain.used);
    require(read_all(&counted, &header_only, text, step) == plain.used);
    compare(&whole, &plain);
    compare(&cut, &plain);
    compare(&counted, &plain);
    require(slice_equal(buf_slice(&whole.lines), buf_slice(&cut.lines)));
    require(slice_equal(buf_slice(&whole.flaws), buf_slice(&cut.flaws)));
    require(slice_equal(buf_slice(&whole.flaws), buf_slice(&counted.flaws)));
    buf_cleanup(&plain.meant);
    cleanup(&whole);
    cleanup(&cut);
    cleanup(&counted);
    return 0;
}
