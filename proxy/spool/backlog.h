// SPDX-License-Identifier: MIT
// backlog: how much of one output waits for the writer thread, and what is to be done about it.
// Shared between the threads of the sessions, which put in, and the writer thread, which takes out;
// all of it is atomic.
//
//   waiting   0 ──────────── max/2 ──────────── max
//             │   goes on    │ congested:       │ the writer still gets ahead: taken all the same;
//             │              │ readers wait     │ it does not, or failed: lost, until max/2
//
// So a disk that is slower than the mail slows the reading, and one that has failed does not.
#ifndef SCOPE_SPOOL_BACKLOG_H
#define SCOPE_SPOOL_BACKLOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog {
    size_t max; // bytes
    atomic_size_t waiting;
    _Atomic int64_t ahead_ns;    // monotonic: when the writer last got ahead, or nothing waited
    atomic_bool failing;         // the last attempt to write failed
    atomic_bool losing;          // the cap was met; nothing is taken until half of it is free
    _Atomic uint64_t lost;       // lines, in all
    _Atomic uint64_t unreported; // of these, not yet reported by a line of their own
    size_t window_bytes;         // the writer's own: written since ahead_ns
};

void backlog_init(struct backlog *backlog, size_t max);

// A thread that has a chunk: whether it is taken, `cost` bytes then wait. Where it is not, the
// caller counts its lines by backlog_lose. `*out_unreported` is the number of lines that were lost
// in front of this chunk.
bool backlog_admit(struct backlog *backlog, uint64_t *out_unreported, size_t cost, int64_t now_ns);
void backlog_lose(struct backlog *backlog, uint64_t lines);
// Something small that is taken whatever waits.
void backlog_add(struct backlog *backlog, size_t cost);
bool backlog_is_congested(const struct backlog *backlog, int64_t now_ns);

// The writer: `cost` bytes wait no more.
void backlog_release(struct backlog *backlog, size_t cost);
// The writer: `len` bytes reached their place.
void backlog_wrote(struct backlog *backlog, size_t len, int64_t now_ns);
void backlog_set_failing(struct backlog *backlog, bool failing);
// The lines not yet reported, which the caller reports now; they are added again where it cannot.
uint64_t backlog_take_unreported(struct backlog *backlog);
void backlog_add_unreported(struct backlog *backlog, uint64_t lines);

#endif
