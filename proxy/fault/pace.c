// SPDX-License-Identifier: MIT
#include "fault/pace.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

void pace_init(struct pace *pace) {
    *pace = (struct pace){0};
    buf_init(&pace->bytes, LIMIT_PACE);
}

void pace_cleanup(struct pace *pace) {
    buf_wipe(&pace->bytes);
    free(pace->items);
}

bool pace_is_empty(const struct pace *pace) {
    return pace->item_count == 0;
}

bool pace_is_idle(const struct pace *pace, int64_t at_ns) {
    return pace_is_empty(pace) && pace->rate == 0 && pace->next_ns <= at_ns;
}

bool pace_is_full(const struct pace *pace) {
    return buf_len(&pace->bytes) >= LIMIT_PACE_FULL;
}

void pace_put(struct pace *pace, struct slice bytes, int64_t not_before_ns, uint64_t segment) {
    if (bytes.len == 0) {
        return;
    }
    buf_put(&pace->bytes, bytes);
    pace->items =
        array_grown(pace->items, pace->item_count, &pace->item_room, sizeof(*pace->items));
    pace->items[pace->item_count++] = (struct pace_item){bytes.len, not_before_ns, segment};
}

void pace_set_rate(struct pace *pace, uint64_t rate) {
    pace->rate = rate;
}

int64_t pace_due_ns(const struct pace *pace) {
    if (pace->item_count == 0) {
        return INT64_MAX;
    }
    int64_t due_ns = pace->items[0].not_before_ns;
    return due_ns > pace->next_ns ? due_ns : pace->next_ns;
}

// How many bytes go out at once at this rate: those of 20 ms, so that a timer can keep up.
static uint64_t burst(uint64_t rate) {
    return rate / 50 > 0 ? rate / 50 : 1;
}

static void consume(struct pace *pace, size_t len) {
    pace->items[0].len -= len;
    if (pace->items[0].len == 0) {
        pace->item_count--;
        memmove(pace->items, pace->items + 1, pace->item_count * sizeof(*pace->items));
    }
}

struct slice pace_next(struct pace *pace, int64_t at_ns) {
    if (pace_due_ns(pace) > at_ns) {
        return (struct slice){0};
    }
    uint64_t len = pace->items[0].len;
    int64_t wait_ns = 0;
    if (pace->items[0].segment > 0 && len > pace->items[0].segment) {
        len = pace->items[0].segment;
        wait_ns = NS_PER_MS;
    }
    if (pace->rate > 0) {
        len = len < burst(pace->rate) ? len : burst(pace->rate);
        int64_t rate_ns = (int64_t)(len * (uint64_t)NS_PER_S / pace->rate);
        wait_ns = rate_ns > wait_ns ? rate_ns : wait_ns;
    }
    pace->next_ns = at_ns + wait_ns;
    consume(pace, (size_t)len);
    struct slice due = slice_sub(buf_slice(&pace->bytes), 0, (size_t)len);
    buf_consume(&pace->bytes, (size_t)len);
    return due;
}
