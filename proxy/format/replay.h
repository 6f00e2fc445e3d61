// SPDX-License-Identifier: MIT
// replay: recorded sessions as the lines of jsonl that they would have made while they went on.
#ifndef SCOPE_FORMAT_REPLAY_H
#define SCOPE_FORMAT_REPLAY_H

#include "base/buf.h"
#include "base/err.h"

// Appends the lines of a json document's sessions, each with its counter, from 1 on: the format's
// `put_document`. ERR_INPUT where a session is too large to be read again. Records hold no `data`
// events.
MUST_USE enum err replay_document(struct buf *out, struct failure *failure, struct slice document);

#endif
