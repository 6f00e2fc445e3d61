// SPDX-License-Identifier: MIT
// show: a recorded transcript as the text output would have been, numbered anew.
#ifndef SCOPE_FORMAT_SHOW_H
#define SCOPE_FORMAT_SHOW_H

#include "transcript/reader.h"

#include <stdbool.h>

// Tells all of a reader that was just opened; calls `write` with one or more whole lines at a time.
void show_text(struct reader *reader, bool color, void (*write)(void *context, struct slice lines),
               void *context);

#endif
