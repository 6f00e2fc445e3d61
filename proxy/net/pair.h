// SPDX-License-Identifier: MIT
// pair: two peers and the relay between them: what moves wire bytes from the one to the other, ends
// their streams and breaks them off, as the relay wants it.
#ifndef SCOPE_NET_PAIR_H
#define SCOPE_NET_PAIR_H

#include "net/peer.h"
#include "relay/relay.h"

struct pair {
    struct relay *relay;
    struct peer *peers[2]; // by side; NULL before the server is there, and after a reset
    char *buffer;          // LIMIT_READ bytes, borrowed
    int64_t began_ns;      // of uv_hrtime; all other times are since then
    int64_t reset_by_ns;   // until when a reset waits for what was sent before it; 0 for no reset
    bool stopped;          // the proxy stops: no reset waits long
};

int64_t pair_now_ns(const struct pair *pair);
// Moves all that goes. Not from within itself.
void pair_move(struct pair *pair);
bool pair_is_done(const struct pair *pair);
// Reads each peer that the relay wants read, or none.
void pair_read(struct pair *pair, bool on);
// The peer's stream was broken off: reads what it may have said before that. True if there was
// anything.
bool pair_lose(struct pair *pair, enum side side);
void pair_stop(struct pair *pair);
void pair_close(struct pair *pair);

#endif
