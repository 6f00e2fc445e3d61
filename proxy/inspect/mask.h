// SPDX-License-Identifier: MIT
// mask: the only door to the outputs. Every event passes here, once, and leaves without a secret in
// it: marked spans become eight stars, and what was learnt as a secret (a SASL line, a password, a
// token) is looked for in all later text of the session outside message text, in every form it may
// take: as it is, base64 at each of its three alignments, percent-encoded, quoted.
//
// It fails closed: where it cannot tell, it conceals.
#ifndef SCOPE_INSPECT_MASK_H
#define SCOPE_INSPECT_MASK_H

#include "event/event.h"

enum auth_view { AUTH_VIEW_MASK, AUTH_VIEW_IDENTITY, AUTH_VIEW_REVEAL }; // --auth

struct mask;

struct mask *mask_new(enum auth_view view, struct event_sink sink);
void mask_free(struct mask *mask); // wipes what was learnt

// Passes the event on to the sink with its secrets replaced. What is handed on is borrowed, as
// ever.
void mask_take(struct mask *mask, const struct event *event);

// Learns from a line of the client that will come as an event later, after what the server may
// repeat of it.
void mask_look_ahead(struct mask *mask, const struct event_command *command);

struct secret_set;

// What was learnt so far, for texts that do not come as events: borrowed, valid as long as the
// mask.
const struct secret_set *mask_secrets(const struct mask *mask);

#define MASK_STARS "********"

#endif
