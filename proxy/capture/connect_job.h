// SPDX-License-Identifier: MIT
// connect_job: what is done for one stopped connect to a watched port, from the look at the socket
// to the answer. It may take as long as the server takes to answer a SYN, so each runs on a thread
// alone.
//
//                                    ┌ refused, no route ──▶ the same errno, `failed`
//   borrow ─▶ fresh TCP? ─▶ dial ────┼ connected ──────────▶ record, connect to 127.x.y.z
//     │           │ no               └ not yet (see below) ─▶ record without a server, the same
//     │           └▶ the kernel's own answer
//     └ may not ─▶ the same, by the address in the caller's memory (fallback.h)
//
// What a caller gets after which dial, and how long it is waited for, is in connect_policy.h.
#ifndef SCOPE_CAPTURE_CONNECT_JOB_H
#define SCOPE_CAPTURE_CONNECT_JOB_H

#include "capture/completed_connects.h"
#include "capture/connect_request.h"
#include "capture/pending_connects.h"
#include "capture/remote_fd.h"
#include "capture/reporter.h"
#include "capture/socket_names.h"

#include <stdatomic.h>

// What all jobs share; the pointers outlive them.
struct connect_job_shared {
    struct pending_connects *pending;
    struct completed_connects *completed;
    struct names *names;
    struct reporter *reporter;
    uint16_t listener_port;
    uint16_t refusing_port; // of 127.0.0.1, where no process listens and none can
    bool closed;            // of struct capture_options
    int64_t connect_timeout_ms;
    uint64_t home;   // our network namespace
    bool kills_only; // see seccomp_filter.h
    atomic_bool stopping;
};

struct connect_job_order { // what the supervisor knows of it
    struct notification notification;
    struct connect_request request;
    bool hurried;
};

// Answers the notification, one way or the other.
void connect_job_run(const struct connect_job_shared *shared,
                     const struct connect_job_order *order);

#endif
