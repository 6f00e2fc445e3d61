// SPDX-License-Identifier: MIT
// tunnel_peer: what a tunnel answers goes to its client.
#ifndef SCOPE_NET_TUNNEL_PEER_H
#define SCOPE_NET_TUNNEL_PEER_H

#include "net/dial.h"
#include "net/peer.h"
#include "net/tunnel.h"

void tunnel_send(struct tunnel *tunnel, struct peer *client);
// What became of the dial. It goes out before anything else of the session.
void tunnel_answer(struct tunnel *tunnel, struct peer *client, const struct dial_result *result);

#endif
