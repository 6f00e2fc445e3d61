// SPDX-License-Identifier: MIT
// process: what /proc says of a process. Used for the pid and program of a local client.
#ifndef SCOPE_BASE_PROCESS_H
#define SCOPE_BASE_PROCESS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct process_identity {
    uint32_t pid;                      // 0 where not known
    char program[PROCESS_PROGRAM_MAX]; // the kernel's short name, "python3"; "" where not known
};

// The process that a thread belongs to; 0 where it is gone or hidden from us.
uint32_t process_of_thread(uint32_t tid);
// Fills pid and program of a process; the program stays "" where it is gone.
void process_identify(struct process_identity *out, uint32_t pid);
// True while a signal waits for the thread that it catches and does not block: a blocking call of
// its own would be interrupted now.
bool process_is_signalled(uint32_t tid);
// Sends a signal to each child of this process.
void process_signal_children(int number);

#endif
