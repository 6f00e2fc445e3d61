// SPDX-License-Identifier: MIT
// socket_names: what a redirected socket answers to who asks it for its two ends. The kernel would
// name our listener as the peer and loopback as the socket's own end; the command gets what it
// would without us: where it wanted to go, and the address that the server sees (a mail client may
// put that after EHLO). Any thread.
#ifndef SCOPE_CAPTURE_SOCKET_NAMES_H
#define SCOPE_CAPTURE_SOCKET_NAMES_H

#include "capture/notification.h"
#include "capture/remote_fd.h"

#include <pthread.h>

struct names;

struct names *names_new(uint16_t listener_port);
void names_free(struct names *names);

// Before the socket is redirected: it wanted to go to `server`, which `server_fd` is connected to
// (-1: none is yet, and the socket's own end stays unknown).
void names_add(struct names *names, const struct remote_fd *socket,
               const struct sockaddr_storage *server, int server_fd);

// Answers getsockname or getpeername, where it is asked of a socket that was redirected, or lets
// the call pass.
void names_answer(struct names *names, const struct notification *notification);

#endif
