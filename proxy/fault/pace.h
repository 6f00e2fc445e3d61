// SPDX-License-Identifier: MIT
// pace: bytes on their way to one peer that go out later, or slowly: held for a time, in small
// segments, or at a rate. In order: what comes after bytes that wait, waits too.
//
//   pace_put ──▶ │ item: at 3 s │ item: 1 byte a ms │ item: at once │ ──▶ pace_next, when due
#ifndef SCOPE_FAULT_PACE_H
#define SCOPE_FAULT_PACE_H

#include "base/buf.h"

struct pace_item {
    size_t len;
    int64_t not_before_ns;
    uint64_t segment; // bytes that go out at once, one such a millisecond; 0: all of them
};

// All-zero is empty; pace_init gives it room.
struct pace {
    struct buf bytes;
    struct pace_item *items;
    size_t item_count;
    size_t item_room;
    uint64_t rate;   // bytes a second; 0: no bound
    int64_t next_ns; // nothing goes out before it
};

void pace_init(struct pace *pace);
void pace_cleanup(struct pace *pace);

bool pace_is_empty(const struct pace *pace);
// Whether bytes would come out of it as they are put in, at this time.
bool pace_is_idle(const struct pace *pace, int64_t at_ns);
// Whether it holds so much that its source should wait.
bool pace_is_full(const struct pace *pace);
void pace_put(struct pace *pace, struct slice bytes, int64_t not_before_ns, uint64_t segment);
// From now on no more than this many bytes a second.
void pace_set_rate(struct pace *pace, uint64_t rate);
// When the next bytes are due; INT64_MAX where there are none.
int64_t pace_due_ns(const struct pace *pace);
// Bytes that are due, null where none are; valid until the next call. They count as sent.
struct slice pace_next(struct pace *pace, int64_t at_ns);

#endif
