// SPDX-License-Identifier: MIT
#include "net/client_watch.h"

#include "base/clock.h"
#include "base/limits.h"

void client_watch_set(struct client_watch *watch, bool on, int64_t now_ns) {
    if (on && !watch->on) {
        watch->wait_ns = CLIENT_LOOK_FIRST_NS;
        watch->look_at_ns = now_ns + watch->wait_ns;
    }
    watch->on = on;
}

int64_t client_watch_deadline_ns(const struct client_watch *watch) {
    return watch->on ? watch->look_at_ns : INT64_MAX;
}

void client_watch_looked(struct client_watch *watch, int64_t now_ns) {
    watch->wait_ns =
        watch->wait_ns >= CLIENT_LOOK_MAX_NS / 2 ? CLIENT_LOOK_MAX_NS : 2 * watch->wait_ns;
    watch->look_at_ns = now_ns + watch->wait_ns;
}
