// SPDX-License-Identifier: MIT
// lines: bytes cut into lines at LF. What a line means, and what is odd about it, others know.
#ifndef SCOPE_BASE_LINES_H
#define SCOPE_BASE_LINES_H

#include "base/slice.h"

// Cuts the first line off `*rest`, its LF included; all of it where there is no LF.
struct slice lines_next(struct slice *rest);
// Whether the line has come to its end.
bool lines_ended(struct slice line);
// The line without its end, CRLF or LF.
struct slice lines_text(struct slice line);
// Without the CR at its end, where there is one, and without all that are there.
struct slice lines_without_cr(struct slice text);
struct slice lines_without_crs(struct slice text);

#endif
