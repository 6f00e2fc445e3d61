// SPDX-License-Identifier: MIT
// sock_diag: what the kernel knows of the other end of a connection within this machine: one
// question (NETLINK_SOCK_DIAG) with the two addresses.
#ifndef SCOPE_NET_SOCK_DIAG_H
#define SCOPE_NET_SOCK_DIAG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum sock_diag_answer {
    SOCK_DIAG_UNKNOWN, // the kernel cannot be asked, or knows no such socket
    SOCK_DIAG_OPEN,    // a process holds it
    SOCK_DIAG_ORPHAN,  // closed by all who held it; the kernel brings the connection to its end
};

// All zero is one that has asked nothing yet. It keeps its descriptor for the next question.
struct sock_diag {
    bool open;
    int fd;
    uint32_t questions;
};

// Opens the descriptor before the first question. False where the kernel cannot be asked.
bool sock_diag_open(struct sock_diag *diag);
// The socket that is bound to `own` and connected to `peer`; its inode where it is open, else 0.
enum sock_diag_answer sock_diag_find(struct sock_diag *diag, uint64_t *out_inode,
                                     const struct sockaddr *own, const struct sockaddr *peer);
void sock_diag_cleanup(struct sock_diag *diag);

#endif
