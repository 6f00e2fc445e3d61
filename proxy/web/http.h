// SPDX-License-Identifier: MIT
// http: requests over sockets. libmicrohttpd reads and writes HTTP; its descriptor is watched by
// our loop, and nothing of it has a thread. What a request is answered is the api's.
//
//   entrance ── fd ──▶ libmicrohttpd ── struct api_request ──▶ api
//                          ▲    └─ asks for bytes ─▶ response, event stream (stream.c)
//                     deadlines; after a change the streams and waits
#ifndef SCOPE_WEB_HTTP_H
#define SCOPE_WEB_HTTP_H

#include "web/api.h"
#include "web/entrance.h"

struct http;

// ERR_SYSTEM with a sentence where the library does not start. Both outlive it.
MUST_USE enum err http_new(struct http **out, struct failure *failure, uv_loop_t *loop,
                           struct api *api, struct entrance *entrance);
// Answers what can be answered, closes all, and calls `closed`, after which it may be freed.
void http_close(struct http *http, void (*closed)(void *context), void *context);
void http_free(struct http *http); // NULL is fine

#endif
