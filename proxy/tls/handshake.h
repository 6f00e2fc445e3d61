// SPDX-License-Identifier: MIT
// handshake: the inside of an endpoint: its state, and what BoringSSL calls while it shakes hands.
// Only context.c, handshake.c and endpoint.c include it.
#ifndef SCOPE_TLS_HANDSHAKE_H
#define SCOPE_TLS_HANDSHAKE_H

#include "base/limits.h"
#include "tls/endpoint.h"
#include "tls/explain.h"
#include "tls/wire.h"

struct tls_endpoint {
    const struct tls_context *context;
    enum side peer;
    enum tls_state state;
    enum tls_stage stage;
    SSL *ssl;
    struct tls_wire wire;
    int64_t started_ns;
    int64_t ended_ns;

    uint16_t version_limit; // the highest that is negotiated, because of the other side; 0 for none

    // Accepting.
    uint16_t version_pinned; // the one that is negotiated; 0: any that the context allows
    struct tls_hello *hello;
    bool presented;
    CRYPTO_BUFFER *leaf; // with a reference of ours; NULL before
    bool faulty;         // what was presented has the server's faults
    bool faulty_by_rule; // … or those that --fault wants
    bool asked;          // for a client certificate
    struct buf alpn_choice;

    // Connecting.
    struct tls_connect_plan plan; // without sni and alpn_wire
    char *sni;                    // what was sent
    bool certificate_requested;

    // The peer's chain, each with a reference of ours.
    CRYPTO_BUFFER **chain;
    size_t chain_len;

    // What was seen on the way.
    char *alpn;       // selected
    uint16_t version; // of the ServerHello
    uint16_t suite;
    int alert;
    enum party alert_by;
    bool received_data;
    bool written_data;
    bool got_close_notify;
    bool sent_close_notify;

    // The failure.
    bool failed_in_handshake;
    bool certificate_alert;
    char *error;

    void *keylog_context;
};

// Sets the callbacks of a context that lead here.
void tls_endpoint_hook(struct tls_context *context);

// Accepting: asks the client for a certificate, and goes on without one.
void tls_handshake_ask_certificate(struct tls_endpoint *endpoint);
// Shakes hands as far as the bytes at hand allow.
void tls_handshake_advance(struct tls_endpoint *endpoint, int64_t at_ns);
// The only place where the machine moves.
void tls_endpoint_set_state(struct tls_endpoint *endpoint, enum tls_state state);
// An SSL_ call failed for good: sets state, alert and sentence.
void tls_endpoint_fail(struct tls_endpoint *endpoint, enum tls_end end, int64_t at_ns);
void tls_endpoint_fail_with(struct tls_endpoint *endpoint, const char *sentence, int64_t at_ns);

#endif
