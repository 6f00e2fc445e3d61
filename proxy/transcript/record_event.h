// SPDX-License-Identifier: MIT
// record_event: events as a record has them, and back.
#ifndef SCOPE_TRANSCRIPT_RECORD_EVENT_H
#define SCOPE_TRANSCRIPT_RECORD_EVENT_H

#include "transcript/record.h"

// Nanoseconds from the accept to `at_ns`, as the difference of two wall-clock times cut to
// microseconds: so that started + at is the very time that `jsonl` and `text` show.
int64_t record_at_ns(const struct event_session *session, int64_t at_ns);
// Whether `text`, which shows milliseconds, shows the same time for both.
bool record_same_ms(const struct event_session *session, int64_t a_ns, int64_t b_ns);

// What is made borrows the event's slices; what must be made for it is in the arena.
struct record_command record_command_of(struct arena *arena, const struct event *event);
struct record_reply record_reply_of(struct arena *arena, const struct event *event);

// Back: the parts of an event that a record has.
void event_of_command(struct event_command *out, const struct record_command *command);
void event_of_reply(struct event_reply *out, struct arena *arena, const struct record_reply *reply);
void event_of_message(struct event_message *out, const struct record_message *message);
// The reply that a moment of the exchange is of.
const struct record_reply *record_moment_reply(const struct record_exchange *exchange,
                                               const struct record_moment *moment);
// A moment as an entry of a timeline; `record` is NULL for lines of a message and notes.
struct json_writer;
void record_write_moment(struct json_writer *json, const struct record *record,
                         const struct record_moment *moment);
// When the moment was; -1 where the record does not say.
int64_t record_moment_at(const struct record *record, const struct record_moment *moment);

#endif
