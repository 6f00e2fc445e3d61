// SPDX-License-Identifier: MIT
// relay: one whole proxied connection without a socket. Its owner moves wire bytes in and out of
// it, gives it the time and what became of the two TCP streams, and asks what it wants next.
//
//   relay_receive(CLIENT) ─▶ leg ─ plaintext ─┬─▶ leg ─▶ relay_output(SERVER)
//   relay_output(CLIENT) ◀── leg ◀─ plaintext ┴── leg ◀─ relay_receive(SERVER)
//                                    │ a copy
//                                    ▼
//                                 observer
//
// What comes in on one side goes out on the other, byte for byte. The exceptions are the bridging
// of TLS (`edit`) and the few words that the proxy says where no peer can (`ending`).
//
// The order of a session's TLS is the heart of it: a client's ClientHello is held, the server's
// handshake is made with its SNI and ALPN, the server's certificate decides the leaf, and only then
// the client goes on.
#ifndef SCOPE_RELAY_RELAY_H
#define SCOPE_RELAY_RELAY_H

#include "relay/config.h"

struct relay;

struct relay_setup {
    const struct relay_config *config; // outlives the relay
    struct event_session *session;     // outlives the relay; filled as far as it is known
    enum mode mode;
    bool implicit_server; // reverse:smtps
    // The URL's host or the SOCKS5 name; NULL where there is none.
    const char *server_name;
    const char *client_local_address; // the address that the client connected to
    bool turned_away;                 // there is no server for this client
    struct buf *scratch;              // plaintext of one read, shared by the relays of a loop
};

struct relay *relay_new(const struct relay_setup *setup, int64_t at_ns);
void relay_free(struct relay *relay); // NULL is fine

// Asked once, before the server `server` (a name, an address or NULL) is dialled, where the process
// has rules of --fault for that.
struct relay_dial {
    enum {
        RELAY_DIAL_NOW,
        RELAY_DIAL_LATER, // at `due_ns`
        RELAY_DIAL_FAILS, // as if with `error`, an errno; `reason` is a sentence
        RELAY_DIAL_NEVER, // the session has ended
    } what;
    int64_t due_ns;
    int error;
    char reason[FAILURE_MAX];
};
void relay_before_dial(struct relay_dial *out, struct relay *relay, const char *server,
                       int64_t at_ns);

// What it will say of a session that has not begun: RELAY_DIAL_NOW where no rule acts,
// RELAY_DIAL_FAILS with `error`, and else RELAY_DIAL_LATER, once the session has begun.
void relay_foresee_dial(struct relay_dial *out, struct faults *faults,
                        const struct event_session *session, const char *server);

// What became of the connection to the server. `local_address` is the proxy's own end.
void relay_connected(struct relay *relay, const char *local_address, int64_t at_ns);
// It could not be made: `reason` is a sentence. `tell_client`: say so where SMTP or TLS allows it;
// else the stream is only closed (SOCKS5 and `run` have answered the client in their own way).
void relay_connect_failed(struct relay *relay, const char *reason, bool tell_client, int64_t at_ns);

// How a peer's stream ended.
enum relay_fin {
    RELAY_FIN,
    RELAY_FIN_UNACKED, // with its FIN the client had not acknowledged all that it was sent
};

// A happening outside the streams that the transcript is to have: `text` comes after `###`.
void relay_note(struct relay *relay, const char *text, int64_t at_ns);
// The client gets no server, and no word: it is closed. Only for a relay whose setup says so.
void relay_turn_away(struct relay *relay, enum outcome outcome, const char *reason, int64_t at_ns);

// Wire bytes of a peer. All are taken: ask relay_wants_read before the next read.
void relay_receive(struct relay *relay, enum side side, struct slice wire, int64_t at_ns);
void relay_eof(struct relay *relay, enum side side, enum relay_fin fin, int64_t at_ns);
// After relay_eof: the client has closed both ways, since a RST came, or its socket has no owner
// any more. The session ends soon, whatever the server does.
void relay_client_closed_read(struct relay *relay, int64_t at_ns);
void relay_reset(struct relay *relay, enum side side, int64_t at_ns); // read or write failed

bool relay_wants_read(const struct relay *relay, enum side side);
// Wire bytes to send, valid until the next call; relay_sent says how many went.
struct slice relay_output(const struct relay *relay, enum side side);
void relay_sent(struct relay *relay, enum side side, size_t len, int64_t at_ns);
// Our stream to this peer is to be shut down (FIN) now; relay_shutdown_done says it was.
bool relay_wants_shutdown(const struct relay *relay, enum side side);
void relay_shutdown_done(struct relay *relay, enum side side);
bool relay_wants_reset(const struct relay *relay, enum side side); // a reset to pass on
// The peer was reset, or had its time to close: nothing more will reach it.
bool relay_gave_up(const struct relay *relay, enum side side);
bool relay_is_done(const struct relay *relay); // both streams may be closed

// What watches the session is late: reading should wait until this is false.
bool relay_is_congested(const struct relay *relay);

// When relay_tick is to be called next: nanoseconds since the accept, INT64_MAX for never.
int64_t relay_deadline_ns(const struct relay *relay);
void relay_tick(struct relay *relay, int64_t at_ns);

// The proxy ends the session: nothing came for too long, or the process stops. Each says a 421 to
// the client if it is between commands.
void relay_idle(struct relay *relay, int64_t at_ns);
void relay_stop(struct relay *relay, int64_t at_ns);

// The key log callback for the two TLS contexts: an endpoint's context is its relay.
void relay_keylog(void *endpoint_context, struct slice line);

// Reports the end of the session to the outputs, once, when both streams are closed.
void relay_finish(struct relay *relay, int64_t at_ns);
struct observer_counts relay_counts(const struct relay *relay);

#endif
