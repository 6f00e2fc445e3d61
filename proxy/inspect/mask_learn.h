// SPDX-License-Identifier: MIT
// mask_learn: what of a client's line is a secret that must not be shown again: the whole SASL
// line, what it decodes to, and the password, token or proof in it; in BURL and XCLIENT the marked
// value. The identity (authcid, authzid, user=) is not one. What is not recognised is taken for a
// secret.
#ifndef SCOPE_INSPECT_MASK_LEARN_H
#define SCOPE_INSPECT_MASK_LEARN_H

#include "base/limits.h"
#include "event/event.h"
#include "event/sasl.h"
#include "inspect/sasl_secrets.h"

// How far a session's SASL exchange has come. Zeroed is "no AUTH seen".
struct sasl_progress {
    enum sasl_layout layout;
    size_t lines;         // SASL lines of this exchange so far
    enum sasl_asks asked; // by the server's last challenge
    // The line that said no more than who logs in, which may come again; empty where it was longer.
    uint8_t name_line[LIMIT_SASL_NAME_LINE];
    size_t name_line_len;
};

// Learns from one command event whatever its marked spans hold.
void mask_learn_command(struct secret_set *secrets_known, struct sasl_progress *progress,
                        const struct event_command *command);
// Notes what a challenge asks for.
void mask_learn_reply(struct sasl_progress *progress, const struct event_reply *reply);

// A run of marked bytes that no command event has, or only the beginning of: as a SASL line, and
// as values of BURL and XCLIENT.
void mask_learn_run(struct secret_set *secrets_known, struct sasl_progress *progress,
                    struct slice run, bool open);

#endif
