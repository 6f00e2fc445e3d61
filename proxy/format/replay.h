// SPDX-License-Identifier: MIT
// replay: a recorded session as the lines of jsonl that it would have made while it went on.
#ifndef SCOPE_FORMAT_REPLAY_H
#define SCOPE_FORMAT_REPLAY_H

#include "base/err.h"
#include "transcript/record.h"

#include <stdint.h>

// Appends the session's lines, each with its counter, the first after `*counter`. ERR_INPUT where
// it is too large to be read again. Records hold no `data` events.
MUST_USE enum err replay_jsonl(struct buf *out, struct failure *failure,
                               const struct record *session, uint64_t *counter);

#endif
