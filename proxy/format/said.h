// SPDX-License-Identifier: MIT
// said: the causes that a session's lines named already. A file has each line whole, for programs;
// a person at a screen reads a cause once.
#ifndef SCOPE_FORMAT_SAID_H
#define SCOPE_FORMAT_SAID_H

#include "base/limits.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct said_cause {
    uint64_t session;
    size_t len; // 0: none
    uint64_t hash;
    char rule[SAID_RULE_MAX]; // of the finding; empty where it was another line
};

// All-zero is empty. The latest ones are kept, of whichever sessions.
struct said {
    struct said_cause causes[LIMIT_SAID];
    size_t next;
};

void said_add(struct said *said, uint64_t session, struct slice cause, const char *rule);

// The latest line of the session that named the cause that `sentence` is or ends with; NULL where
// none did. A sentence may begin with a capital where the cause did not, and the other way round.
const struct said_cause *said_find(const struct said *said, uint64_t session,
                                   struct slice sentence);

#endif
