// SPDX-License-Identifier: MIT
// arrival: an accepted client until its session can begin: who it is, and where it is going. The
// server is dialled meanwhile.
//
//   accept ─┬────────────────▶ AWAITS_PROCESS ─┬────────────────▶ session (`conn`), dialling, with
//           │                  ▲  │             │                  the outcome of the dial, or
//           │                  │  │             │                  turned away; or a `passage`
//           │                  │  │             └▶ AWAITS_REQUEST ▶ session
//           │                  │  │                │   └▶ AWAITS_WRITE
//           └▶ AWAITS_HEADER ──┘  ▼                ▼        ▼
//                    │         end: the client left before it said what it wants, or what it said
//                    │         was no request for a tunnel. That is no session, and nothing is
//                    │         recorded.
//                    └───────▶ session, turned away: a balancer sent no header (--proxy-protocol)
#ifndef SCOPE_NET_ARRIVAL_H
#define SCOPE_NET_ARRIVAL_H

#include "net/listener.h"

#include <sys/socket.h>

enum arrival_state {
    ARRIVAL_AWAITS_HEADER,  // of the PROXY protocol, where a balancer is due to send one
    ARRIVAL_AWAITS_PROCESS, // of a client on this machine; not for long
    ARRIVAL_AWAITS_REQUEST, // of a tunnel (SOCKS5, CONNECT): where it is going
    ARRIVAL_AWAITS_WRITE,   // … that it got why it is refused
};

// Takes the accepted socket `fd`, for which room was taken.
void arrival_begin(struct listener *listener, int fd, const struct sockaddr *client);

#endif
