// SPDX-License-Identifier: MIT
// rate: how fast two counts grow, over the last seconds. It has no clock; its owner adds a sample
// each second.
#ifndef SCOPE_CLI_RATE_H
#define SCOPE_CLI_RATE_H

#include "base/buf.h"

enum { RATE_SAMPLES = 11 };

struct rate_sample {
    uint64_t at_ms;
    uint64_t sessions;
    uint64_t messages;
};

// All-zero has no sample yet.
struct rate {
    struct rate_sample samples[RATE_SAMPLES]; // a ring
    size_t count;                             // ever added
};

void rate_add(struct rate *rate, const struct rate_sample *sample);
// Appends `2.5 sessions and 1.0 messages a second (over 10 s)`: from the oldest sample to `now`.
void rate_put(struct buf *out, const struct rate *rate, const struct rate_sample *now);

#endif
