// SPDX-License-Identifier: MIT
// entrance: where connections to the page come in. Beyond LIMIT_WEB_CONNECTIONS a client gets a
// 429 and is closed; the descriptors that are left are for the mail.
#ifndef SCOPE_WEB_ENTRANCE_H
#define SCOPE_WEB_ENTRANCE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct entrance;

struct entrance_events {
    // Takes the socket; false where there is no room for it.
    bool (*accepted)(void *context, int fd, const struct sockaddr *peer, socklen_t len);
    void *context;
};

// Binds; `port` 0 picks one. ERR_SYSTEM with a sentence where that fails.
MUST_USE enum err entrance_new(struct entrance **out, struct failure *failure, const char *host,
                               uint16_t port);
void entrance_free(struct entrance *entrance); // before entrance_start, or after the loop has run
// Appends `127.0.0.1:2526`, `[::1]:2526`.
void entrance_put_address(struct buf *out, const struct entrance *entrance);
bool entrance_is_loopback(const struct entrance *entrance);

// A libuv error, or 0.
int entrance_start(struct entrance *entrance, uv_loop_t *loop,
                   const struct entrance_events *events);
// Once a second: looks again where descriptors were used up, and closes who lingers.
void entrance_sweep(struct entrance *entrance);
void entrance_close(struct entrance *entrance); // its handles close

#endif
