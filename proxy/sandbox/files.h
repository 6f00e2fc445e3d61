// SPDX-License-Identifier: MIT
// files: which files a process may open from now on, by Landlock, the kernel's list of places for a
// process that limits itself. What is open stays open. A process under such a list may not look
// into processes that are not, either (/proc/PID/fd): see `outside.h`.
#ifndef SCOPE_SANDBOX_FILES_H
#define SCOPE_SANDBOX_FILES_H

#include <stddef.h>

enum place_access {
    PLACE_READ,
    PLACE_WRITE, // read and written, made and removed below it
};

struct file_place {
    const char *path; // a file, or a folder with all below it; one that is not there is passed over
    enum place_access access;
};

// The version of the kernel's Landlock, 0 where it has none.
int files_version(void);

// Opens the list, before the rights to reach its places are given up. A descriptor, or a negative
// errno.
int files_list_open(const struct file_place *places, size_t count);
// Puts the calling thread, and those that it starts, under the list, and closes it. It takes
// no_new_privs or CAP_SYS_ADMIN. 0, or an errno.
int files_restrict(int list_fd);

#endif
