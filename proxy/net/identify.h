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
// Another one gets the answer. NULL is fine.
void identify_hand_over(struct identification *identification, identify_done *done, void *context);
void identify_cancel(struct identification *identification); // `done` is not called; NULL is fine

// The turn of the loop is over.
void identify_look(struct worker *worker);
// The loop has ended: forgets what was cancelled in its last turn.
void identify_cleanup(struct worker *worker);

#endif
