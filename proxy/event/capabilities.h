// SPDX-License-Identifier: MIT
// capabilities: what an EHLO reply offered (RFC 5321 4.1.1.1), as it was sent.
#ifndef SCOPE_EVENT_CAPABILITIES_H
#define SCOPE_EVENT_CAPABILITIES_H

#include "base/limits.h"
#include "base/slice.h"

struct capability {
    struct slice keyword;    // as the server wrote it
    struct slice parameters; // what comes after the keyword, may be empty
};

struct capabilities {
    const struct capability *items;
    size_t count; // LIMIT_CAPABILITIES at most
};

// The keyword's entry (ASCII case folded), or NULL. `AUTH=LOGIN` of old servers counts as AUTH.
const struct capability *capabilities_find(const struct capabilities *caps, const char *keyword);
bool capabilities_offer(const struct capabilities *caps, const char *keyword);
// Whether AUTH offers this mechanism.
bool capabilities_offer_mechanism(const struct capabilities *caps, struct slice mechanism);

#endif
