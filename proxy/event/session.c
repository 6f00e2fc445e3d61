// SPDX-License-Identifier: MIT
#include "event/session.h"

#include <stddef.h>

enum side side_other(enum side side) {
    return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

enum party party_of(enum side side) {
    return side == SIDE_CLIENT ? PARTY_CLIENT : PARTY_SERVER;
}

const char *side_name(enum side side) {
    return party_name(party_of(side));
}

const char *party_name(enum party party) {
    static const char *const names[] = {
        [PARTY_NONE] = NULL,
        [PARTY_CLIENT] = "client",
        [PARTY_SERVER] = "server",
        [PARTY_PROXY] = "proxy",
    };
    return names[party];
}

const char *mode_name(enum mode mode) {
    static const char *const names[] = {
        [MODE_REVERSE] = "reverse", [MODE_TRANSPARENT] = "transparent",
        [MODE_SOCKS5] = "socks5",   [MODE_CONNECT] = "connect",
        [MODE_RUN] = "run",         [MODE_SINK] = "sink",
    };
    return names[mode];
}

bool mode_has_server(enum mode mode) {
    return mode != MODE_SINK;
}

unsigned mode_connections(enum mode mode) {
    return mode_has_server(mode) ? 2 : 1;
}

bool session_is_to_port(const struct event_session *session, uint16_t port) {
    return session->server.port == port || session->client_local.port == port;
}
