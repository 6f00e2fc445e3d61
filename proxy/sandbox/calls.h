// SPDX-License-Identifier: MIT
// calls: the system calls that a running proxy never makes, and that an attacker who took it over
// would want: to execute, to look into other processes, to change its user, its mounts, its kernel.
// One table, first match first, and the seccomp program made from it. All other calls pass: what
// the C library's next version calls must not stop mail.
#ifndef SCOPE_SANDBOX_CALLS_H
#define SCOPE_SANDBOX_CALLS_H

#include "base/limits.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a call is made with: its number and the low words of its arguments, which is all that the
// kernel takes of those that the table asks about.
struct call {
    int number;
    uint32_t arguments[6];
};

// Who is confined.
struct caller {
    uint32_t own_pid; // the process that may be signalled
    bool offline;     // it opens no socket at all
};

// 0: it passes. Else the errno that it fails with.
int calls_judge(const struct call *call, const struct caller *caller);

// Writes the program and returns its length.
size_t calls_build(struct sock_filter program[static CALLS_PROGRAM_MAX],
                   const struct caller *caller);

// Puts all threads of the process, and what they start, under it. 0, or an errno. It takes
// no_new_privs or CAP_SYS_ADMIN.
int calls_restrict(bool offline);

// Whether the kernel has such filters.
bool calls_can_be_restricted(void);

#endif
