// SPDX-License-Identifier: MIT
// share: how many bytes of one peer a turn of the loop takes, and whether it takes any, so that the
// other sessions of the loop do not wait for it. Knows no sockets and no clock.
//
// One read a turn, whose size follows what the last one cost: mail in large lines passes by 64 KiB,
// a flood of tiny commands by as much as the time of a turn allows, and the more peers flood, the
// less each gets.
//
// A peer is heavy whose reads come full again and again and have cost much lately. Heavy peers
// together get a small part of each turn, and a large one while no other says a word. Where that is
// too little for all of them they queue, and the loop does not watch their sockets: it would hear
// of each of them in every turn. The head of the queue goes on as the turn begins; when all that
// queued have had a read, a round is over. A session of a few commands never fills its reads, so a
// turn is short for it however many flood. Where many begin to flood at once the turn becomes long
// before they count as heavy: then a peer that has sent more than a few lines queues too, before
// the heavy ones.
#ifndef SCOPE_NET_SHARE_H
#define SCOPE_NET_SHARE_H

#include "base/fifo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All zero: of a new peer. It may be copied or freed only while it is in no queue.
struct share {
    struct fifo_item waiting; // in a queue; the first member
    size_t len;               // of the next read; 0: as a new peer
    uint64_t turn;            // the latest in which it was taken
    uint64_t let_go_on;       // … in which it came out of the queue
    uint64_t round;           // … round in which it was taken or queued
    int64_t spent_ns; // what full reads cost lately: what was spent 64 rounds ago counts a third
    int64_t next_ns;  // … what the next read is expected to cost
    void *owner;      // of who uses it
};

// Of all peers of one loop.
struct share_turn {
    uint64_t number; // from 1
    uint64_t round;
    unsigned busy;       // peers that filled their share in this turn …
    unsigned before;     // … and in the one before
    int64_t heavy_ns;    // what heavy peers cost in this turn
    int64_t light_ns;    // … and the others
    int64_t alone_ns;    // what heavy peers cost since one that is not was read
    int64_t promised_ns; // what those that were let go on are expected to cost
    struct fifo light;   // of whom little is known yet: before all of …
    struct fifo heavy;
};

void share_turn_init(struct share_turn *turn);
void share_begin_turn(struct share_turn *turn);
// Takes the next one out of the queue that may be read in this turn; NULL: no more of them.
struct share *share_go_on(struct share_turn *turn);
// The bytes that may be read now; 0 where it is to wait for a later turn. Where share_waits, then
// for the one in which share_go_on returns it. `unread`: the bytes that lie there, where
// share_is_late; else anything.
size_t share_take(struct share *share, struct share_turn *turn, size_t unread);
bool share_is_late(const struct share_turn *turn);
bool share_waits(const struct share *share);
bool share_turn_has_waiting(const struct share_turn *turn);
// `read` bytes came, and cost `spent_ns`.
void share_spent(struct share *share, struct share_turn *turn, size_t read, int64_t spent_ns);
// Out of the queue, as its peer goes.
void share_forget(struct share *share);

#endif
