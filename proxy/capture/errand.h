// SPDX-License-Identifier: MIT
// errand: what is done for one stopped connect to a watched port, from the look at the socket to
// the answer. It may take as long as the server takes to answer a SYN, so each has a thread of its
// own. The policy of capture is here and nowhere else.
//
//                                    ┌ refused, no route ──▶ the same errno, `failed`
//   borrow ─▶ fresh TCP? ─▶ dial ────┼ connected ──────────▶ record, connect to 127.x.y.z
//     │           │ no               └ not yet (see below) ─▶ record without a server, the same
//     │           └▶ the kernel's own answer
//     └ may not ─▶ dial, then change the address in the caller's memory (fallback.h)
//
// How long a dial is waited for: a blocking socket waits as long as `connect_timeout_ms` or its own
// SO_SNDTIMEO; a non-blocking one 300 ms, behind which it is told "in progress" as it would have
// been at once; and a signal that the caller catches ends the wait as it would have without us.
// A hurried errand (supervisor.c) waits as for a non-blocking socket, so that a crowd of connects
// to a silent server holds up nobody else.
#ifndef SCOPE_CAPTURE_ERRAND_H
#define SCOPE_CAPTURE_ERRAND_H

#include "capture/borrowed.h"
#include "capture/names.h"
#include "capture/records.h"
#include "capture/reporter.h"
#include "capture/settled.h"
#include "capture/target.h"

#include <stdatomic.h>

// What all errands share; the pointers outlive them.
struct errand_shared {
    struct records *records;
    struct settled *settled;
    struct names *names;
    struct reporter *reporter;
    uint16_t listener_port;
    uint16_t refusing_port; // of 127.0.0.1, where nobody listens and nobody can
    bool closed;            // of struct capture_options
    int64_t connect_timeout_ms;
    uint64_t home;   // our network namespace
    bool kills_only; // see filter.h
    atomic_bool stopping;
};

struct errand {
    const struct errand_shared *shared;
    struct notification notification;
    struct target target;
    struct capture_connection connection;
    struct borrowed socket;
    bool hurried;
};

struct errand_order { // what the supervisor knows of it
    struct notification notification;
    struct target target;
    bool hurried;
};

// Answers the notification, one way or the other.
void errand_run(const struct errand_shared *shared, const struct errand_order *order);

// False when the caller was killed, or its wait was ended otherwise, or capture ends.
bool errand_is_awaited(const struct errand *errand);

// How long the dial is waited for where the caller does not wait.
enum { ERRAND_NONBLOCKING_WAIT_MS = 300 };

// What cannot be led to the listener passes, or is refused where that is closed.
void errand_pass_or_refuse(const struct errand *errand);
// The same in words, for a warning.
const char *errand_uncaptured(const struct errand *errand);

// The server cannot be reached: the caller gets `error`, and the session is reported.
void errand_fail(struct errand *errand, int error);

#endif
