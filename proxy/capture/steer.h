// SPDX-License-Identifier: MIT
// steer: the command's socket is connected to our listener, and a record tells the listener where
// it was going.
#ifndef SCOPE_CAPTURE_STEER_H
#define SCOPE_CAPTURE_STEER_H

#include "capture/borrowed.h"
#include "capture/records.h"

// Takes `connection->server_fd` over. 0 and EINPROGRESS: the connection is on its way, as connect
// says it. Any other errno: it is not, and the server was closed.
int steer(struct records *records, uint16_t listener_port, const struct borrowed *socket,
          const struct capture_connection *connection);

// True for an errno of connect that is about where we steered to and not about the socket itself.
bool steer_is_own_error(int error);

#endif
