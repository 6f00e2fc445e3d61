// SPDX-License-Identifier: MIT
// effect: what a reply changes, by the command that it answers.
#ifndef SCOPE_SMTP_EFFECT_H
#define SCOPE_SMTP_EFFECT_H

#include "smtp/state.h"

// What was learnt of a reply when it had found its command.
struct effect_cause {
    struct waiting item; // its path is taken
    int code;
    bool by_proxy;
    struct slice challenge; // the text of the first line
    int64_t at_ns;
};

// Before the reply is told: a message in chunks that the command gives up, now that the server took
// it. Where it was refused the message goes on.
void effect_end_chunks(struct dialogue *dialogue, const struct effect_cause *cause);
// Before the reply is told: capabilities. Returns the set that the reply offers, which the caller
// drops, or NULL.
struct caps *effect_learn_caps(struct dialogue *dialogue, const struct event_reply *reply,
                               const struct waiting *item);
// A 334 with an error in it (XOAUTH2): told decoded, behind the reply.
void effect_tell_challenge(struct dialogue *dialogue, const struct effect_cause *cause);
// Behind the reply: everything else.
void effect_apply(struct dialogue *dialogue, struct effect_cause *cause);

#endif
