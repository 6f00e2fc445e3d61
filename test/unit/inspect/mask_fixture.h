// SPDX-License-Identifier: MIT
// mask_fixture: a mask with a sink that keeps every byte that came out of it, and short ways to
// hand events in.
#ifndef TEST_INSPECT_MASK_FIXTURE_H
#define TEST_INSPECT_MASK_FIXTURE_H

#include "base/buf.h"
#include "inspect/mask.h"

struct mask_fixture {
    struct mask *mask;
    struct buf seen;    // all texts of all events, each in its own line
    struct buf last;    // the text of the last event's line, or its one text
    struct buf raw;     // the data of the EVENT_BYTES
    struct event copy;  // the last event, its slices not to be followed
    const void *passed; // the last event's address
    size_t count;       // events that came out
};

void fixture_init(struct mask_fixture *fixture, enum auth_view view);
void fixture_cleanup(struct mask_fixture *fixture);
void fixture_clear(struct mask_fixture *fixture); // forgets what was seen

void fixture_take(struct mask_fixture *fixture, const struct event *event);

// `AUTH MECHANISM INITIAL`, its initial response marked; "" for none.
void fixture_auth(struct mask_fixture *fixture, const char *mechanism, struct slice initial);
// A SASL line, marked all over.
void fixture_continue(struct mask_fixture *fixture, struct slice line);
void fixture_reply(struct mask_fixture *fixture, struct slice line);   // one line with its code
void fixture_command(struct mask_fixture *fixture, struct slice line); // nothing marked
void fixture_bytes(struct mask_fixture *fixture, enum side from, struct slice data);

#endif
