// SPDX-License-Identifier: MIT
// transcript: the FILE of `show`, `check` and `view`, whole in memory, and what reads it.
//
//   transcript_load ── (no file is opened from here on) ── transcript_read
#ifndef SCOPE_CLI_TRANSCRIPT_H
#define SCOPE_CLI_TRANSCRIPT_H

#include "base/buf.h"
#include "base/err.h"
#include "transcript/transcript_reader.h"

struct transcript {
    struct buf text;
    struct reader *reader;
};

// Takes the bytes of `path`, or of standard input for "-", to their end. ERR_INPUT with a sentence
// that names it. `out` may be closed whatever came out.
MUST_USE enum err transcript_load(struct transcript *out, struct failure *failure,
                                  const char *path);
// Makes the reader of what was loaded from `path`. ERR_INPUT with a sentence. One that a crash cut
// off is opened, and that it is incomplete is said on standard error.
MUST_USE enum err transcript_read(struct transcript *out, struct failure *failure,
                                  const char *path);
// Both at once.
MUST_USE enum err transcript_open(struct transcript *out, struct failure *failure,
                                  const char *path);
void transcript_close(struct transcript *transcript);

#endif
