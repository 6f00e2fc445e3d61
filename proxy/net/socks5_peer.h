// SPDX-License-Identifier: MIT
// socks5_peer: what the SOCKS5 negotiation says goes to its client.
#ifndef SCOPE_NET_SOCKS5_PEER_H
#define SCOPE_NET_SOCKS5_PEER_H

#include "net/dial.h"
#include "net/peer.h"
#include "net/socks5.h"

void socks5_send(struct socks5 *socks5, struct peer *client);
// What became of the dial. It goes out before anything else of the session.
void socks5_answer(struct socks5 *socks5, struct peer *client, const struct dial_result *result);

#endif
