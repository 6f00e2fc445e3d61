// SPDX-License-Identifier: MIT
// shape: what the sessions say whose cost is compared: a pattern, repeated, in some place.
#ifndef TEST_COST_SHAPE_H
#define TEST_COST_SHAPE_H

#include "base/buf.h"
#include "event/session.h"

// A number at the end of a unit makes each another secret.
enum saying { SAID_PLAIN, SAID_BASE64, SAID_NUMBERED, SAID_NUMBERED_BASE64 };

// Where the repeated bytes stand. A script is lines that begin with who speaks, `C` or `S`.
struct place {
    const char *name;
    const char *before; // script ahead of them
    size_t taught;      // so many secrets, which begin with the pattern, are learnt behind it
    enum side side;     // who says them
    const char *begin;  // in front of each unit of them
    size_t unit;        // bytes of one; 0: all is one
    const char *end;    // behind each
    const char *answer; // of the other side to each; NULL for none
    const char *after;  // script behind them
    enum saying saying; // how each unit is said
};

size_t place_count(void);
const struct place *place_at(size_t index);

// The classes of bytes that mean something to somebody, and words that do.
size_t class_count(void);
struct slice class_at(size_t index);

#endif
