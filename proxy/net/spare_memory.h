// SPDX-License-Identifier: MIT
// spare_memory: gives back to the system what a crowd of sessions has left. The C library keeps
// freed memory, in pieces between what is still in use: after a flood that was over a hundred MiB.
#ifndef SCOPE_NET_SPARE_MEMORY_H
#define SCOPE_NET_SPARE_MEMORY_H

#include <stdatomic.h>
#include <uv.h>

// What all loops share: the memory is the process's.
struct spare_memory {
    atomic_uint_fast64_t looked_ms; // of a loop's clock, which all have in common
};

// A loop's own part; its `data` is the shared one.
void spare_memory_init(uv_timer_t *timer, uv_loop_t *loop, struct spare_memory *shared);
// A session of this loop has ended: a look is due, once in a while.
void spare_memory_expect(uv_timer_t *timer);

#endif
