// SPDX-License-Identifier: MIT
// certain: whether the proxy can be sure what a server makes of a client's line. Where something
// must not reach the server, a line that two servers may read in two ways ends the session.
#ifndef SCOPE_FAULT_CERTAIN_H
#define SCOPE_FAULT_CERTAIN_H

#include "plug/filter.h"

// NULL where it can; else why not, as a sentence about the line. `in_auth`: a line of an exchange
// of AUTH may come.
const char *certain_why_not(const struct filter_line *line, bool in_auth);

#endif
