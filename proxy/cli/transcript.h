// SPDX-License-Identifier: MIT
// transcript: the FILE of `show` and `check`, whole in memory, and what reads it.
#ifndef SCOPE_CLI_TRANSCRIPT_H
#define SCOPE_CLI_TRANSCRIPT_H

#include "base/buf.h"
#include "base/err.h"
#include "transcript/reader.h"

struct transcript {
    struct buf text;
    struct reader *reader;
};

// Reads `path`, or standard input for "-", to its end. ERR_INPUT with a sentence that names it. One
// that a crash cut off is opened, and that it is incomplete is said on standard error. `out` may be
// closed whatever came out.
MUST_USE enum err transcript_open(struct transcript *out, struct failure *failure,
                                  const char *path);
void transcript_close(struct transcript *transcript);

#endif
