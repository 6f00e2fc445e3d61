// SPDX-License-Identifier: MIT
// fallback: capture where the machine does not let us borrow a descriptor (a container's default
// profile): the address in the caller's own memory is changed to our listener's, and the caller's
// connect goes on with it. The caller keeps the changed address, which hardly any program looks at.
#ifndef SCOPE_CAPTURE_FALLBACK_H
#define SCOPE_CAPTURE_FALLBACK_H

#include "capture/pending_connects.h"
#include "capture/remote_fd.h"

// What /proc says of the caller's socket, in place of remote_fd_take: `fd` is -1, and what only the
// socket itself could say (its timeout, its cookie, another network namespace) is 0.
void fallback_look(struct remote_fd *out, uint32_t tid, const struct connect_request *request);

// Takes `connection->server_fd` over, as redirect() does. 0: let the call pass, and it goes to our
// listener. An errno: the memory was not changed, and the server was closed.
int fallback_redirect(struct pending_connects *pending, uint16_t listener_port,
                      const struct notification *notification,
                      const struct connect_request *request,
                      const struct capture_connection *connection);

#endif
