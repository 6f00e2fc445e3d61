// SPDX-License-Identifier: MIT
// mount: our bundle over the system's for one process tree, for runtimes that read nothing else
// (GnuTLS). In a mount namespace of its own, within a user namespace where it takes one; nothing
// outside it changes.
#ifndef SCOPE_CAPTURE_MOUNT_H
#define SCOPE_CAPTURE_MOUNT_H

#include "base/err.h"

#include <stdbool.h>

// Called in the child, between fork and exec, with one thread. 0 or an errno. In a user namespace
// set-user-id programs have no rights of their own.
MUST_USE int mount_bundle(const char *bundle, bool *out_user_namespace);

enum mount_verdict {
    MOUNT_FAILS,
    MOUNT_WORKS,
    MOUNT_COSTS_RIGHTS, // it takes a user namespace, in which this process would lose capabilities
};

// Tries it in a process of its own.
enum mount_verdict mount_try(const char *bundle);

#endif
