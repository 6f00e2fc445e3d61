// SPDX-License-Identifier: MIT
// socks5: the server's side of SOCKS5 (RFC 1928): no authentication, CONNECT, all three address
// types.
//
//   05 n m… ─▶ 05 00 · 05 01 00 type address port ─▶ when the dial has ended: 05 reply 00 …
#ifndef SCOPE_NET_SOCKS5_H
#define SCOPE_NET_SOCKS5_H

#include "net/tunnel.h"

extern const struct tunnel_protocol socks5_protocol;

#endif
