// SPDX-License-Identifier: MIT
// turn_output: who has something to send at the end of this turn of the loop. What one loop sends
// to many peers is sent together, which costs less than with a handshake's work between two writes
// (test/bench/README.md): probably as the first write wakes the peers' processor, and the next ones
// find it awake. The first of them waits TURN_OUTPUT_NS at most, or for the work of one peer. Knows
// no sockets.
#ifndef SCOPE_NET_TURN_OUTPUT_H
#define SCOPE_NET_TURN_OUTPUT_H

#include "base/fifo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A member of its owner's; all zero: in no list.
struct turn_output {
    struct fifo_item waiting; // in the list; the first member
    void (*send)(void *owner);
    void *owner;
};

struct turn_outputs {
    struct fifo waiting;
    int64_t since_ns; // when the first one was added
    size_t received;  // … and what came since then, in bytes
};

void turn_outputs_init(struct turn_outputs *outputs);
// After `received` bytes. True where the first of the list has waited long enough, or so much came
// that the work may be long: then turn_outputs_send is due. One that is in the list keeps its
// place.
bool turn_output_add(struct turn_outputs *outputs, struct turn_output *output, size_t received,
                     int64_t at_ns);
void turn_output_remove(struct turn_output *output);
bool turn_output_waits(const struct turn_output *output);
// Takes all out, in the order in which they were added, and has each send. Sending may free any.
void turn_outputs_send(struct turn_outputs *outputs);

#endif
