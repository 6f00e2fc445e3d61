// SPDX-License-Identifier: MIT
// identify: the process of a client on this machine: at once where the last clients held their
// sockets at the same places, else from `owner`, whose answer comes on the client's loop.
#ifndef SCOPE_NET_IDENTIFY_H
#define SCOPE_NET_IDENTIFY_H

#include "net/client.h"

struct identification; // under way
struct worker;

typedef void identify_done(void *context, const struct process_identity *found);

// False where it takes a reading of /proc.
bool identify_at_once(struct process_identity *out, struct worker *worker,
                      const struct client *client);
// Calls `done` once, on the worker's loop and never from within this call.
struct identification *identify_start(struct worker *worker, const struct client *client,
                                      identify_done *done, void *context);
// Another one gets the answer. NULL is fine.
void identify_hand_over(struct identification *identification, identify_done *done, void *context);
void identify_cancel(struct identification *identification); // `done` is not called; NULL is fine

#endif
