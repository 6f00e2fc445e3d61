// SPDX-License-Identifier: MIT
// held_findings: findings that wait until it is known that both sides speak SMTP. A session of
// which one does not has one verdict, and no finding of the rules for SMTP, which would only repeat
// it.
#ifndef SCOPE_INSPECT_HELD_FINDINGS_H
#define SCOPE_INSPECT_HELD_FINDINGS_H

#include "inspect/analysis.h"

struct held_finding {
    enum rule rule;
    enum severity severity;
    struct place place;
    char *text;
};

// Before the event is delivered: what it shows of the two sides.
void held_learn(struct analysis *analysis, const struct event *event);
// Says what waits, if it need not any longer.
void held_findings_release(struct analysis *analysis);
// True where the finding waits, or is not to be said at all.
bool held_take(struct analysis *analysis, enum rule rule, enum severity severity,
               struct place place, const char *text);
// What waits of the client's was no fault of its own.
void held_drop_client(struct analysis *analysis);
void held_free(struct analysis *analysis);

#endif
