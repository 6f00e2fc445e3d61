// SPDX-License-Identifier: MIT
// record_build: what record.c and record_exchange.c share while they build a record of its events.
#ifndef SCOPE_TRANSCRIPT_RECORD_BUILD_H
#define SCOPE_TRANSCRIPT_RECORD_BUILD_H

#include "transcript/fields.h"
#include "transcript/record.h"

// Room that one more part may need beyond the bytes counted for it.
#define RECORD_SLACK ((size_t)512)

// Whether an object of this table may still be kept; says `truncated` where not.
bool record_has_room(struct record *record, const struct field_table *table, const void *object);
// A copy of the object, with all that it points at, in the record's arena.
void *record_keep(struct record *record, const struct field_table *table, const void *object);
void record_add_moment(struct record *record, struct record_moment moment);

void record_take_command(struct record *record, const struct event *event);
void record_take_reply(struct record *record, const struct event *event);

#endif
