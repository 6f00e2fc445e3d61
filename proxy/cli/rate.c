// SPDX-License-Identifier: MIT
#include "cli/rate.h"

void rate_add(struct rate *rate, const struct rate_sample *sample) {
    rate->samples[rate->count % RATE_SAMPLES] = *sample;
    rate->count++;
}

static double each_second(uint64_t from, uint64_t to, uint64_t ms) {
    return ms == 0 ? 0 : (double)(to - from) * 1000 / (double)ms;
}

void rate_put(struct buf *out, const struct rate *rate, const struct rate_sample *now) {
    size_t oldest = rate->count < RATE_SAMPLES ? 0 : rate->count % RATE_SAMPLES;
    struct rate_sample from = rate->count == 0 ? *now : rate->samples[oldest];
    uint64_t ms = now->at_ms - from.at_ms;
    buf_putf(out, "%.1f sessions and %.1f messages a second (over %.0f s)",
             each_second(from.sessions, now->sessions, ms),
             each_second(from.messages, now->messages, ms), (double)ms / 1000);
}
