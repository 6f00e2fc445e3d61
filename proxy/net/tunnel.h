// SPDX-License-Identifier: MIT
// tunnel: a client that asks for its server on the connection itself, as it would ask a proxy of
// SOCKS5 or HTTP. A machine of bytes: it owns no socket, resolves no name and dials nothing. What a
// request looks like, and the answers to it, are the protocol's (net/socks5.c, net/http_connect.c).
//
//   EXPECT_REQUEST ─ the request is whole ─▶ CONNECTING ─ connected ─▶ CONNECTED
//         │                                      │
//         └────────────── wrong ─────────────────┴────── failed ─────▶ REFUSED: send the output,
//                                                                      then close
#ifndef SCOPE_NET_TUNNEL_H
#define SCOPE_NET_TUNNEL_H

#include "base/buf.h"
#include "base/limits.h"
#include "event/session.h"

#include <stdbool.h>
#include <sys/socket.h>

enum tunnel_state {
    TUNNEL_EXPECT_REQUEST,
    TUNNEL_CONNECTING, // dial `host` and `port`, then answer
    TUNNEL_CONNECTED,  // the answer is in the output; from here on the stream is the client's
    TUNNEL_REFUSED,    // the output holds the last word; close after it
};

struct tunnel {
    const struct tunnel_protocol *protocol;
    enum tunnel_state state;
    unsigned step;              // the protocol's own: how many of its messages were read
    struct buf input;           // of the message that is not whole yet
    struct buf output;          // not yet taken
    char host[TUNNEL_HOST_MAX]; // from CONNECTING on: a name, or an address without brackets
    bool host_is_name;          // else `host` is an address
    uint16_t port;
};

struct tunnel_protocol {
    size_t request_max; // bytes of one of its messages
    // The last byte of `input` is new. Consumes a message that is whole, and enters the next state
    // where it was the last one.
    void (*read)(struct tunnel *tunnel);
    // The answers to CONNECTING. `local` is our end of the connection to the server; `error` is an
    // errno, 0 where the name did not resolve, and `reason` the sentence for it.
    void (*connected)(struct tunnel *tunnel, const struct sockaddr *local);
    void (*failed)(struct tunnel *tunnel, int error, const char *reason);
};

// The protocol by which clients of this mode say where they are going; NULL: they do not.
const struct tunnel_protocol *tunnel_protocol_of(enum mode mode);

struct tunnel *tunnel_new(const struct tunnel_protocol *protocol);
void tunnel_free(struct tunnel *tunnel); // NULL is fine; wipes what was read

// Takes the request's bytes off the front of `bytes` and returns how many those were: what follows
// the request is the client's stream already and is not taken.
size_t tunnel_feed(struct tunnel *tunnel, struct slice bytes);

// Bytes for the client; valid until the next call. Empty after tunnel_output_sent.
struct slice tunnel_output(const struct tunnel *tunnel);
void tunnel_output_sent(struct tunnel *tunnel);

// What became of the dial.
void tunnel_connected(struct tunnel *tunnel, const struct sockaddr *local);
void tunnel_failed(struct tunnel *tunnel, int error, const char *reason);

// For the protocols. A name that cannot exist, an empty one or one with a NUL, is false.
MUST_USE bool tunnel_set_host(struct tunnel *tunnel, struct slice host, uint16_t port);
void tunnel_enter(struct tunnel *tunnel, enum tunnel_state state);

#endif
