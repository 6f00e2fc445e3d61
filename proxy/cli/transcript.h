// SPDX-License-Identifier: MIT
// transcript: the FILE of `show` and `check`, whole in memory.
#ifndef SCOPE_CLI_TRANSCRIPT_H
#define SCOPE_CLI_TRANSCRIPT_H

#include "base/buf.h"
#include "base/err.h"

// Reads `path`, or standard input for "-", to its end. ERR_INPUT with a sentence. `out` may be
// cleaned up whatever came out.
MUST_USE enum err transcript_read(struct buf *out, struct failure *failure, const char *path);

#endif
