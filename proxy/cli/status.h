// SPDX-License-Identifier: MIT
// status: what a person at a terminal sees of a capture beside its transcript: the status
// line, what is waited for, that it stops, and the summary at the end.
#ifndef SCOPE_CLI_STATUS_H
#define SCOPE_CLI_STATUS_H

#include "cli/service.h"

// Keeps the status line, or, where the terminal has none, says once for each step of a session that
// nothing happens. Until the service's loop ends.
void status_start(struct service_loop *service);
// How long the sessions under way have; where the status line does not say it.
void status_say_stopping(const struct service_loop *service);
// What came of all, and where the outputs are. After the last session.
void status_say_summary(const struct app_context *app, const struct options *options);
// Which rules of --fault never acted, in one line; nothing where all did.
void status_say_idle_faults(const struct app_context *app, const struct options *options);

#endif
