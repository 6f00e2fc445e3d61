// SPDX-License-Identifier: MIT
// target: a descriptor that finished bytes go to, written without ever waiting for a reader.
//
// A regular file waits for its disk at most. A pipe, a terminal or a socket may have a reader that
// takes nothing for hours, and the writer thread has other outputs to serve. O_NONBLOCK belongs to
// the open file description, which standard output shares with the shell and others, so it is never
// set on that: the target opens a description of its own where it can, and else asks poll and
// writes in bites that a pipe takes whole (PIPE_BUF).
#ifndef SCOPE_SPOOL_TARGET_H
#define SCOPE_SPOOL_TARGET_H

#include "base/err.h"
#include "base/slice.h"

#include <sys/types.h>

enum target_kind {
    TARGET_CLOSED = 0,
    TARGET_FILE,   // a regular file
    TARGET_STREAM, // pipe, FIFO, terminal, device: a non-blocking description of our own
    TARGET_SHARED, // the same, but the description is shared
    TARGET_SOCKET,
};

// All-zero is a closed target.
struct target {
    enum target_kind kind;
    int fd;
    bool standard; // standard output or error: has no name of its own
};

// What became of an attempt to write.
enum progress {
    PROGRESS_DONE,
    PROGRESS_WAIT,   // the reader takes no more now
    PROGRESS_FAILED, // errno says why
};

// Opens `path` for appending (`append`) or for pwrite, made with 0600 where it is not there; for
// what is `secret` a file that was there is set to 0600 too and is not reached by a symbolic link.
// A regular file can be read too where its permissions allow that. 0, or an errno: ENXIO is a FIFO
// that has no reader yet.
MUST_USE int target_open(struct target *target, const char *path, bool append, bool secret);
// Standard output or standard error. 0, or an errno.
MUST_USE int target_open_standard(struct target *target, int standard_fd);
void target_close(struct target *target);

// Writes as much of `bytes` as is taken at once; `*out_len` says how much that was, also in front
// of a failure.
MUST_USE enum progress target_write(struct target *target, struct slice bytes, size_t *out_len);

// Whether the file was deleted while it was open.
bool target_is_deleted(const struct target *target);

#endif
