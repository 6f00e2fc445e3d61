// SPDX-License-Identifier: MIT
// owner: the process at the other end of a connection, when it is on this machine. The kernel gives
// the inode of the client's socket (`sock_diag`), /proc who holds it (`socket_holders`). One thread
// of its own looks for all connections of the process: those that come while it reads /proc wait
// for the next reading together. It rests three times as long as a reading took, so that a machine
// with very many descriptors is not busy with this alone.
#ifndef SCOPE_NET_OWNER_H
#define SCOPE_NET_OWNER_H

#include "base/process.h"

#include <sys/socket.h>

struct owner;

struct owner_query {
    struct sockaddr_storage client; // the client's own address
    struct sockaddr_storage server; // its peer, as the client sees it: the accepted socket's
                                    // getsockname(), or the original destination
    struct process_identity found;  // pid 0 where it is not on this machine, or hidden from us
    // Called once, on the owner's thread; the query is the caller's again.
    void (*answered)(struct owner_query *query);
    uint32_t fd; // as which descriptor it holds the socket
    uint64_t inode;
    struct owner_query *next;
};

struct outside;

// `outside` looks where this process may not, and outlives it; NULL for none.
struct owner *owner_new(struct outside *outside);
// Waits for the thread. What is still asked is answered with nothing first.
void owner_free(struct owner *owner); // NULL is fine

// Any thread. The query stays where it is until it is answered.
void owner_ask(struct owner *owner, struct owner_query *query);

#endif
