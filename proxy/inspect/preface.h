// SPDX-License-Identifier: MIT
// preface: the header of the PROXY protocol, which a load balancer sends in front of what its
// client says. A server that is not set to expect one reads commands in it; that is one fault, not
// one for each of its lines.
//
//   version 1:  PROXY TCP4 192.0.2.7 198.51.100.3 42273 25 CRLF
//   version 2:  CRLF CRLF NUL CRLF QUIT LF, then 4 bytes and addresses, which no line end follows
#ifndef SCOPE_INSPECT_PREFACE_H
#define SCOPE_INSPECT_PREFACE_H

#include "inspect/analysis.h"

// With each event, before it is judged; what is said of a line that may be of one waits (held.h).
void preface_learn(struct analysis *analysis, const struct event *event);
// The lines so far are the beginning of one.
bool preface_may_be(const struct preface *preface);
// The command is of one: nothing is judged in it.
bool preface_holds(const struct analysis *analysis, const struct event_command *command);

#endif
