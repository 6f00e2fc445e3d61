// SPDX-License-Identifier: MIT
// session: who takes part in a session and what all its events share.
#ifndef SCOPE_EVENT_SESSION_H
#define SCOPE_EVENT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

// Who did something. `side` is one of the two peers, `party` may also be the proxy or none.
enum side { SIDE_CLIENT, SIDE_SERVER };
enum party { PARTY_NONE, PARTY_CLIENT, PARTY_SERVER, PARTY_PROXY };

enum side side_other(enum side side);
enum party party_of(enum side side);
const char *side_name(enum side side);    // "client", "server"
const char *party_name(enum party party); // "client", "server", "proxy"; NULL for PARTY_NONE

enum mode { MODE_REVERSE, MODE_TRANSPARENT, MODE_SOCKS5, MODE_CONNECT, MODE_RUN, MODE_SINK };
enum { MODE_LAST = MODE_SINK };
const char *mode_name(enum mode mode);     // "reverse", …
bool mode_has_server(enum mode mode);      // the proxy connects to one; else it is one itself
unsigned mode_connections(enum mode mode); // of a session: the client's, and its server's

struct event_endpoint {
    const char *host;    // the name asked for; NULL where there is none (client: always)
    const char *address; // "192.0.2.7", "2001:db8::1" (no brackets); NULL where not known
    uint16_t port;       // 0 where not known
    uint32_t pid;        // of a local client; 0 where not known
    const char *program; // of a local client; NULL where not known
};

// What all events of one session share. Owned by the observer; grows as facts become known.
struct event_session {
    uint64_t id; // from 1
    enum mode mode;
    int64_t started_unix_ns; // the accept
    struct event_endpoint client;
    struct event_endpoint server;
    bool has_server;   // as mode_has_server
    const char *audit; // the case of `audit` that it belongs to; NULL for none
    // The proxy's own end of each leg, for `pcapng`; may be NULL.
    struct event_endpoint client_local;
    struct event_endpoint server_local;
};

// Whether the client went to this port, by a capture or to the proxy's own.
bool session_is_to_port(const struct event_session *session, uint16_t port);

#endif
