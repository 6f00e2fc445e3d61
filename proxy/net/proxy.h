// SPDX-License-Identifier: MIT
// proxy: the running service: one libuv loop a thread, each with its own listeners on the same
// ports (SO_REUSEPORT). A session is accepted, lives and dies on one loop, so nothing on the way of
// the mail takes a lock.
//
//   proxy ─┬─ worker 0 (thread, loop) ─┬─ listener ──▶ arrival ─▶ conn ─▶ relay
//          │                           └─ listener ──▶ arrival ─▶ conn ─▶ relay
//          └─ worker 1 …
#ifndef SCOPE_NET_PROXY_H
#define SCOPE_NET_PROXY_H

#include "base/err.h"
#include "base/process.h"
#include "net/proxy_header.h"
#include "relay/config.h"

#include <stdatomic.h>
#include <sys/socket.h>

struct proxy;

// A connection that was led to one of our listeners: who asked for it, and where it was going.
struct claimed {
    int server_fd; // connected, non-blocking, belongs to the claimer; -1: `server` is to be dialled
    struct sockaddr_storage server; // v4-mapped is AF_INET
    struct process_identity client;
    uint64_t session; // its number, reserved by proxy_before_dial; 0 for none
};

// How connections are led to a listener, where neither the client nor the firewall does it.
struct lead {
    // Opens a socket that listens, one call a loop. `*inout_port` 0 is replaced by the port it got.
    enum err (*listen)(int *out_fd, uint16_t *inout_port, struct failure *failure);
    // False for an accepted socket that was not led here: it is closed. Any thread.
    bool (*claim)(void *context, int accepted_fd, struct claimed *out);
    void *context;
};

// One `--mode`, plain data.
struct listen_spec {
    enum mode mode;
    const char *host;        // where to listen: a name or an address
    uint16_t port;           // 0: any free one
    bool implicit_server;    // reverse:smtps
    const char *server_host; // reverse
    uint16_t server_port;
    const struct lead *lead; // run, else NULL
    bool mail_only;          // with a lead: what is no mail passes on, and is no session
    const char *text; // "reverse smtp://mail.example.com:587", for the line that says it listens
};

struct networks;
struct outside;

struct proxy_options {
    const struct relay_config *relay; // outlives the proxy
    const struct listen_spec *listens;
    size_t listen_count;
    unsigned threads;         // 0: one for each core
    uint64_t max_sessions;    // at once
    uint64_t session_limit;   // stop after so many have ended; 0: never
    uint64_t idle_timeout_ms; // 0: none
    uint64_t connect_timeout_ms;
    uint64_t grace_ms;
    struct outside *outside; // looks where this process may not; NULL for none; outlives the proxy
    bool mark;               // mark our own connections
    bool asks_before_dial;   // a session's relay may have a rule for that (relay_before_dial)
    // Who may connect; all-zero or NULL: everyone. Outlives the proxy.
    const struct networks *allowed;
    // Connections from these begin with a PROXY protocol header; outlives the proxy.
    const struct networks *balancers;
    enum proxy_header_version send_header; // before all else that goes to a server
    // One sentence for standard error; any thread.
    void (*complain)(void *context, const char *sentence);
    // The proxy has stopped: every session ended. Called once, on a worker's thread.
    void (*stopped)(void *context);
    void *context;
};

struct proxy_status {
    uint64_t live;
    uint64_t ended;
    uint64_t messages;
    uint64_t findings;
};

// Opens all listeners. ERR_SYSTEM with a sentence where one cannot be had (exit 3).
MUST_USE enum err proxy_new(struct proxy **out, struct failure *failure,
                            const struct proxy_options *options);
// Starts the threads: from here connections are accepted.
MUST_USE enum err proxy_start(struct proxy *proxy, struct failure *failure);
// Appends the bound `HOST:PORT` of each mode, in their order, with `separator` after each.
void proxy_put_addresses(const struct proxy *proxy, struct buf *out, size_t index);

// No new sessions; those under way get the grace. May be called on any thread, more than once.
void proxy_stop(struct proxy *proxy);
// The grace of a proxy that stops is over.
void proxy_cut(struct proxy *proxy);
void proxy_free(struct proxy *proxy); // stops what still runs, and joins the threads

struct proxy_status proxy_status(struct proxy *proxy);
// Over the last ten seconds, or since the start.
struct proxy_rates {
    double sessions; // that ended, a second
    double messages;
    double seconds;
};
struct proxy_rates proxy_rates(struct proxy *proxy);
// Appends a line for each live session: its number, peers, state. Waits for the loops.
void proxy_put_sessions(struct proxy *proxy, struct buf *out);

// One mode more, whose listener has no address of its own to show. Before proxy_start.
MUST_USE enum err proxy_add_listener(struct proxy *proxy, struct failure *failure,
                                     const struct listen_spec *spec, uint16_t *out_port);

// A connection that was not made, so that nothing was led to the listener: to be recorded. Any
// thread.
struct failed_dial {
    struct sockaddr_storage server;
    struct process_identity client;
    int64_t asked_monotonic_ns; // when the client asked for it
    int error;                  // errno of connect
    uint64_t session;           // as in struct claimed
};
// Asked before a server is dialled for a connection that will be led to a listener. 0: dial it;
// PROXY_DIALS_LATER: its session does that, if it does; else an errno: the client is to get that.
// Any thread.
enum { PROXY_DIALS_LATER = -1 };
int proxy_before_dial(uint64_t *out_session, struct proxy *proxy,
                      const struct sockaddr_storage *server);

void proxy_record_failed(struct proxy *proxy, const struct failed_dial *failed);

#endif
