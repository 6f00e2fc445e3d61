// SPDX-License-Identifier: MIT
// reply: lines in any order make replies whose parts lie within their lines.
#include "smtp/reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check(struct reply *reply) {
    struct event_reply event = {0};
    reply_finish(&event, reply);
    require(event.line_count <= LIMIT_REPLY_LINES && event.code >= 0 && event.code <= 999);
    for (size_t i = 0; i < event.line_count; i++) {
        const struct event_reply_line *line = &event.lines[i];
        require(line->text.len <= line->line.text.len);
        struct slice enhanced = reply_line_enhanced(line->text);
        require(enhanced.len == 0 || (enhanced.len >= 5 && enhanced.len <= 9));
    }
    reply_clip(reply, 7);
    for (size_t i = 0; i < event.line_count; i++) {
        require(event.lines[i].line.text.len <= 7 && event.lines[i].text.len <= 7);
    }
    reply_clear(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice rest = slice_of(data, size);
    struct reply reply;
    reply_init(&reply);
    while (rest.len > 0) {
        struct slice text = slice_split(&rest, '\n');
        struct event_line line = {.text = text, .len = text.len};
        if (reply_add(&reply, &line)) {
            check(&reply);
        }
    }
    if (reply.open) {
        check(&reply);
    }
    reply_cleanup(&reply);
    return 0;
}
