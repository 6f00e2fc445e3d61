// SPDX-License-Identifier: MIT
// proxy_header: the header by which a balancer says whose connection it passes on (the PROXY
// protocol, versions 1 and 2, HAProxy's doc/proxy-protocol.txt): read from a client's stream, and
// written for a server's. A machine of bytes: it owns no socket, and does not know who may send
// one.
//
//   EXPECT_SIGNATURE ─┬─ "PROXY " ─▶ EXPECT_LINE ─ CRLF ───────────────────┬─▶ WHOLE: from here on
//          │          └─ 12 bytes ─▶ EXPECT_HEAD ─ 16 bytes ─▶ EXPECT_REST ┘   the stream is the
//          │                              │                                    client's
//          └─ anything else ─▶ ABSENT     └─ wrong, as a line may be ─▶ BROKEN
#ifndef SCOPE_NET_PROXY_HEADER_H
#define SCOPE_NET_PROXY_HEADER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum proxy_header_version { PROXY_HEADER_NONE, PROXY_HEADER_V1, PROXY_HEADER_V2 };

enum proxy_header_state {
    PROXY_HEADER_EXPECT_SIGNATURE,
    PROXY_HEADER_EXPECT_LINE, // version 1: the rest of its line
    PROXY_HEADER_EXPECT_HEAD, // version 2: command, family and length
    PROXY_HEADER_EXPECT_REST, // version 2: the addresses, and TLVs, which are skipped
    PROXY_HEADER_WHOLE,
    PROXY_HEADER_ABSENT, // the stream begins with something else
    PROXY_HEADER_BROKEN, // `fault` says why
};

struct proxy_header { // all-zero is ready to be fed
    enum proxy_header_state state;
    enum proxy_header_version version;
    uint8_t bytes[PROXY_HEADER_MAX]; // without the TLVs
    size_t len;
    size_t due;        // bytes of the rest that are still to come
    const char *fault; // what a broken one has: "an address that is none of TCP4"
    // False for a connection that the balancer made by itself or knows nothing of (LOCAL, UNKNOWN,
    // UNSPEC, and what is not TCP): it is as its socket says.
    bool has_addresses;
    struct sockaddr_storage client; // v4-mapped is AF_INET
    struct sockaddr_storage server; // what the client connected to
};

// Takes the header's bytes off the front of `bytes` and returns how many those were: what follows
// it is the client's stream and is not taken.
size_t proxy_header_feed(struct proxy_header *header, struct slice bytes);

// Appends a header for a connection from `client` to `server`. Where one of them is IPv6 and the
// other is not, both are written as IPv6.
void proxy_header_put(struct buf *out, enum proxy_header_version version,
                      const struct sockaddr *client, const struct sockaddr *server);

#endif
