// SPDX-License-Identifier: MIT
// deadline: when something is due next on a loop, in nanoseconds of uv_hrtime. It frees itself in
// its close callback.
//
// In a turn of the loop timers come before sockets: in one that is late, what a peer sent in time
// lies unread when the time is over. What judges a peer's silence asks the socket first
// (peer_has_unread, peer_is_answered) and arms again if there is something.
#ifndef SCOPE_NET_DEADLINE_H
#define SCOPE_NET_DEADLINE_H

#include <stdint.h>
#include <uv.h>

struct deadline;

// Calls `due` at `at_ns` or shortly after it, however late the loop is, and only after the sockets
// had a turn, also where that time is past. The loop's own clock, which uv_timer_start counts from,
// shows the beginning of the turn.
void deadline_start_timer(uv_timer_t *timer, uv_timer_cb due, int64_t at_ns);

struct deadline *deadline_new(uv_loop_t *loop, void (*due)(void *context), void *context);
// Moves it only to something earlier: one that comes too early is to be armed again.
void deadline_arm(struct deadline *deadline, int64_t at_ns);
void deadline_close(struct deadline *deadline);

#endif
