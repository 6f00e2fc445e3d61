// SPDX-License-Identifier: MIT
// exec: looks at the programs that a plain user's command executes, for those that would run with
// rights of their own (set-user-id). Below a filter that needed PR_SET_NO_NEW_PRIVS they run
// without, and often fail; that has to be said.
#ifndef SCOPE_CAPTURE_EXEC_H
#define SCOPE_CAPTURE_EXEC_H

#include "capture/notification.h"
#include "capture/reporter.h"

// Warns where the notification, an execve, is of such a program. Does not answer it.
void exec_look(struct reporter *reporter, const struct notification *notification);

#endif
