// SPDX-License-Identifier: MIT
// mount: `--trust-mount`: our bundle stands over the system's for one process tree, for runtimes
// that read nothing else (GnuTLS). In a mount namespace of its own, within a user namespace where
// we are not root; nothing outside it changes.
#ifndef SCOPE_CAPTURE_MOUNT_H
#define SCOPE_CAPTURE_MOUNT_H

// Called in the child, between fork and exec, with one thread. 0 or an errno.
int mount_bundle(const char *bundle);

#endif
