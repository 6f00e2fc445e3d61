// SPDX-License-Identifier: MIT
// guard: who gets in. Three questions to each request, in this order:
//
//   Host           the address that was bound, localhost, or a --web-host    else 421
//   Origin         none, or the page's own                                   else 403
//   Authorization  Bearer TOKEN, but for what has nothing to hide            else 401
//
// The first is the protection against DNS rebinding: a name of the attacker's that leads to this
// machine is none of ours. Ports are not compared: the page may be reached through a tunnel.
#ifndef SCOPE_WEB_GUARD_H
#define SCOPE_WEB_GUARD_H

#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct guard {
    const char *token;
    const char *bound;        // the host of --web, as it was given
    const char *const *hosts; // --web-host
    size_t host_count;
};

// What a request says of who makes it; null slices for what is absent.
struct visitor {
    struct slice host;
    struct slice origin;
    struct slice authorization;
    const char *local; // the address of this machine that the connection came to
};

enum admission { ADMITTED, WRONG_HOST, WRONG_ORIGIN, WRONG_TOKEN };

// `open`: no token is asked for.
enum admission guard_admit(const struct guard *guard, const struct visitor *visitor, bool open);

// ERR_USAGE where the word is too short, or cannot come after the # of an address as it is
// (RFC 3986 3.5).
MUST_USE enum err guard_check_token(struct failure *failure, const char *token);
// 128 random bits in hex, owned by the caller.
char *guard_new_token(void);

#endif
