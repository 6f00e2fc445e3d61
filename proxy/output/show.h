// SPDX-License-Identifier: MIT
// show: a recorded transcript as the text output would have been, numbered anew.
#ifndef SCOPE_OUTPUT_SHOW_H
#define SCOPE_OUTPUT_SHOW_H

#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>

// Calls `write` with one or more whole lines at a time. ERR_INPUT with a sentence, and nothing
// written, where `data` is no transcript.
MUST_USE enum err show_text(struct failure *failure, struct slice data, bool color,
                            void (*write)(void *context, struct slice lines), void *context);

#endif
