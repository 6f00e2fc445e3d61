// SPDX-License-Identifier: MIT
// rate: how often something happens, over the last seconds. It counts on any thread, and has no
// clock and no timer: a proxy that waits makes no system call.
#ifndef SCOPE_NET_RATE_H
#define SCOPE_NET_RATE_H

#include <stdatomic.h>
#include <stdint.h>

enum { RATE_SECONDS = 11 }; // ten whole ones and the one under way

// All-zero has counted nothing. Each is the number of a second, and how often it happened in it.
struct rate {
    atomic_uint_fast64_t seconds[RATE_SECONDS]; // a ring
};

// It happened `more` times at `now_ms`; any thread.
void rate_count(struct rate *rate, uint64_t now_ms, uint32_t more);
// The time that is looked back on, of a program that began at `began_ms`.
uint64_t rate_window_ms(uint64_t began_ms, uint64_t now_ms);
// How often a second it happened in that time.
double rate_each_second(struct rate *rate, uint64_t began_ms, uint64_t now_ms);

#endif
