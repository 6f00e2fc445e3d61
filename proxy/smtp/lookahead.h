// SPDX-License-Identifier: MIT
// lookahead: a first look at client lines that wait for a reply before it is known what they are.
// Their credentials are secret at once: the server may repeat them in that very reply.
//
// So are those of a line that will be shown cut.
//
// Message text is not looked at. Knows nothing of what becomes of the lines.
#ifndef SCOPE_SMTP_LOOKAHEAD_H
#define SCOPE_SMTP_LOOKAHEAD_H

#include "smtp/dialogue_state.h"

// Hands one line to the sink of dialogue_look_ahead, if there may be a secret in it, and says
// whether it did; `begun` is one whose end has not come.
bool lookahead_emit(struct dialogue *dialogue, enum client_line kind, struct slice line,
                    bool begun);
// The server speaks while a line of the client is under way: it may repeat what came of it.
void lookahead_look_at_begun(struct dialogue *dialogue);
// Credentials passed that were not read whole.
void lookahead_give_up(struct dialogue *dialogue);
// Hands lines that have come whole since the last look to the sink of dialogue_look_ahead.
void lookahead_look(struct dialogue *dialogue);
// The first `len` of the bytes that waited are read.
void lookahead_consume(struct client_stream *client, size_t len);

#endif
