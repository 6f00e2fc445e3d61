// SPDX-License-Identifier: MIT
// jsonl: one JSON object an event, as it happens.
#include "transcript/jsonl.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/format.h"

#include <stdio.h>
#include <stdlib.h>

static void *session_new(struct outlet *outlet) {
    return outlet;
}

static void session_free(void *context) {
    (void)context;
}

static void take(void *context, const struct event *event) {
    struct outlet *outlet = context;
    jsonl_put_event(&outlet->bytes, event, message_log_message(outlet->messages));
}

// ── its files ───────────────────────────────────────────────────────────────────────────────────

static int put_counter(char *out, size_t max, uint64_t counter) {
    return snprintf(out, max, "{\"counter\":%llu,", (unsigned long long)counter);
}

static void put_notice(struct buf *out, const struct event *event, bool color) {
    (void)color;
    jsonl_put_event(out, event, NULL);
}

static void put_lost(struct buf *out, uint64_t count, const char *reason, int64_t unix_ns,
                     bool color) {
    const struct event event = format_lost_event(count, reason, unix_ns);
    put_notice(out, &event, color);
}

static const struct framing framing = {
    .name = "jsonl",
    .shape = SHAPE_LINES,
    .put_counter = put_counter,
    .put_lost = put_lost,
};

const struct format_info jsonl_format = {
    .name = "jsonl",
    .endings = "jsonl|ndjson",
    .framing = &framing,
    .shares_messages = true,
    .put_notice = put_notice,
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
};
