// SPDX-License-Identifier: MIT
// plain_server: a client began with a ClientHello, and the server answers in plain text. Then both
// legs are plain again, as they would be without the proxy: the client gets the server's bytes, and
// it is the same session as where the greeting came first.
#include "relay/relay_state.h"

// Where the client alone decides that the server's side is TLS.
static bool is_possible(const struct relay *relay) {
    return relay_server_tls(relay) == SERVER_TLS_MIRROR && relay->client_state == CLIENT_HELLO &&
           !relay->client.starttls;
}

void plain_server_keep_hello(struct relay *relay, struct slice wire) {
    if (is_possible(relay) && relay->hello_answer == HELLO_UNANSWERED) {
        buf_append_some(&relay->client_hello, wire);
    }
}

bool plain_server_shows(struct relay *relay, struct slice wire) {
    if (wire.len == 0 || relay->hello_answer != HELLO_UNANSWERED || !is_possible(relay)) {
        return false;
    }
    // Record types are 20 to 24, and an SSLv2 hello starts with its top bit set: none is printable.
    bool plain = wire.data[0] >= ' ' && wire.data[0] < 0x7f;
    relay->hello_answer = plain ? HELLO_ON_PLAIN : HELLO_IN_TLS;
    return plain;
}

static void make_plain(struct leg *leg) {
    if (leg->tls != NULL) {
        buf_put(&leg->output, tls_endpoint_output(leg->tls)); // what the peer has a part of
        tls_endpoint_free(leg->tls);
        leg->tls = NULL;
    }
}

void plain_server_begin(struct relay *relay, int64_t at_ns) {
    struct dialogue *dialogue = observer_dialogue(relay->observer);
    make_plain(&relay->client);
    make_plain(&relay->server);
    dialogue_tls_withdrawn(dialogue);
    relay_set_server(relay, SERVER_READY);
    relay_set_client(relay, CLIENT_PLAIN);
    // The server had a ClientHello, the proxy's own, so this one only goes to the observer.
    observer_feed(relay->observer, SIDE_CLIENT, buf_slice(&relay->client_hello), at_ns);
    buf_cleanup(&relay->client_hello);
}
