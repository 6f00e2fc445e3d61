// SPDX-License-Identifier: MIT
// writer: the one thread that writes all outputs. Sessions submit batches under a lock that is held
// for a pointer's time; the thread takes all that waits, deals it to the queues, and lets each
// write as much as it can. It sleeps on a timer that the first line sets to a few milliseconds: so
// it wakes once for many lines, which become one write, and no output waits for another.
#ifndef SCOPE_SPOOL_WRITER_H
#define SCOPE_SPOOL_WRITER_H

#include "spool/output_queue.h"

struct writer;

// The queues are the writer's from here to writer_free; `count` of them. ERR_SYSTEM with a
// sentence.
MUST_USE enum err writer_new(struct writer **out, struct failure *failure,
                             struct output_queue *queues, size_t count);
// Starts the thread; what was submitted before waits for it. ERR_SYSTEM with a sentence.
MUST_USE enum err writer_start(struct writer *writer, struct failure *failure);
// Takes the batch; any thread, never waits.
void writer_submit(struct writer *writer, struct write_batch *batch);
void writer_reopen(struct writer *writer); // any thread
// The text of the status line on a terminal from now on; any thread.
void writer_set_status_line(struct writer *writer, const char *text);
// Writes what waits, gives up on what makes no progress for two seconds, and ends the thread. False
// where a disk hangs so hard that the thread could not be ended: then nothing may be freed.
bool writer_stop(struct writer *writer);
void writer_free(struct writer *writer); // after writer_stop, or never started; NULL is fine

#endif
