// SPDX-License-Identifier: MIT
// feed: the latest events of all sessions as lines of jsonl, numbered in one sequence, for readers
// that follow along. Sessions add at one end; past a cap the oldest go, read or not. A
// reader is nothing but the number of the last line it has seen:
//
//   gone … 1041 │ 1042 1043 … 1187 │ ◀── feed_add
//               └ first            └ last
//
//   feed_read from 1100:  1101 …                    from 900:  lost {count: 141}, 1042 …
#ifndef SCOPE_WEB_FEED_H
#define SCOPE_WEB_FEED_H

#include "base/buf.h"
#include "event/event.h"

struct feed;

struct feed *feed_new(size_t max); // bytes
void feed_free(struct feed *feed); // NULL is fine

// Whole lines without their counters, as format/jsonl leaves them in its outlet; any thread.
void feed_add(struct feed *feed, struct slice lines);
// The line of an event of session 0.
void feed_add_notice(struct feed *feed, const struct event *event);
// All that is kept goes, which is a `lost` of its own for those that follow.
void feed_clear(struct feed *feed);

uint64_t feed_last(struct feed *feed);          // the counter of the last line; 0 before the first
uint64_t feed_before_oldest(struct feed *feed); // … of the line before the oldest that is kept

// Appends the lines after `*inout_counter` as events of a stream (text/event-stream), whole ones
// until there are `max` bytes or more, and moves it on. False where there is nothing new.
bool feed_read(struct buf *out, struct feed *feed, uint64_t *inout_counter, size_t max);

#endif
