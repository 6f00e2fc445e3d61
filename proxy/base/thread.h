// SPDX-License-Identifier: MIT
// thread: a thread that no signal is delivered to: signals are for the main thread, so that each is
// handled once.
#ifndef SCOPE_BASE_THREAD_H
#define SCOPE_BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

// 0 or an errno. Signals are blocked from the thread's first instruction on, SIGPIPE and SIGXFSZ
// too: what its own writes do wrong, it learns from errno.
MUST_USE int thread_start(pthread_t *out, void *(*body)(void *context), void *context);

#endif
