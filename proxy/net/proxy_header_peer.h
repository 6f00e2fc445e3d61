// SPDX-License-Identifier: MIT
// proxy_header_peer: the header that begins a connection to a server.
#ifndef SCOPE_NET_PROXY_HEADER_PEER_H
#define SCOPE_NET_PROXY_HEADER_PEER_H

#include "base/address.h"
#include "net/peer.h"
#include "net/proxy_header.h"

// Goes out before anything else to that server: `client` and what it connected to.
void proxy_header_send(struct peer *server, enum proxy_header_version version,
                       const struct address_text *client, const struct address_text *connected_to);

#endif
