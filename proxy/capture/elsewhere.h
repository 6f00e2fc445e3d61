// SPDX-License-Identifier: MIT
// elsewhere: where the command connected to instead of a watched port, for the sentence that says
// why nothing was captured.
#ifndef SCOPE_CAPTURE_ELSEWHERE_H
#define SCOPE_CAPTURE_ELSEWHERE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elsewhere {
    bool looked_up;                        // a name, over the network
    uint16_t ports[LIMIT_ELSEWHERE_PORTS]; // the first ones, each once
    size_t port_count;
};

// A connect to `port`, which is not watched; 0 is none.
void elsewhere_add(struct elsewhere *elsewhere, uint16_t port);

#endif
