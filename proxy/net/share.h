// SPDX-License-Identifier: MIT
// share: how many bytes of one peer a turn of the loop takes, and whether it takes any, so that the
// other sessions of the loop do not wait for it. Knows no sockets and no clock.
//
// One read a turn, whose size follows what the last one cost: mail in large lines passes by 64 KiB,
// a flood of tiny commands by as much as the time of a turn allows, and the more peers flood, the
// less each gets.
//
// A peer is heavy whose reads come full again and again and have cost much lately. Heavy peers
// together get a part of each turn, and where that is too little for all of them, turns make up a
// round, in which each has one read. A session of a few commands never fills its reads, so a turn
// is short for it however many flood.
#ifndef SCOPE_NET_SHARE_H
#define SCOPE_NET_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct share {
    size_t len;       // of the next read; 0: as a new peer
    uint64_t turn;    // the latest in which it was taken
    uint64_t round;   // … and of that turn
    int64_t spent_ns; // what full reads cost lately: what was spent 64 rounds ago counts a third
};

// Of all peers of one loop.
struct share_turn {
    uint64_t number; // from 1
    uint64_t round;
    unsigned busy;    // peers that filled their share in this turn …
    unsigned before;  // … and in the one before
    int64_t heavy_ns; // what heavy peers cost in this turn
    bool waiting;     // a heavy one has not had its read of this round
};

void share_begin_turn(struct share_turn *turn);
// The bytes that may be read now; 0 where it is to wait for a later turn.
size_t share_take(struct share *share, struct share_turn *turn);
// `read` bytes came, and cost `spent_ns`.
void share_spent(struct share *share, struct share_turn *turn, size_t read, int64_t spent_ns);

#endif
