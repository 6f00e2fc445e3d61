// SPDX-License-Identifier: MIT
// fault_filter: what `--fault` does to the lines of one session, after the rules (fault/faults.h).
// The decoder sees what both peers really said; what the fault adds is recorded as the proxy's own,
// after an EVENT_FAULT that says so.
//
//   a command ─ decide ─┬─ none ────────────────▶ server
//                       ├─ answer: kept here; the answer goes out when it is its turn
//                       └─ else ────────────────▶ server; its reply is the one to act on
//   message text ─ counted, its Subject read; decided at its last byte
//   a reply ─ of a command or message that a rule waits for ─▶ replaced, held, cut, lost, edited
#ifndef SCOPE_FAULT_FAULT_FILTER_H
#define SCOPE_FAULT_FAULT_FILTER_H

#include "fault/faults.h"
#include "plug/filter.h"

// `session` outlives it; the port is copied.
struct filter fault_filter_new(struct fault_session *session, struct filter_port port);

#endif
