// SPDX-License-Identifier: MIT
// settled: connects that succeeded, or will, and whose callers may not have heard so. A signal can
// end the caller's wait after its socket was connected; the kernel then makes the call again, and
// the answer to it is the first one, not "already connected". Any thread.
#ifndef SCOPE_CAPTURE_SETTLED_H
#define SCOPE_CAPTURE_SETTLED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { SETTLED_MAX = 512 }; // the oldest goes; cookies are never used twice, so an old one is inert

struct settled {
    pthread_mutex_t lock;
    uint64_t cookies[SETTLED_MAX]; // of the sockets; 0 for a free place
    uint32_t next;
};

void settled_init(struct settled *settled);
void settled_cleanup(struct settled *settled);

void settled_add(struct settled *settled, uint64_t cookie);
bool settled_has(struct settled *settled, uint64_t cookie);
// Forgets it; true if it was there.
bool settled_take(struct settled *settled, uint64_t cookie);

#endif
