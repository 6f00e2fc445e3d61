// SPDX-License-Identifier: MIT
#include "smtp/reply.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>

// ── enhanced codes: class "." subject "." detail (RFC 3463 2) ───────────────────────────────────

static size_t digits(struct slice s) {
    size_t len = 0;
    while (len < s.len && len < 3 && text_is_digit(s.data[len])) {
        len++;
    }
    return len;
}

struct slice reply_enhanced(struct slice text) {
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
    bool ends = end == text.len || text.data[end] == ' ' || text.data[end] == '\t';
    return detail > 0 && ends ? slice_sub(text, 0, end) : none;
}

// ── the whole reply ─────────────────────────────────────────────────────────────────────────────

void reply_init(struct reply *reply) {
    *reply = (struct reply){0};
    buf_init(&reply->bytes, LIMIT_REPLY_BYTES);
}

void reply_cleanup(struct reply *reply) {
    buf_wipe(&reply->bytes);
    free(reply->lines);
    reply->lines = NULL;
}

static void keep(struct reply *reply, const struct event_line *line) {
    if (reply->count == LIMIT_REPLY_LINES || buf_room(&reply->bytes) < line->text.len) {
        reply->cut = true;
        return;
    }
    if (reply->count == reply->capacity) {
        reply->capacity = reply->capacity == 0 ? 4 : 2 * reply->capacity;
        reply->lines = mem_resize(reply->lines, reply->capacity, sizeof(reply->lines[0]));
    }
    reply->lines[reply->count] = (struct event_reply_line){.line = *line};
    reply->count++;
    buf_put(&reply->bytes, line->text);
}

bool reply_add(struct reply *reply, const struct event_line *line) {
    struct reply_line parsed;
    reply_line_parse(&parsed, line->text);
    bool coded = reply->open && !reply->pending;
    keep(reply, line);
    reply->open = true;
    if (parsed.code == 0) {
        reply->pending = !coded;
        return false;
    }
    reply->pending = false;
    reply->first_code = coded ? reply->first_code : parsed.code;
    reply->code = parsed.code;
    return !parsed.goes_on;
}

void reply_finish(struct event_reply *out, struct reply *reply) {
    struct slice bytes = buf_slice(&reply->bytes);
    size_t at = 0;
    for (size_t i = 0; i < reply->count; i++) {
        struct event_reply_line *line = &reply->lines[i];
        struct reply_line parsed;
        line->line.text = slice_sub(bytes, at, line->line.text.len);
        at += line->line.text.len;
        reply_line_parse(&parsed, line->line.text);
        line->text = parsed.text;
        line->malformed = parsed.malformed;
        line->code_differs = parsed.code != 0 && parsed.code != reply->first_code;
    }
    out->lines = reply->lines;
    out->line_count = reply->count;
    out->code = reply->code;
    out->cut = reply->cut;
}

void reply_clip(struct reply *reply, size_t max_line) {
    for (size_t i = 0; i < reply->count; i++) {
        struct event_reply_line *line = &reply->lines[i];
        size_t before = line->line.text.len - line->text.len;
        line->line.text = slice_sub(line->line.text, 0, max_line);
        line->text = slice_sub(line->text, 0, max_line > before ? max_line - before : 0);
    }
}

void reply_clear(struct reply *reply) {
    reply->count = 0;
    reply->first_code = reply->code = 0;
    reply->open = reply->pending = reply->cut = false;
    buf_clear(&reply->bytes);
}
