// SPDX-License-Identifier: MIT
#include "capture/completed_connects.h"

#include "base/limits.h"

#include <stddef.h>
#include <string.h>

void completed_connects_init(struct completed_connects *completed) {
    memset(completed, 0, sizeof(*completed));
    pthread_mutex_init(&completed->lock, NULL);
}

void completed_connects_cleanup(struct completed_connects *completed) {
    pthread_mutex_destroy(&completed->lock);
}

void completed_connects_add(struct completed_connects *completed, uint64_t cookie) {
    pthread_mutex_lock(&completed->lock);
    completed->cookies[completed->next] = cookie;
    completed->next = (completed->next + 1) % LIMIT_COMPLETED_CONNECTS;
    pthread_mutex_unlock(&completed->lock);
}

bool completed_connects_has(struct completed_connects *completed, uint64_t cookie) {
    bool found = false;
    pthread_mutex_lock(&completed->lock);
    for (size_t i = 0; i < LIMIT_COMPLETED_CONNECTS && cookie != 0 && !found; i++) {
        found = completed->cookies[i] == cookie;
    }
    pthread_mutex_unlock(&completed->lock);
    return found;
}

bool completed_connects_take(struct completed_connects *completed, uint64_t cookie) {
    bool found = false;
    pthread_mutex_lock(&completed->lock);
    for (size_t i = 0; i < LIMIT_COMPLETED_CONNECTS && cookie != 0; i++) {
        if (completed->cookies[i] == cookie) {
            completed->cookies[i] = 0;
            found = true;
        }
    }
    pthread_mutex_unlock(&completed->lock);
    return found;
}
