// SPDX-License-Identifier: MIT
// deadline: when something is due next on a loop, in nanoseconds of uv_hrtime. It frees itself in
// its close callback.
#ifndef SCOPE_NET_DEADLINE_H
#define SCOPE_NET_DEADLINE_H

#include <stdint.h>
#include <uv.h>

struct deadline;

struct deadline *deadline_new(uv_loop_t *loop, void (*due)(void *context), void *context);
// Moves it only to something earlier: one that comes too early is to be armed again.
void deadline_arm(struct deadline *deadline, int64_t at_ns);
void deadline_close(struct deadline *deadline);

#endif
