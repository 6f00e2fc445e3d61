// SPDX-License-Identifier: MIT
// recent_places: where the sockets of the last clients were held: process and descriptor. A client
// that closes a connection and opens the next one gets the same descriptor again, mostly, so that
// a look at one place tells what else takes a reading of /proc. An answer is never a guess: the
// socket was seen there. Knows no threads.
#ifndef SCOPE_NET_RECENT_PLACES_H
#define SCOPE_NET_RECENT_PLACES_H

#include "base/limits.h"
#include "net/sock_diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_place {
    uint64_t inode; // of the socket that was seen there last
    uint32_t pid;
    uint32_t fd;
    uint16_t port;   // of that socket
    bool ended;      // its connection is over
    unsigned misses; // looks in a row that found no socket
};

struct recent_places {
    struct outside *outside;
    struct sock_diag diag;
    // First those whose connections are over, by descriptor, as the kernel gives the lowest that is
    // free; then those that were not looked at for the longest time.
    struct socket_place places[LIMIT_RECENT_PLACES];
    size_t count;
};

// A client's socket: whose is it?
struct place_query {
    const struct sockaddr *own;  // the client's address
    const struct sockaddr *peer; // … and that of its peer, as it sees it
    uint64_t inode;              // the answer's, as `pid`: 0 where it was not found
    uint32_t pid;
};

struct outside;

// `outside` looks where this process may not, and outlives it; NULL for none. It has its descriptor
// from here, so that the first session does not change their number.
void recent_places_init(struct recent_places *out, struct outside *outside);
// Answers at most LIMIT_PLACE_LOOKS queries by one search of few looks.
void recent_places_find(struct recent_places *recent, struct place_query *queries, size_t count);
// The socket was seen at this place.
void recent_places_note(struct recent_places *recent, const struct socket_place *seen);
// The client with this port is gone: its descriptor is the next one's, most likely.
void recent_places_ended(struct recent_places *recent, uint16_t port);
void recent_places_cleanup(struct recent_places *recent);

#endif
