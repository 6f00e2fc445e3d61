// SPDX-License-Identifier: MIT
// listener: one listening socket on one loop. It accepts while there is room for a session, and
// waits where descriptors have run out.
#ifndef SCOPE_NET_LISTENER_H
#define SCOPE_NET_LISTENER_H

#include "base/address.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct listen_spec;
struct worker;

struct listener {
    uv_poll_t poll;
    struct worker *worker;
    const struct listen_spec *spec;
    int fd;
    uint16_t port;
    union net_address local; // of all that it accepts; AF_UNSPEC where they differ
    unsigned accepts_a_turn; // what the next turn of the loop may accept
    uint64_t accepted_at_ms; // of the loop's clock: the last turn that accepted all it may
    bool polling;
    bool closed;
};

// Binds and listens. `*inout_port` 0 is replaced by the port that was got; `shared` says that this
// port is already ours, on another loop. ERR_SYSTEM with a sentence.
MUST_USE enum err listener_bind(int *out_fd, struct failure *failure,
                                const struct listen_spec *spec, uint16_t *inout_port, bool shared);

// Takes the listening socket; a libuv error, or 0.
int listener_new(struct listener **out, struct worker *worker, const struct listen_spec *spec,
                 int fd);
void listener_resume(struct listener *listener); // accepts again, if there is room
// In mode `run` what is connected already is accepted first. Frees itself in its close callback.
void listener_close(struct listener *listener);

#endif
