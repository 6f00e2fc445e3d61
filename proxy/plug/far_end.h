// SPDX-License-Identifier: MIT
// far_end: what a relay talks to on the server's side where that is no socket: the embedded server,
// a replay. It takes plaintext as a server would and gives what one would say.
//
//   client ◀─▶ relay ◀─ plaintext ─▶ far end
//
// It has no TLS: the relay's leg to the client is its own, and what it offers there is its to say.
#ifndef SCOPE_PLUG_FAR_END_H
#define SCOPE_PLUG_FAR_END_H

#include "base/buf.h"

#include <stdint.h>

struct far_end_ops {
    // Takes client bytes, split anywhere, and appends what it says to `out`; how many bytes it
    // took. It reads no further than `out` has room for, so it may take none. It is asked with none
    // too: what it has to say by itself, a greeting first, it says then.
    size_t (*feed)(void *far_end, struct slice bytes, struct buf *out, int64_t at_ns);
    // The client's stream has ended; nothing is fed any more.
    void (*end)(void *far_end);
    // The next bytes fed come from inside TLS.
    void (*tls_begun)(void *far_end);
    // Its own stream ends after what it has said.
    bool (*is_finished)(const void *far_end);
    // When it is to be fed next, with no bytes if there are none; INT64_MAX for never. NULL: never.
    int64_t (*deadline_ns)(const void *far_end);
    void (*free)(void *far_end);
};

struct far_end {
    const struct far_end_ops *ops; // NULL: the server's side is a socket
    void *self;
};

#endif
