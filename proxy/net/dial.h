// SPDX-License-Identifier: MIT
// dial: from a host and port to a connected socket: the name is resolved, each address tried in
// turn, within one time-out for all of it. Knows no protocol.
#ifndef SCOPE_NET_DIAL_H
#define SCOPE_NET_DIAL_H

#include "base/address.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct dial;
struct lookups;
struct own_listeners;
struct peer;

struct dial_target {
    const char *host; // a name or an address; NULL where `address` is given
    const struct sockaddr *address;
    uint16_t port;
    struct lookups *lookups; // for a name
    int64_t timeout_ms;
    const struct own_listeners *own; // never connected to; NULL where it cannot be a loop
    bool mark; // with the mark that keeps our own connections out of the firewall's redirection
};

struct dial_result {
    struct peer *peer;             // connected; NULL: failed
    union net_address address;     // the one that worked, or the last that was tried
    int error;                     // errno, or 0 where the name did not resolve
    const struct failure *failure; // a sentence; NULL where it did not fail; valid in `done`
};

// Calls `done` once, on the loop, unless dial_cancel came first. `done` owns the peer. The dial
// frees itself. Strings are copied.
struct dial *dial_start(uv_loop_t *loop, const struct dial_target *target,
                        void (*done)(void *context, const struct dial_result *result),
                        void *context);
// What an errno of connect means to a person.
const char *dial_advice(int error);
void dial_cancel(struct dial *dial); // `done` will not be called; NULL is fine

#endif
