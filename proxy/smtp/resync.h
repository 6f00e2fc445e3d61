// SPDX-License-Identifier: MIT
// resync: replies come in the order of the commands (RFC 2920 3.1), but a server may leave a line
// without one: a PROXY header or an HTTP CONNECT before its greeting, a command that it lost.
// Then every later reply would be taken for the answer to the command before its own. This finds
// the place again where the code of a reply shows it.
//
//      PROXY …   EHLO   AUTH          334
//        └── no answer ──┴── answered ──┘
#ifndef SCOPE_SMTP_RESYNC_H
#define SCOPE_SMTP_RESYNC_H

#include "smtp/dialogue_state.h"

// How many of the first in the queue a reply with this code shows to have got no answer.
size_t resync_count(const struct queue *queue, int code);
// Takes what got no answer off the front of the queue, so that a reply with this code finds its
// command there. Once that happened, no line after AUTH is shown that may be a response.
void resync_to(struct dialogue *dialogue, int code, int64_t at_ns);

#endif
