// SPDX-License-Identifier: MIT
// relay_wire: a relay between a scripted client and a scripted server, all in memory. Bytes travel
// in pieces of a chosen size, so that a test can cut every message of every handshake anywhere.
//
//   end[CLIENT] ── pieces ──▶ relay ── pieces ──▶ end[SERVER]
#ifndef SCOPE_TEST_RELAY_RELAY_WIRE_H
#define SCOPE_TEST_RELAY_RELAY_WIRE_H

#include "base/limits.h"
#include "observe/output.h"
#include "relay/relay.h"
#include "tls/endpoint.h"

// One of the two peers: plaintext that it wants to send and has got, plain or inside TLS.
struct wire_end {
    struct tls_endpoint *tls;
    struct buf to_send;
    struct buf said; // all plaintext that the relay took, or TLS for it
    struct buf got;
    size_t cut_at;    // plaintext bytes until it pauses, till nothing moves; SIZE_MAX for never
    bool tls_after;   // accepts TLS once all is sent
    bool close_after; // ends its stream once all is sent
    bool closed;
    bool deaf;      // reads nothing
    bool saw_end;   // the relay ended its stream towards us
    bool saw_reset; // … by a reset
};

struct wire_world;

struct wire {
    struct relay_config config;
    char *rewrite_to;
    struct rewrite_rule *rewrite;
    struct fault_rule *fault_rules;
    size_t fault_count;
    struct relay_setup setup;
    struct event_session session;
    struct output_set *outputs;
    struct relay *relay;
    struct wire_end client;
    struct wire_end server;
    struct buf scratch;
    size_t piece; // bytes a step; the largest that the relay is fed at once
    int64_t now_ns;
    const struct wire_world *world; // authorities and contexts, shared by all wires
    bool unconnected;               // wire_start leaves it to the test to connect it to the server
    bool client_saw_certificate;
};

// `ADDRESS [KEEP]`; before wire_start.
void wire_rewrite(struct wire *wire, struct slice words);
void wire_add_fault(struct wire *wire, struct slice rule); // before wire_start
void wire_open(struct wire *wire); // makes all but the relay; change `config` and `setup` behind it
void wire_record(struct wire *wire); // its transcript, for wire_finish
void wire_start(struct wire *wire);  // the relay, connected to the server
void wire_close(struct wire *wire);
// Ends the session; the text that was recorded of it is appended to `out`, if there is one.
void wire_finish(struct wire *wire, struct buf *out);
void wire_end_world(void); // when no wire is left

void wire_say(struct wire_end *end, const char *text);
void wire_reset(struct wire *wire, enum side side);
// The client ends its stream and reads nothing any more.
void wire_leave(struct wire *wire);
// Moves bytes until nothing moves any more.
void wire_run(struct wire *wire);
// Lets the time pass to the relay's next deadline.
void wire_wait(struct wire *wire);
// The scripted peers begin TLS with their next byte.
void wire_client_tls(struct wire *wire, const char *sni);
void wire_server_tls(struct wire *wire);
// Asserts that `end` has got exactly this since the last call.
void wire_expect(struct wire_end *end, const char *text);

#endif
