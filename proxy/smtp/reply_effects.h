// SPDX-License-Identifier: MIT
// reply_effects: what a reply changes, by the command that it answers.
#ifndef SCOPE_SMTP_REPLY_EFFECTS_H
#define SCOPE_SMTP_REPLY_EFFECTS_H

#include "smtp/dialogue_state.h"

// What was learnt of a reply when it had found its command.
struct reply_effects_cause {
    struct pending_reply item; // its path is taken
    int code;
    bool by_proxy;
    struct slice challenge; // the text of the first line
    int64_t at_ns;
};

// Before the reply is emitted: a message in chunks that the command gives up, now that the server
// took it. Where it was refused the message goes on.
void reply_effects_end_chunks(struct dialogue *dialogue, const struct reply_effects_cause *cause);
// Before the reply is emitted: text that came before the 354.
void reply_effects_release_early(struct dialogue *dialogue,
                                 const struct reply_effects_cause *cause);
// Before the reply is emitted: capabilities. Returns the set that the reply offers, which the
// caller drops, or NULL.
struct caps *reply_effects_learn_caps(struct dialogue *dialogue, const struct event_reply *reply,
                                      const struct pending_reply *item);
// A 334 with an error in it (XOAUTH2): emitted decoded, after the reply.
void reply_effects_emit_challenge(struct dialogue *dialogue,
                                  const struct reply_effects_cause *cause);
// Whether the client has shown by it that it speaks SMTP: a command of its own was accepted.
bool reply_effects_prove_client(const struct reply_effects_cause *cause);
// After such a reply: what its first lines looked like does not matter any longer.
void reply_effects_trust_client(struct dialogue *dialogue);
// After the reply: everything else.
void reply_effects_apply(struct dialogue *dialogue, struct reply_effects_cause *cause);

#endif
