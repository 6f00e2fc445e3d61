// SPDX-License-Identifier: MIT
// wait: evaluates expectations over what was recorded until they hold, for `GET /api/v1/wait` and
// `ctl wait`. A session that has ended is evaluated once, one that is open at each look.
#ifndef SCOPE_WEB_WAIT_H
#define SCOPE_WEB_WAIT_H

#include "base/buf.h"
#include "base/err.h"
#include "web/store.h"

struct wait_for;

// The expectations are copied. ERR_USAGE with a sentence where one is no expression.
MUST_USE enum err wait_new(struct wait_for **out, struct failure *failure, struct store *store,
                           const char *const *expectations, size_t count);
void wait_free(struct wait_for *wait); // NULL is fine

// Whether all hold by now. Costs nothing where nothing has changed since the last look. Once they
// hold the wait is over: what comes later is not looked at.
bool wait_look(struct wait_for *wait);
// The last look, after which the wait is over.
bool wait_conclude(struct wait_for *wait);

// How long it may last, from now on. Times are those of clock_monotonic_ms.
void wait_set_time(struct wait_for *wait, uint64_t now_ms, uint64_t wait_ms);
// Whether its time is over, to be asked after wait_look. A loop that comes to it late, by more than
// WEB_LATE_MS, was perhaps stopped, and so were those that have yet to read what came in time: the
// wait then lasts, once, as much longer as the loop was late, at most WEB_LATE_MAX_MS.
bool wait_is_due(struct wait_for *wait, uint64_t now_ms);
uint64_t wait_due_ms(const struct wait_for *wait);

// The verdict of a wait that is over, as `check --report json` has it.
void wait_put_verdict(struct buf *out, struct wait_for *wait);
// The same as the report for a person.
void wait_put_report(struct buf *out, struct wait_for *wait);

#endif
