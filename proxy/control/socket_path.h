// SPDX-License-Identifier: MIT
// socket_path: where control sockets live, and who answers there.
#ifndef SCOPE_CONTROL_SOCKET_PATH_H
#define SCOPE_CONTROL_SOCKET_PATH_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/un.h>

// The folder of the user's control sockets: $XDG_RUNTIME_DIR/smtpscope, or /tmp/smtpscope-UID. The
// caller frees it.
char *socket_folder(void);
// Makes it, 0700, where it is missing. ERR_SYSTEM where it cannot be made, or where there is
// something of that name that is not a folder which we alone may enter.
MUST_USE enum err socket_make_folder(struct failure *failure, const char *folder);
// FOLDER/PID.sock of this process; the caller frees it.
char *socket_own_path(const char *folder);

// ERR_INPUT with a sentence where the path is too long for a socket's name.
MUST_USE enum err socket_address(struct sockaddr_un *out, struct failure *failure,
                                 const char *path);

enum socket_state {
    SOCKET_EMPTY,    // nothing there
    SOCKET_ANSWERED, // a process listens; `out_fd` is a connection to them
    SOCKET_STALE,    // a socket on which no process listens
    SOCKET_OTHER,    // something that is no socket, or that we may not use
};
// Looks by connecting. `out_fd` may be NULL.
enum socket_state socket_look(const char *path, int *out_fd);

// Appends the path of each socket in `folder` that answers, one a line, removes the stale ones,
// and returns how many answered. Where that is one, `*out_only` is the connection to it, which the
// caller closes; else -1.
size_t socket_list(struct buf *out, int *out_only, const char *folder);

#endif
