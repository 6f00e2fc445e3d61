// SPDX-License-Identifier: MIT
// wire: a relay between a scripted client and a scripted server, all in memory. Bytes travel in
// pieces of a chosen size, so that a test can cut every message of every handshake anywhere.
//
//   end[CLIENT] ── pieces ──▶ relay ── pieces ──▶ end[SERVER]
#ifndef SCOPE_TEST_RELAY_WIRE_H
#define SCOPE_TEST_RELAY_WIRE_H

#include "relay/relay.h"
#include "tls/endpoint.h"

// One of the two peers: plaintext that it wants to send and has got, plain or inside TLS.
struct wire_end {
    struct tls_endpoint *tls;
    struct buf to_send;
    struct buf got;
    bool tls_after;   // accepts TLS once all is sent
    bool close_after; // ends its stream once all is sent
    bool closed;
    bool saw_end; // the relay ended its stream towards us
};

struct wire {
    struct relay_config config;
    struct relay_setup setup;
    struct event_session session;
    struct relay *relay;
    struct wire_end client;
    struct wire_end server;
    struct buf scratch;
    size_t piece; // bytes a step; the largest that the relay is fed at once
    int64_t now_ns;
    // Machinery, of the test's own.
    struct authority *authority;        // the proxy's
    struct authority *server_authority; // the server's
    struct leaf_store *server_leaves;
    struct tls_context *client_context; // of the scripted client
    struct tls_context *server_context; // of the scripted server
    bool client_saw_certificate;
    char dir[64];
};

void wire_open(struct wire *wire); // makes all but the relay; change `config` and `setup` behind it
void wire_start(struct wire *wire); // the relay, connected to the server
void wire_close(struct wire *wire);

void wire_say(struct wire_end *end, const char *text);
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
