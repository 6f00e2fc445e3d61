// SPDX-License-Identifier: MIT
// caps: any EHLO reply is read, and STARTTLS is there as the view wants it.
#include "smtp/caps.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 200 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check(const struct event_reply *reply, enum starttls_view view) {
    struct caps *caps = caps_new(reply, view, NULL);
    const struct capabilities *list = caps_list(caps);
    bool offered = capabilities_offer(list, "STARTTLS");
    require(list->count <= LIMIT_CAPABILITIES);
    require(view != STARTTLS_HIDDEN || !offered);
    require(view != STARTTLS_ADDED || offered || list->count == LIMIT_CAPABILITIES);
    for (size_t i = 0; i < list->count; i++) {
        require(list->items[i].keyword.len > 0);
    }
    caps_drop(caps_hold(caps));
    caps_drop(caps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct event_reply_line lines[LINES_MAX];
    struct event_reply reply = {.lines = lines};
    struct slice rest = slice_of(data, size);
    while (rest.len > 0 && reply.line_count < LINES_MAX) {
        lines[reply.line_count++].text = slice_split(&rest, '\n');
    }
    check(&reply, STARTTLS_AS_OFFERED);
    check(&reply, STARTTLS_HIDDEN);
    check(&reply, STARTTLS_ADDED);
    return 0;
}
