// SPDX-License-Identifier: MIT
// certain: the gate for a client's lines where something must not reach the server. A line is
// passed on only once it is certain how a server reads it; a line that two servers may read in two
// ways ends the session.
#ifndef SCOPE_FAULT_CERTAIN_H
#define SCOPE_FAULT_CERTAIN_H

#include "plug/filter.h"

// All-zero at the start of a session.
struct certain {
    bool in_auth;       // a line of an exchange of AUTH may come
    bool stream_over;   // the client says no more: half a line is nothing
    const char *unsure; // what the server may read in two ways, as a sentence; NULL while it cannot
};

// FILTER_PASS for a whole line that a server reads as the proxy does; FILTER_TAKE for one that goes
// nowhere: then certain_ends_session says whether it ends the session.
enum filter_verdict certain_judge(struct certain *certain, const struct filter_line *line);
// Ends the session where the line that is taken is why; `promise` begins the sentence that says so.
bool certain_ends_session(const struct certain *certain, const struct filter_port *port,
                          const char *promise, int64_t at_ns);

#endif
