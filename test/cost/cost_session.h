// SPDX-License-Identifier: MIT
// cost_session: one session in front of the decoder, the rules, the mask and all outputs, without a
// relay.
#ifndef TEST_COST_COST_SESSION_H
#define TEST_COST_COST_SESSION_H

#include "base/slice.h"
#include "event/session.h"

struct session;

// `piece`: how many bytes come at once.
struct session *session_new(size_t piece);
void session_say(struct session *session, enum side side, struct slice bytes);
// Closes it, finishes its outputs and takes their files away.
void session_free(struct session *session);

#endif
