// SPDX-License-Identifier: MIT
// show: a recorded transcript as the text output would have been, with new numbers.
#ifndef SCOPE_FORMAT_SHOW_H
#define SCOPE_FORMAT_SHOW_H

#include "spool/terminal.h"
#include "transcript/transcript_reader.h"

#include <stdbool.h>

struct show_options {
    struct terminal *terminal; // where the lines go; all-zero for elsewhere
    bool color;
    bool quiet;             // --quiet
    struct event_sink also; // gets every event too; `take` may be NULL
};

// Shows all of a reader that was just opened; calls `write` with one or more whole lines at a time.
void show_text(struct reader *reader, const struct show_options *options,
               void (*write)(void *context, struct slice lines), void *context);

// The same of a json document, appended to `out` for a file: the format's `put_document`.
MUST_USE enum err show_document(struct buf *out, struct failure *failure, struct slice document);

#endif
