// SPDX-License-Identifier: MIT
// transcript_reader: a recorded transcript, `json` or `jsonl`, read back into records, and into the
// events that the text output shows; for `check` and `show`:
//
//   data ─┬─ jsonl: events, by the record's own builder ─┐             ┌─▶ `check`
//         └─ json: sessions, by the table of fields ─────┴─▶ records ──┴─▶ events ─▶ text (`show`)
//
// A transcript that a crash cut off is read as far as it goes, if that is at least one event or one
// session; anything else that is not what it should be is an error that names the line (jsonl) or
// the offset in bytes (json).
//
// Limits: of a message that was cut only what was kept can be shown; `json` holds no `lost` and
// `paused`.
#ifndef SCOPE_TRANSCRIPT_TRANSCRIPT_READER_H
#define SCOPE_TRANSCRIPT_TRANSCRIPT_READER_H

#include "base/err.h"
#include "event/event.h"
#include "transcript/record.h"

struct reader;

const char *reader_library_version(void); // which cJSON reads: "1.7.15"; static

// `data` is the whole transcript; borrowed until the reader is freed. ERR_INPUT with what is wrong
// with it, to follow `cannot read FILE: `.
MUST_USE enum err reader_open(struct reader **out, struct failure *failure, struct slice data);
void reader_free(struct reader *reader); // NULL is fine

// The offset of what a crash left unfinished and the reader left out; SLICE_NONE if it is whole.
size_t reader_cut_off(const struct reader *reader);

// The next event, in the order in which the text output had them; NULL after the last. Valid until
// the next call. Message text comes as EVENT_TEXT and EVENT_CONTENT_END only.
const struct event *reader_next(struct reader *reader);

// Calls `take` with the record of each session, in the order in which they ended; sessions that
// never ended come last.
void reader_records(struct reader *reader, void (*take)(void *context, const struct record *record),
                    void *context);

#endif
