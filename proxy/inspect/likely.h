// SPDX-License-Identifier: MIT
// likely: the most probable cause of what went wrong in a session, as one sentence that joins a
// refusal, the finding that explains it, and the end. It is asked once, at the close, and has
// nothing to say where nothing failed.
//
//   refusals ─▶ the one that the others follow from ─┐
//   findings ─▶ the latest of each rule that may     ├─▶ "The message was refused with 552 and the
//               explain a failure                    │    client left, because line 1 of it has …"
//   the close ───────────────────────────────────────┘
//
// A finding is joined to a refusal only by what binds the two: the same command or message and a
// code of that kind, or the server's own words.
#ifndef SCOPE_INSPECT_LIKELY_H
#define SCOPE_INSPECT_LIKELY_H

#include "inspect/analysis.h"

void likely_free(struct analysis *analysis);

// The latest finding of a rule that matters here; its text is NULL where there is none.
const struct likely_note *likely_note_of(const struct likely *likely, enum rule rule);

void likely_take_finding(struct analysis *analysis, enum rule rule, struct place place,
                         const char *text);
// The finding that was said holds for this place too.
void likely_move_finding(struct analysis *analysis, enum rule rule, struct place place);
// `said` is what the server said, its lines joined; `words` may be NULL.
void likely_take_refusal(struct analysis *analysis, const struct refusal *refusal,
                         struct place place, const struct reply_words *words);
// What was refused at first and then accepted did not fail. Call it with every event.
void likely_learn(struct analysis *analysis, const struct event *event);
// At the close, after all rules.
void likely_conclude(struct analysis *analysis, const struct event_close *close);
// Nothing that was said of SMTP counts: the session is none.
void likely_forget(struct analysis *analysis);

#endif
