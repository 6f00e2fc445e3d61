// SPDX-License-Identifier: MIT
// http_connect: the server's side of HTTP's CONNECT (RFC 9110 9.3.6, RFC 9112 3.2.3): the method by
// which clients ask an HTTP proxy for a tunnel. No authentication: header fields are read over.
//
//   CONNECT host:port HTTP/1.1 · fields · empty line ─▶ when the dial has ended: HTTP/1.1 200 …
#ifndef SCOPE_NET_HTTP_CONNECT_H
#define SCOPE_NET_HTTP_CONNECT_H

#include "net/tunnel.h"

extern const struct tunnel_protocol http_connect_protocol;

#endif
