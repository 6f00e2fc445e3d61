// SPDX-License-Identifier: MIT
// supervisor: the thread that takes the notifications. What is not about a watched port passes at
// once; each job gets a thread, so that a server that does not answer holds up no other.
//
// It has to be robust before all: when it is gone, every connect of the command fails.
#ifndef SCOPE_CAPTURE_SUPERVISOR_H
#define SCOPE_CAPTURE_SUPERVISOR_H

#include "capture/connect_job.h"
#include "capture/elsewhere.h"

struct supervisor;

// Starts the thread. `listener` is the notification descriptor and is the supervisor's from here
// on; `shared` and `watched` outlive it.
struct supervisor *supervisor_start(int listener, const struct connect_job_shared *shared,
                                    const struct port_list *watched);
// Where connects went that were not to a watched port.
struct elsewhere supervisor_elsewhere(struct supervisor *supervisor);
// From now on everything passes.
void supervisor_release(struct supervisor *supervisor);
// Ends the threads. Calls of the command that are not answered yet fail with ENOSYS.
void supervisor_stop(struct supervisor *supervisor);

#endif
