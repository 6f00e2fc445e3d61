// SPDX-License-Identifier: MIT
// identify: the process of a client on this machine: from where the last clients held their
// sockets, or else from `owner`, whose answer comes on the client's loop. The clients that one turn
// of the loop accepted are looked for together, at its end.
#ifndef SCOPE_NET_IDENTIFY_H
#define SCOPE_NET_IDENTIFY_H

#include "net/client.h"

struct identification; // under way
struct worker;

typedef void identify_done(void *context, const struct process_identity *found);

// Calls `done` once, on the worker's loop and never from within this call.
struct identification *identify_start(struct worker *worker, const struct client *client,
                                      identify_done *done, void *context);
// A session gets the answer, which begins without it. NULL is fine.
void identify_hand_over(struct identification *identification, identify_done *done, void *context);
// How long an arrival is to wait for its answer before its session begins without it
// (identify_hand_over). That halves the time for the next ones, an answer in time doubles it again:
// where /proc has so much in it that answers come late, not everybody waits for what does not come.
int64_t identify_wait_ns(const struct worker *worker);
void identify_cancel(struct identification *identification); // `done` is not called; NULL is fine

// The turn of the loop is over.
void identify_look(struct worker *worker);
// The loop has ended: forgets what was cancelled in its last turn.
void identify_cleanup(struct worker *worker);

#endif
