// SPDX-License-Identifier: MIT
// rights: the user that a process continues as, and which of root's capabilities it keeps.
#ifndef SCOPE_SANDBOX_RIGHTS_H
#define SCOPE_SANDBOX_RIGHTS_H

#include "base/err.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/types.h>

struct user {
    char *name; // owned; NULL for one that is only a number
    uid_t uid;
    gid_t gid;
};

#define RIGHT(capability) (UINT64_C(1) << (capability))
// What root needs to open its own and other people's files.
#define RIGHTS_FILES                                                                               \
    (RIGHT(CAP_DAC_OVERRIDE) | RIGHT(CAP_DAC_READ_SEARCH) | RIGHT(CAP_FOWNER) | RIGHT(CAP_CHOWN) | \
     RIGHT(CAP_LEASE))
// What it takes to see the descriptors of other people's processes, to remove what root made, and
// to put a file in the place of another user's, also in a sticky folder.
#define RIGHTS_OUTSIDE                                                                             \
    (RIGHT(CAP_SYS_PTRACE) | RIGHT(CAP_DAC_READ_SEARCH) | RIGHT(CAP_DAC_OVERRIDE) |                \
     RIGHT(CAP_FOWNER))

// Finds a user by name or number. ERR_SYSTEM with a sentence where there is none.
MUST_USE enum err user_find(struct user *out, struct failure *failure, const char *name);
void user_cleanup(struct user *user);

// Between the two the process has the user's rights to files, and may have root's again. 0, or an
// errno.
MUST_USE int user_assume(const struct user *user);
MUST_USE int user_resume(void);

// The least that is needed to mark a socket, of what the process has: CAP_NET_RAW, for kernels
// before 5.17 CAP_NET_ADMIN, 0 where it has neither.
uint64_t rights_to_mark(void);

// For good: the process becomes `user` (NULL: stays who it is), with no capability but those of
// `kept` that it has; no program that it starts has more, and no one but root may look into it.
// 0, or an errno.
MUST_USE int rights_drop(const struct user *user, uint64_t kept);

// No core dump, and no look into this process by its own user: it holds keys. A program that it
// executes is not bound by that.
void rights_hide_memory(void);
// For a child of such a process that is about to execute another program.
void rights_show_memory(void);

#endif
