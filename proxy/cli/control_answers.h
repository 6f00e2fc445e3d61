// SPDX-License-Identifier: MIT
// control_answers: what a running proxy answers to `ctl`. It knows the sessions and the outputs;
// the socket is `control`'s.
#ifndef SCOPE_CLI_CONTROL_ANSWERS_H
#define SCOPE_CLI_CONTROL_ANSWERS_H

#include "cli/service.h"

enum { OUTPUTS_SHOWN = 32 };

// Listens for `ctl` on the service's loop. ERR_SYSTEM with a sentence where --control names a place
// that cannot be had; without the option that is only said.
MUST_USE enum err control_answers_open(struct service_loop *service, struct failure *failure);
// Every session has ended: answers each `ctl wait`, and stops to listen. Again is fine.
void control_answers_close(struct service_loop *service);

#endif
