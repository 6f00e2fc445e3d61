// SPDX-License-Identifier: MIT
// owner: the process at the other end of a connection, when it is on this machine. The kernel's
// socket tables (sock_diag) give the inode of the client's socket, /proc/*/fd who holds it. Takes
// up to some milliseconds: call it on a helper thread, the session does not wait for it.
#ifndef SCOPE_NET_OWNER_H
#define SCOPE_NET_OWNER_H

#include "capture/process.h"

#include <stdbool.h>
#include <sys/socket.h>

struct owner; // remembers which processes owned the last ones, and looks there first

struct owner *owner_new(void);
void owner_free(struct owner *owner);

// Who holds the socket whose own address is `client` and whose peer, as the client sees it, is
// `server`: the accepted socket's getsockname(), or for a redirected connection the original
// destination. False where nobody on this machine does, or it is hidden from us. Any thread.
bool owner_find(struct owner *owner, struct process_identity *out, const struct sockaddr *client,
                const struct sockaddr *server);

#endif
