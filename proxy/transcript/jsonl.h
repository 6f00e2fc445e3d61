// SPDX-License-Identifier: MIT
// jsonl: one JSON object an event, for machines that follow along. The line goes to the writer
// without its first member: it puts `{"counter":N,` in front.
//
// What the text output shows between two events is told by a member of the second, for `show`:
// "notes": [[ms, …], …], so long before it. With "text" it is a `### …` line that no event of the
// contract's list stands for; with two numbers so many more lines of that message's text, none for
// its end. A message whose lines stood in front of its answer, at the same time, has no such notes.
#ifndef SCOPE_TRANSCRIPT_JSONL_H
#define SCOPE_TRANSCRIPT_JSONL_H

#include "base/buf.h"
#include "event/event.h"

// Appends the event's line, from behind its counter to its '\n'; nothing for an event that jsonl
// does not have. `message` is the object of an EVENT_MESSAGE; `notes` finished JSON, null for none.
void jsonl_put_event(struct buf *out, const struct event *event, struct slice message,
                     struct slice notes);

#endif
