// SPDX-License-Identifier: MIT
// place: where control sockets live, and who answers there.
#ifndef SCOPE_CONTROL_PLACE_H
#define SCOPE_CONTROL_PLACE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/un.h>

// The folder of the user's control sockets: $XDG_RUNTIME_DIR/smtpscope, or /tmp/smtpscope-UID. The
// caller frees it.
char *place_folder(void);
// Makes it, 0700, where it is missing. ERR_SYSTEM where it cannot be made, or where there is
// something of that name that is not a folder which we alone may enter.
MUST_USE enum err place_make_folder(struct failure *failure, const char *folder);
// FOLDER/PID.sock of this process; the caller frees it.
char *place_own_socket(const char *folder);

// ERR_INPUT with a sentence where the path is too long for a socket's name.
MUST_USE enum err place_address(struct sockaddr_un *out, struct failure *failure, const char *path);

enum place_state {
    PLACE_EMPTY,    // nothing there
    PLACE_ANSWERED, // somebody listens; `out_fd` is a connection to them
    PLACE_STALE,    // a socket that nobody listens on
    PLACE_OTHER,    // something that is no socket, or that we may not use
};
// Looks by connecting. `out_fd` may be NULL.
enum place_state place_look(const char *path, int *out_fd);

// Appends the path of each socket in `folder` that answers, one a line, removes the stale ones,
// and returns how many answered.
size_t place_list(struct buf *out, const char *folder);

#endif
