// SPDX-License-Identifier: MIT
#include "capture/settled.h"

#include <stddef.h>
#include <string.h>

void settled_init(struct settled *settled) {
    memset(settled, 0, sizeof(*settled));
    pthread_mutex_init(&settled->lock, NULL);
}

void settled_cleanup(struct settled *settled) {
    pthread_mutex_destroy(&settled->lock);
}

void settled_add(struct settled *settled, uint64_t cookie) {
    pthread_mutex_lock(&settled->lock);
    settled->cookies[settled->next] = cookie;
    settled->next = (settled->next + 1) % SETTLED_MAX;
    pthread_mutex_unlock(&settled->lock);
}

bool settled_has(struct settled *settled, uint64_t cookie) {
    bool found = false;
    pthread_mutex_lock(&settled->lock);
    for (size_t i = 0; i < SETTLED_MAX && cookie != 0 && !found; i++) {
        found = settled->cookies[i] == cookie;
    }
    pthread_mutex_unlock(&settled->lock);
    return found;
}

bool settled_take(struct settled *settled, uint64_t cookie) {
    bool found = false;
    pthread_mutex_lock(&settled->lock);
    for (size_t i = 0; i < SETTLED_MAX && cookie != 0; i++) {
        if (settled->cookies[i] == cookie) {
            settled->cookies[i] = 0;
            found = true;
        }
    }
    pthread_mutex_unlock(&settled->lock);
    return found;
}
