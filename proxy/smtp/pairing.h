// SPDX-License-Identifier: MIT
// pairing: a whole reply finds the oldest thing that waits for one (RFC 2920 3.1), and changes what
// the dialogue knows: capabilities, the envelope, SASL exchanges, where message text begins.
#ifndef SCOPE_SMTP_PAIRING_H
#define SCOPE_SMTP_PAIRING_H

#include "smtp/state.h"

struct answer {
    bool by_proxy;
    bool incomplete; // its stream ended within it: it answers nothing for good
    bool plain;      // it came in the clear, ahead of the TLS that begins now
    int64_t at_ns;
};

// Tells the reply that `dialogue->server.reply` holds, and what follows from it.
void pairing_answer(struct dialogue *dialogue, const struct answer *answer);

#endif
