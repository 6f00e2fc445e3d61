// SPDX-License-Identifier: MIT
#include "smtp/reply.h"

#include "base/array.h"

#include <stdlib.h>

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
    reply->lines = array_grown(reply->lines, reply->count, &reply->room, sizeof(reply->lines[0]));
    reply->lines[reply->count++] = (struct event_reply_line){.line = *line};
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
    out->emitted_lines = reply->emitted;
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
    reply->count = reply->emitted = 0;
    reply->first_code = reply->code = 0;
    reply->open = reply->pending = reply->cut = false;
    buf_clear(&reply->bytes);
}

void reply_give_back(struct reply *reply) {
    if (reply->count == 0) {
        reply_cleanup(reply);
        reply->room = 0;
    }
}
