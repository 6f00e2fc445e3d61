// SPDX-License-Identifier: MIT
// jsonl: one JSON object an event, for machines that follow along. The line goes to the writer
// without its first member: it puts `{"counter":N,` in front.
#ifndef SCOPE_TRANSCRIPT_JSONL_H
#define SCOPE_TRANSCRIPT_JSONL_H

#include "base/buf.h"
#include "event/event.h"
#include "transcript/record.h"

// Appends the event's line, from behind its counter to its '\n'; nothing for an event that jsonl
// does not have. `message` is the record of an EVENT_MESSAGE, else NULL.
void jsonl_put_event(struct buf *out, const struct event *event,
                     const struct record_message *message);

#endif
