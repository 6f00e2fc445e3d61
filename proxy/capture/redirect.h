// SPDX-License-Identifier: MIT
// redirect: the command's socket is connected to our listener, and the listener finds in
// a record where it was going.
#ifndef SCOPE_CAPTURE_REDIRECT_H
#define SCOPE_CAPTURE_REDIRECT_H

#include "capture/pending_connects.h"
#include "capture/remote_fd.h"

// Takes `connection->server_fd` over. 0 and EINPROGRESS: the connection is on its way, as connect
// says it. Any other errno: it is not, and the server was closed.
int redirect(struct pending_connects *pending, uint16_t listener_port,
             const struct remote_fd *socket, const struct capture_connection *connection);

// True for an errno of connect that is about where we redirected to and not about the socket
// itself.
bool redirect_is_own_error(int error);

#endif
