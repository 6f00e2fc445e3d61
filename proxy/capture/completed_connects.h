// SPDX-License-Identifier: MIT
// completed_connects: connects that succeeded, or will, and whose callers may not have heard so. A
// signal can end the caller's wait after its socket was connected; the kernel then makes the call
// again, and the answer to it is the first one, not "already connected". Any thread.
#ifndef SCOPE_CAPTURE_COMPLETED_CONNECTS_H
#define SCOPE_CAPTURE_COMPLETED_CONNECTS_H

#include "base/limits.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct completed_connects {
    pthread_mutex_t lock;
    uint64_t cookies[LIMIT_COMPLETED_CONNECTS]; // of the sockets; 0 for a free place
    uint32_t next;
};

void completed_connects_init(struct completed_connects *completed);
void completed_connects_cleanup(struct completed_connects *completed);

// The cookie is the kernel's number of the socket (SO_COOKIE). The oldest makes room for a new one.
void completed_connects_add(struct completed_connects *completed, uint64_t cookie);
// Whether it is there; 0, an unknown socket, never is.
bool completed_connects_has(struct completed_connects *completed, uint64_t cookie);
// Forgets it; true if it was there.
bool completed_connects_take(struct completed_connects *completed, uint64_t cookie);

#endif
