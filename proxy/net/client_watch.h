// SPDX-License-Identifier: MIT
// client_watch: when to look whether a client still exists that can no longer be noticed by reading
// from it, since its stream has ended or is not read. Knows no socket and no clock.
#ifndef SCOPE_NET_CLIENT_WATCH_H
#define SCOPE_NET_CLIENT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

// All-zero watches nothing.
struct client_watch {
    bool on;
    int64_t look_at_ns; // when to look next
    int64_t wait_ns;    // the time from the last look to that one
};

void client_watch_set(struct client_watch *watch, bool on, int64_t now_ns);
int64_t client_watch_deadline_ns(const struct client_watch *watch); // INT64_MAX for never
// It was looked, and the client is still there.
void client_watch_looked(struct client_watch *watch, int64_t now_ns);

#endif
