// SPDX-License-Identifier: MIT
// folder: the files of the CA: a folder of mode 0700, locked while it is looked at or changed, in
// which files appear whole or not at all. Knows nothing of certificates. Only inside `certs`.
#ifndef SCOPE_CERTS_FOLDER_H
#define SCOPE_CERTS_FOLDER_H

#include "base/buf.h"

#include <sys/types.h>

struct folder {
    const char *path; // borrowed
    int fd;           // open and locked, so that two processes that start at once take turns
};

// Makes the folder, and those above it, where they are missing. Waits for whoever holds the lock.
MUST_USE enum err folder_open(struct folder *out, struct failure *failure, const char *path);
void folder_close(struct folder *folder);

bool folder_has(const struct folder *folder, const char *name);
// Appends the file's bytes. `out_mode` may be NULL.
MUST_USE enum err folder_read(const struct folder *folder, struct failure *failure,
                              const char *name, struct buf *out, mode_t *out_mode);
// Writes under another name, syncs, renames: a reader sees the old file or the new one.
MUST_USE enum err folder_write(const struct folder *folder, struct failure *failure,
                               const char *name, struct slice content, mode_t mode);

#endif
