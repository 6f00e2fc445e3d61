// SPDX-License-Identifier: MIT
// reaper: the thread that waits for the command: it passes signals on, waits for the command and
// for all processes that outlive it (capture makes this process their parent), and says when the
// last one has ended.
#ifndef SCOPE_CAPTURE_REAPER_H
#define SCOPE_CAPTURE_REAPER_H

#include "capture/pending_connects.h"
#include "capture/reporter.h"

#include <signal.h>
#include <sys/types.h>

struct reaper;

struct reaper_command {
    pid_t pid;
    bool alone;            // it leads a process group of its own, to which signals go, and what it
                           // leaves running is ended LIMIT_LEFT_RUNNING_MS later
    int64_t time_limit_ms; // after which all that is left of it is ended; 0 for none
};

// The signals that it takes: blocked in every thread, so that they come to it alone.
void reaper_signals(sigset_t *out);

// NULL where no thread can be made. `reporter` and `pending` outlive it. The end is said when what
// the command connected last was claimed, so that no session is lost by it.
struct reaper *reaper_start(const struct reaper_command *command, struct reporter *reporter,
                            struct pending_connects *pending);
// After the end was said: whether the command itself had to be ended.
bool reaper_timed_out(const struct reaper *reaper);
// The most memory, in bytes, that one of its processes that ended had at once.
uint64_t reaper_memory(const struct reaper *reaper);
void reaper_stop(struct reaper *reaper);

#endif
