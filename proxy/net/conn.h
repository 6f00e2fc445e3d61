// SPDX-License-Identifier: MIT
// conn: a session that runs: two peers and the relay between them. It moves wire bytes between the
// sockets and the relay, and keeps the time. It owns all three, and what its arrival has begun.
#ifndef SCOPE_NET_CONN_H
#define SCOPE_NET_CONN_H

#include "base/slice.h"
#include "event/event.h"
#include "net/client.h"
#include "net/share.h"

struct failed_dial;
struct live;
struct listen_spec;
struct worker;

// What a session is made from.
struct accepted {
    const struct listen_spec *spec;
    int64_t accepted_ns; // of uv_hrtime
    int64_t started_unix_ns;
    uint64_t session; // its number where it is reserved; else 0
    struct client client;
    struct peer *peer; // the client's; NULL where none was accepted
    struct share share;
    struct route *route;
    struct identification *identification; // still under way; or NULL
    struct tunnel *tunnel;                 // the client waits for what becomes of the dial; or NULL
};

// What the peers have said before the session began.
struct early {
    struct slice from[2]; // by enum side; the server's only where it is connected
};

// Why a client gets no server.
struct turned_away {
    enum outcome outcome;
    const char *reason; // a sentence
    bool answered;      // the client hears it; else it is only closed
};

// The session of an arrival, in its place in the worker's list; takes all of `accepted` over.
// `turned_away`: NULL where it gets its server.
void conn_begin(struct worker *worker, struct live *arrival, const struct accepted *accepted,
                const struct turned_away *turned_away, const struct early *early);
// A session of `run` whose server could not be dialled: nothing but its record.
void conn_record_failed(struct worker *worker, const struct failed_dial *failed);
// One of its peers, which waited, may be read in this turn.
void conn_go_on(struct share *share);

#endif
