// SPDX-License-Identifier: MIT
// connect_policy: what the caller of a stopped connect gets, from what is known of its socket and
// of the proxy's own dial to the server. Knows no socket and no system call: numbers in, a decision
// out, so that every row of the table below has a test.
//
//                       the caller's socket
//    the dial           blocking               non-blocking      its descriptor may not be borrowed
//    connected          LEAD                   LEAD              LEAD
//    refused later      FAIL                   REFUSE_LATER      FAIL
//    failed otherwise   FAIL                   FAIL              FAIL
//    not done in time   FAIL with ETIMEDOUT    LEAD              as for the socket's kind
//    a signal came      LEAD, restarted        LEAD              as for the socket's kind
//
// How long a dial is waited for: a blocking socket waits as long as `connect_timeout_ms` or its own
// SO_SNDTIMEO, after which it gets EINPROGRESS; a non-blocking one 300 ms, after which it gets
// EINPROGRESS, as it would have at once. A hurried job waits as for a non-blocking socket, so that
// a crowd of connects to a silent server holds up no other. Without a server the listener's side
// dials again, and the caller finds out there.
#ifndef SCOPE_CAPTURE_CONNECT_POLICY_H
#define SCOPE_CAPTURE_CONNECT_POLICY_H

#include "capture/server_dial.h"

#include <stdbool.h>
#include <stdint.h>

// What is known before the dial.
struct connect_terms {
    bool borrowed;    // the caller's socket can be connected by us; else only its address changed
    bool nonblocking; // the caller's socket
    bool hurried;     // too many jobs wait (supervisor.c)
    int64_t send_timeout_ms; // the caller's SO_SNDTIMEO, 0 for none
    int64_t connect_timeout_ms;
};

// What the dial came to.
struct connect_outcome {
    enum dial_result result;
    int error;           // of DIAL_FAILED, an errno
    bool failed_at_once; // of struct server_dial
    bool timed_out;      // DIAL_PENDING: the wait is over; else the caller stopped waiting
    bool awaited;        // the caller still waits for its answer
    bool killed;         // it does not, because it was killed
};

enum connect_action {
    CONNECT_LEAD,         // to the listener, with the server that was dialled, if one was
    CONNECT_REFUSE_LATER, // "in progress" first and refused after it
    CONNECT_FAIL,         // the caller gets `error`, and the session is reported
    CONNECT_ABANDON,      // no answer and no session
};

struct connect_decision {
    enum connect_action action;
    // CONNECT_FAIL: an errno. CONNECT_LEAD: what the caller gets in place of success, where its
    // wait was cut short: 0, EINPROGRESS or NOTIFICATION_RESTART.
    int error;
};

// How long the dial is waited for.
int64_t connect_policy_wait_ms(const struct connect_terms *terms);

// What the table above says; its last column is that of terms that are not `borrowed`.
struct connect_decision connect_policy_decide(const struct connect_terms *terms,
                                              const struct connect_outcome *outcome);

#endif
