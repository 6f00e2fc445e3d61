// SPDX-License-Identifier: MIT
// keeper: the thread that minds the command: it passes signals on, waits for the command and for
// all that the command left behind (capture makes this process their parent), and says when the
// last has ended.
#ifndef SCOPE_CAPTURE_KEEPER_H
#define SCOPE_CAPTURE_KEEPER_H

#include "capture/records.h"
#include "capture/reporter.h"

#include <signal.h>
#include <sys/types.h>

struct keeper;

// The signals that it takes: blocked in every thread, so that they come to it alone.
void keeper_signals(sigset_t *out);

// NULL where no thread can be made. `reporter` and `records` outlive it. The end is said when what
// the command connected last was claimed, so that no session is lost by it.
struct keeper *keeper_start(pid_t command, struct reporter *reporter, struct records *records);
void keeper_stop(struct keeper *keeper);

#endif
