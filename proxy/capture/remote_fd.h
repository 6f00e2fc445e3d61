// SPDX-License-Identifier: MIT
// remote_fd: a duplicate of one of the command's own sockets, looked at and connected in its place.
// The duplicate shares everything with the original, so nothing is left changed on it.
#ifndef SCOPE_CAPTURE_REMOTE_FD_H
#define SCOPE_CAPTURE_REMOTE_FD_H

#include "capture/connect_request.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum remote_fd_state {
    REMOTE_FD_FRESH,     // a TCP socket that has not connected: ours
    REMOTE_FD_UNSURE,    // not connected, with an error: of a connect that failed without waiting,
                         // or of a disconnection (AF_UNSPEC), which makes a socket fresh again
    REMOTE_FD_USED,      // a connect is under way, done or has failed: only the kernel knows what
                         // the next one gives
    REMOTE_FD_FOREIGN,   // in another network namespace, where our listener is not
    REMOTE_FD_UNRELATED, // not TCP, or of another family than its address
};

struct remote_fd {
    int fd; // -1 where nothing is borrowed
    int domain;
    bool nonblocking;
    int64_t send_timeout_ms; // SO_SNDTIMEO, which limits a blocking connect; 0 for none
    uint64_t cookie;         // the kernel's own number for it, never used twice
    enum remote_fd_state state;
};

// Takes a duplicate of descriptor `request->socket_number` of thread `tid`. 0 or an errno: EPERM or
// ENOSYS where this machine does not let us. `home` is the cookie of our network namespace.
int remote_fd_take(struct remote_fd *out, uint32_t tid, const struct connect_request *request,
                   uint64_t home);
void remote_fd_return(struct remote_fd *remote);

// Whether it has not connected, now; `state` says how it was found.
bool remote_fd_is_fresh(const struct remote_fd *remote);

// Decides REMOTE_FD_UNSURE. 0: it is fresh, and `state` says so from here on; else the errno that
// the caller's own connect would give, which takes that error off the socket.
int remote_fd_decide(struct remote_fd *remote, uint64_t home);

// connect() of the socket to an IPv4 address of this machine, an IPv6 socket by the mapped form.
// 0 or the errno.
int remote_fd_connect(const struct remote_fd *remote, const struct sockaddr_in *to);

// For a socket that is bound to an IPv6 address, which cannot connect to the mapped form: its own
// name, false where it is not so bound; and connect() to a port (in network order) of ::1.
bool remote_fd_own_name6(const struct remote_fd *remote, struct sockaddr_in6 *out_own);
int remote_fd_connect6(const struct remote_fd *remote, in_port_t port);

// What remote_fd_take is made of: a duplicate of the thread's own descriptor, or a negative errno
// (-EPERM where the thread has a table of its own and the kernel cannot reach it); and the kernel's
// own number for a socket, 0 where it has none.
int remote_fd_duplicate(uint32_t tid, int number);
uint64_t remote_fd_cookie(int fd);

// The cookie of the network namespace that `fd`, a socket, is in; 0 where the kernel has none.
uint64_t remote_fd_namespace(int fd);

#endif
