// SPDX-License-Identifier: MIT
// sandbox: least privilege for a process that has opened what it needs: from then on it has only
// the rights of its plan, opens only the files of its places, and makes no call of `calls.h`. It
// does not know what the process is for.
//
//   rights_drop ── no_new_privs ── files_restrict ── calls_restrict
#ifndef SCOPE_SANDBOX_SANDBOX_H
#define SCOPE_SANDBOX_SANDBOX_H

#include "sandbox/files.h"
#include "sandbox/rights.h"

#include <stdbool.h>

struct sandbox_plan {
    const struct user *user; // NULL: it stays who it is
    uint64_t kept;           // the capabilities that it still needs
    uint64_t kept_as_it_is;  // the same where it cannot become the user
    bool confined;           // all but the rights: false by --no-sandbox
    bool offline;            // it opens no socket
    const struct file_place *places;
    size_t place_count;
};

// What did not work, each an errno, 0 where all is well. None of it stops the process.
struct sandbox_faults {
    int rights;
    int no_new_privileges;
    int files; // ENOSYS: this kernel has no Landlock
    int calls;
};

// While there is one thread. There is no way back.
void sandbox_enter(struct sandbox_faults *out, const struct sandbox_plan *plan);

// Whether this program can be confined at all: one that is built to watch itself (sanitizers,
// coverage) needs what a sandbox takes.
bool sandbox_is_built_in(void);

#endif
