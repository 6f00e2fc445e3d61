// SPDX-License-Identifier: MIT
// reply_match: a whole reply finds the oldest thing that waits for one (RFC 2920 3.1), and changes
// what the dialogue knows: capabilities, the envelope, SASL exchanges, where message text begins.
#ifndef SCOPE_SMTP_REPLY_MATCH_H
#define SCOPE_SMTP_REPLY_MATCH_H

#include "smtp/dialogue_state.h"

struct answer {
    bool by_proxy;
    bool incomplete; // its stream ended within it: it answers nothing for good
    bool plain;      // it came in the clear, before the TLS that begins now
    int64_t at_ns;
};

// Emits the reply that `dialogue->server.reply` holds, and what follows from it.
void reply_match_answer(struct dialogue *dialogue, const struct answer *answer);

#endif
