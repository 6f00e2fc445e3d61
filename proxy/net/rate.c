// SPDX-License-Identifier: MIT
#include "net/rate.h"

#include <stdbool.h>

enum { MS_PER_S = 1000, COUNT_BITS = 32 };

void rate_count(struct rate *rate, uint64_t now_ms, uint32_t more) {
    uint64_t second = now_ms / MS_PER_S;
    atomic_uint_fast64_t *slot = &rate->seconds[second % RATE_SECONDS];
    uint64_t seen = atomic_load(slot);
    uint64_t next = 0;
    do {
        next = seen >> COUNT_BITS == second ? seen + more : second << COUNT_BITS | more;
    } while (!atomic_compare_exchange_weak(slot, &seen, next));
}

uint64_t rate_window_ms(uint64_t began_ms, uint64_t now_ms) {
    uint64_t kept_ms = (RATE_SECONDS - 1) * MS_PER_S + now_ms % MS_PER_S;
    return now_ms - began_ms < kept_ms ? now_ms - began_ms : kept_ms;
}

double rate_each_second(struct rate *rate, uint64_t began_ms, uint64_t now_ms) {
    uint64_t window_ms = rate_window_ms(began_ms, now_ms);
    uint64_t count = 0;
    for (unsigned i = 0; i < RATE_SECONDS; i++) {
        uint64_t slot = atomic_load(&rate->seconds[i]);
        bool is_recent = (slot >> COUNT_BITS) + RATE_SECONDS > now_ms / MS_PER_S;
        count += is_recent ? slot & UINT32_MAX : 0;
    }
    return window_ms == 0 ? 0 : (double)count * MS_PER_S / (double)window_ms;
}
