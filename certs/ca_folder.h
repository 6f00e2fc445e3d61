// SPDX-License-Identifier: MIT
// ca_folder: the files of the CA: a folder of mode 0700, locked while it is looked at or changed,
// in which files appear whole or not at all. What another user owns or may write is refused, since
// who can put a CA there can read all that its clients send. Knows nothing of certificates. Only
// inside `certs`.
#ifndef SCOPE_CERTS_CA_FOLDER_H
#define SCOPE_CERTS_CA_FOLDER_H

#include "base/buf.h"

#include <sys/types.h>

struct folder {
    const char *path; // borrowed
    int fd;           // open and locked, so that two processes that start at once take turns
};

// Makes the folder, and those above it, where they are missing. Waits for the lock, which a start
// holds for some milliseconds; ERR_SYSTEM where it is not to be had in FOLDER_LOCK_WAIT_MS.
MUST_USE enum err folder_open(struct folder *out, struct failure *failure, const char *path);
void folder_close(struct folder *folder);

bool folder_has(const struct folder *folder, const char *name);
// Appends the bytes of the file, a regular one of our own. `out_mode` may be NULL.
MUST_USE enum err folder_read(const struct folder *folder, struct failure *failure,
                              const char *name, struct buf *out, mode_t *out_mode);
// Writes under another name, syncs, renames: a reader sees the old file or the new one.
MUST_USE enum err folder_write(const struct folder *folder, struct failure *failure,
                               const char *name, struct slice content, mode_t mode);

#endif
