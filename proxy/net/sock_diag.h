// SPDX-License-Identifier: MIT
// sock_diag: what the kernel knows of the other end of a connection within this machine: one
// question (NETLINK_SOCK_DIAG) with the two addresses.
#ifndef SCOPE_NET_SOCK_DIAG_H
#define SCOPE_NET_SOCK_DIAG_H

#include <stdint.h>
#include <sys/socket.h>

enum sock_diag {
    SOCK_DIAG_UNKNOWN, // the kernel cannot be asked, or knows no such socket
    SOCK_DIAG_OPEN,    // a process holds it
    SOCK_DIAG_ORPHAN,  // closed by all who held it; the kernel brings the connection to its end
};

// The socket that is bound to `own` and connected to `peer`; its inode where it is open, else 0.
// Opens a descriptor for the moment.
enum sock_diag sock_diag_find(uint64_t *out_inode, const struct sockaddr *own,
                              const struct sockaddr *peer);

#endif
