// SPDX-License-Identifier: MIT
// tally: what came of all sessions, for the summary at the end of a capture. A sink (sink.h).
#ifndef SCOPE_OBSERVE_TALLY_H
#define SCOPE_OBSERVE_TALLY_H

#include "base/buf.h"
#include "observe/sink.h"

#include <stdatomic.h>

// All-zero is nothing so far. Written on the sessions' threads.
struct tally {
    _Atomic uint64_t sessions; // that ended
    _Atomic uint64_t accepted; // messages that the server took
    _Atomic uint64_t refused;
    _Atomic uint64_t unanswered; // messages that were cut off, or got no answer
    _Atomic uint64_t errors;     // findings
    _Atomic uint64_t warnings;
};

// With a `struct tally` as its context.
extern const struct sink_ops tally_sink;

// Appends "2 sessions, 3 messages accepted, 1 refused, 2 errors, 1 warning".
void tally_put(struct buf *out, const struct tally *tally);

#endif
