// SPDX-License-Identifier: MIT
// share: how many bytes of one peer a turn of the loop takes, so that the other sessions of the
// loop do not wait for it. One read a turn, whose size follows what the last one cost: mail in
// large lines passes by 64 KiB, a flood of tiny commands by as much as the time of a turn allows,
// and the more peers flood, the less each gets. Knows no sockets and no clock.
#ifndef SCOPE_NET_SHARE_H
#define SCOPE_NET_SHARE_H

#include <stddef.h>
#include <stdint.h>

struct share {
    size_t len;    // of the next read; 0: as a new peer
    uint64_t turn; // the latest in which it was taken
};

// Of all peers of one loop.
struct share_turn {
    uint64_t number; // from 1
    unsigned busy;   // peers that filled their share in this turn …
    unsigned before; // … and in the one before
};

void share_begin_turn(struct share_turn *turn);
// The bytes that may be read now; 0 where this turn has had its read.
size_t share_take(struct share *share, const struct share_turn *turn);
// `read` bytes came, and cost `spent_ns`.
void share_spent(struct share *share, struct share_turn *turn, size_t read, int64_t spent_ns);

#endif
