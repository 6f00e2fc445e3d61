// SPDX-License-Identifier: MIT
// field_read_parts: from JSON to values, for what reads more than the tables say.
#ifndef SCOPE_TRANSCRIPT_FIELD_READ_PARTS_H
#define SCOPE_TRANSCRIPT_FIELD_READ_PARTS_H

#include "transcript/field_parts.h"

#include <cjson/cJSON.h>

const cJSON *json_get(const cJSON *object, const char *key); // NULL where absent or null
const char *json_get_string(const cJSON *object, const char *key);
uint64_t json_number(const cJSON *number); // 0 where it is none
int64_t json_ms_read(const cJSON *ms);     // in nanoseconds, of a few years at most; else -1
// A time from 1970 to 2199, to the microsecond, so that sums of times stay in range; false for
// anything else.
bool json_time(int64_t *out_unix_ns, const cJSON *time);
struct slice json_text_read(struct arena *arena, const cJSON *string); // null where it is none

// Fills the moments of a record whose other members were read; without a timeline they are the
// exchanges in their order, and all else after them.
void record_read_timeline(struct record *record, const cJSON *timeline);
// One entry of a timeline; false for what the record does not hold.
bool record_read_moment(struct record_moment *out, struct record *record, const cJSON *entry);

#endif
