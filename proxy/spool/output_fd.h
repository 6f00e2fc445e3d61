// SPDX-License-Identifier: MIT
// output_fd: a descriptor that finished bytes go to, written without ever waiting for a reader.
//
// A regular file waits for its disk at most. A pipe, a terminal or a socket may have a reader that
// takes nothing for hours, and the writer thread has other outputs to serve. O_NONBLOCK belongs to
// the open file description, which standard output shares with the shell and others, so it is never
// set on that: the target opens a description of its own where it can, and else asks poll and
// writes in bites that a pipe takes whole (PIPE_BUF).
#ifndef SCOPE_SPOOL_OUTPUT_FD_H
#define SCOPE_SPOOL_OUTPUT_FD_H

#include "base/err.h"
#include "base/slice.h"

#include <sys/types.h>

enum output_fd_kind {
    OUTPUT_FD_CLOSED = 0,
    OUTPUT_FD_FILE,   // a regular file
    OUTPUT_FD_STREAM, // pipe, FIFO, terminal, device: a non-blocking description of our own
    OUTPUT_FD_SHARED, // the same, but the description is shared
    OUTPUT_FD_SOCKET,
};

// All-zero is a closed target.
struct output_fd {
    enum output_fd_kind kind;
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
MUST_USE int output_fd_open(struct output_fd *target, const char *path, bool append, bool secret);
// Standard output or standard error. 0, or an errno.
MUST_USE int output_fd_open_standard(struct output_fd *target, int standard_fd);
void output_fd_close(struct output_fd *target);

// Writes as much of `bytes` as is taken at once; `*out_len` says how much that was, also in front
// of a failure.
MUST_USE enum progress output_fd_write(struct output_fd *target, struct slice bytes,
                                       size_t *out_len);

// Whether the file was deleted while it was open.
bool output_fd_is_deleted(const struct output_fd *target);

#endif
