// SPDX-License-Identifier: MIT
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *out, void *(*body)(void *context), void *context) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(out, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
