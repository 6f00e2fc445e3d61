// SPDX-License-Identifier: MIT
#include "format/said.h"

#include <stdio.h>

// FNV-1a of all but the first letter.
static uint64_t hash_of(struct slice cause) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 1; i < cause.len; i++) {
        hash = (hash ^ cause.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void said_add(struct said *said, uint64_t session, struct slice cause, const char *rule) {
    if (cause.len == 0) {
        return;
    }
    struct said_cause *place = &said->causes[said->next];
    said->next = (said->next + 1) % LIMIT_SAID;
    *place = (struct said_cause){.session = session, .len = cause.len, .hash = hash_of(cause)};
    snprintf(place->rule, sizeof(place->rule), "%s", rule);
}

static bool ends_with(struct slice sentence, const struct said_cause *cause) {
    return cause->len > 0 && sentence.len >= cause->len &&
           hash_of(slice_from(sentence, sentence.len - cause->len)) == cause->hash;
}

const struct said_cause *said_find(const struct said *said, uint64_t session,
                                   struct slice sentence) {
    for (size_t i = 1; i <= LIMIT_SAID; i++) {
        const struct said_cause *cause = &said->causes[(said->next + LIMIT_SAID - i) % LIMIT_SAID];
        if (cause->session == session && ends_with(sentence, cause)) {
            return cause;
        }
    }
    return NULL;
}
