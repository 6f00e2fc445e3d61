// SPDX-License-Identifier: MIT
// output_queue: one output in the writer thread: its chunks in their order, a turn for each output,
// and when what failed is tried again. Whatever happens here, the other outputs go on.
//
//   submit ── backlog (admits or loses) ──▶ chunks ── chunk_take ──▶ output_files ──▶ disk, pipe
//                                             ▲                          │
//                                             └───── waits a second ─────┘ failed: said once
#ifndef SCOPE_SPOOL_OUTPUT_QUEUE_H
#define SCOPE_SPOOL_OUTPUT_QUEUE_H

#include "spool/chunk.h"
#include "spool/output_files.h"

struct queued_chunk; // a chunk in the row

struct output_queue {
    struct output_files files;
    struct queued_chunk *first;
    struct queued_chunk *last;
    bool more;        // the last run ended its turn, there is more to take
    uint64_t taken;   // chunks, in all
    bool said_losing; // that its reader is too slow
    int64_t retry_ns; // monotonic: not tried before
};

// Opens what can be opened from the start.
MUST_USE enum err output_queue_open(struct failure *failure, struct output_queue *queue,
                                    const struct destination *to,
                                    const struct spool_options *options);
void output_queue_cleanup(struct output_queue *queue);

void output_queue_push(struct output_queue *queue, struct chunk chunk); // takes the chunk
// Writes as much as can be written now, for one turn: `more` says that the next one is due.
// `closing`: nothing will follow, so documents of streams are copied, and a failing output is tried
// at once.
enum progress output_queue_run(struct output_queue *queue, int64_t now_ns, bool closing);
// What a reader has not taken to the end is lost, which is said.
void output_queue_give_up_rest(struct output_queue *queue);
// Opens the files again by name.
void output_queue_reopen(struct output_queue *queue);

#endif
