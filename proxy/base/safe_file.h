// SPDX-License-Identifier: MIT
// safe_file: files made in folders where another user may have prepared something. Knows nothing
// of what goes into them.
//
//   new_file      .smtpscope-RANDOM ── written ── renamed ──▶ NAME      appears whole or not at all
//   private_file  NAME, opened where it is                              for what grows
//
// A temporary name is random and new (O_EXCL), so nothing can wait there; a symbolic link at the
// final name is replaced by a new file, and never followed to a file by a private one.
#ifndef SCOPE_BASE_SAFE_FILE_H
#define SCOPE_BASE_SAFE_FILE_H

#include "base/err.h"
#include "base/slice.h"

#include <sys/types.h>

struct new_file {
    int fd;          // open for reading and writing; -1 once it was discarded
    int folder_fd;   // what the two names are relative to; borrowed
    char *temporary; // owned
    char *path;      // owned
};

// Makes the file under its temporary name, in the folder of `path`. `folder_fd` may be AT_FDCWD.
// 0, or an errno with nothing to discard.
MUST_USE int new_file_open(struct new_file *out, int folder_fd, const char *path, mode_t mode);
// Gives it its name: with `replace` in the place of what is there, else EEXIST where something is.
// 0, or an errno; the file is then to be discarded. Afterwards `fd` belongs to the caller.
MUST_USE int new_file_commit(struct new_file *file, bool replace);
// Whether a name, without its folder, is such a temporary one: of a program that was killed.
bool new_file_is_temporary(const char *name);
// Removes the file and closes it.
void new_file_discard(struct new_file *file);
// All of the above with `bytes` as the content. 0, or an errno.
MUST_USE int new_file_write(const char *path, struct slice bytes, mode_t mode);

// Opens `path` for what only its owner may read: made with 0600, an existing file is set to that;
// ELOOP where it is a symbolic link to a file, EPERM where it belongs to another user. A device, a
// pipe, a link to them, and what this process has open (/dev/stderr) are opened as they are.
// `flags` as in open(2). 0, or an errno.
MUST_USE int private_file_open(int *out_fd, const char *path, int flags);

// Whether `path` names a descriptor of this process: /dev/stdout, /dev/fd/3.
bool file_is_descriptor(const char *path);

// Makes the folder (0700) and those above it that are missing: those that end at a '/' of `path`
// from the byte `from` on, and `path` itself. 0, or the errno of the first that could not be made,
// where `path` is not there in the end.
MUST_USE int folders_make(const char *path, size_t from);
// Removes the files in a folder of our own, and the folder. What is no file stays, and the folder.
void folder_of_files_remove(const char *path);

// Writes all of `bytes`; false with errno.
MUST_USE bool file_write_all(int fd, struct slice bytes);
// Closes a descriptor after a call on it has failed: -1, with the errno of that call.
int file_give_up(int fd);

#endif
