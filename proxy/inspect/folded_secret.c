// SPDX-License-Identifier: MIT
#include "inspect/folded_secret.h"

#include "base/buf.h"
#include "base/memory.h"
#include "event/reply_line.h"

#include <stdlib.h>

// Where a line's text is in the line and in the joined text, and what of it is secret.
struct part {
    size_t body;  // after code and enhanced code
    size_t start; // in the joined text
    size_t head;  // up to here it goes on with the line before; `body` for nothing
    size_t tail;  // from here it goes on in the next line; the line's length for nothing
};

// Where the text begins after a reply code with its separator, an enhanced code (RFC 2034) and
// blanks.
static size_t body_of(struct slice line) {
    struct reply_line parsed;
    reply_line_parse(&parsed, line);
    struct slice text = parsed.text;
    if (parsed.code != 0) {
        text = slice_from(text, reply_line_enhanced(text).len);
    }
    return line.len - slice_trim_left(text).len;
}

static void mark(const struct folded_line *lines, struct part *parts, size_t first,
                 const struct secret_match *match) {
    size_t from = match->at - match->before;
    size_t to = match->at + match->len;
    size_t i = first;
    struct part *part = &parts[i];
    if (to <= part->start + (lines[i].text.len - part->body)) {
        return;
    }
    size_t tail = part->body + (from - part->start);
    part->tail = tail < part->tail ? tail : part->tail;
    while (to > parts[i].start + (lines[i].text.len - parts[i].body)) {
        part = &parts[++i];
        size_t len = lines[i].text.len - part->body;
        size_t covered = to - part->start < len ? to - part->start : len;
        part->head = part->body + covered > part->head ? part->body + covered : part->head;
    }
}

static void set_marks(struct folded_line *line, const struct part *part) {
    line->mark_count = 0;
    if (part->head > part->body && part->head >= part->tail) {
        line->marks[line->mark_count++] = (struct span){part->body, line->text.len - part->body};
        return;
    }
    if (part->head > part->body) {
        line->marks[line->mark_count++] = (struct span){part->body, part->head - part->body};
    }
    if (part->tail < line->text.len) {
        line->marks[line->mark_count++] = (struct span){part->tail, line->text.len - part->tail};
    }
}

static void join(struct buf *out, struct part *parts, const struct folded_line *lines,
                 size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct part *part = &parts[i];
        part->body = part->head = body_of(lines[i].text);
        part->tail = lines[i].text.len;
        part->start = buf_len(out);
        buf_put(out, slice_from(lines[i].text, part->body));
    }
}

void folded_secret_find(const struct secret_set *secrets_known, struct folded_line *lines,
                        size_t count) {
    size_t total = 0;
    size_t at_line = 0;
    for (size_t i = 0; i < count; i++) {
        lines[i].mark_count = 0;
        total += lines[i].text.len;
    }
    if (count < 2) {
        return;
    }
    struct part *parts = mem_new_array(count, sizeof(*parts));
    struct buf joined;
    struct secret_match match;
    buf_init(&joined, total + 1);
    join(&joined, parts, lines, count);
    struct secret_search search = {.secrets_known = secrets_known, .text = buf_slice(&joined)};
    while (secret_search_next(&search, &match)) {
        while (at_line + 1 < count && parts[at_line + 1].start <= match.at - match.before) {
            at_line++;
        }
        mark(lines, parts, at_line, &match);
    }
    for (size_t i = 0; i < count; i++) {
        set_marks(&lines[i], &parts[i]);
    }
    buf_wipe(&joined);
    free(parts);
}
