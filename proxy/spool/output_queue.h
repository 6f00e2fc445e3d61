// SPDX-License-Identifier: MIT
// output_queue: one output in the writer thread: its chunks in their order, its counter, its files,
// and its troubles, which are its own: whatever happens here, the other outputs go on.
//
//   submit ── backlog (admits or loses) ──▶ chunks ── numbered ──▶ file ── flush ──▶ disk, pipe
//                                             ▲                      │
//                                             └── waits a second ────┘ failed: said once
//
// Only the backlog is shared with other threads, and the atomic counts.
#ifndef SCOPE_SPOOL_OUTPUT_QUEUE_H
#define SCOPE_SPOOL_OUTPUT_QUEUE_H

#include "base/limits.h"
#include "spool/backlog.h"
#include "spool/chunk.h"
#include "spool/destination.h"
#include "spool/file_table.h"
#include "spool/terminal.h"

struct queued_chunk; // a chunk in the row

struct output_queue {
    const struct destination *to;
    const struct spool_options *options;
    struct backlog backlog;
    struct queued_chunk *first;
    struct queued_chunk *last;
    size_t line_offset; // bytes of the first chunk that are done
    struct file_table files;
    struct terminal terminal;  // where "-" of text is one
    bool more;                 // the last run ended its turn, there is more to take
    uint64_t taken;            // chunks, in all
    struct file *blocked;      // whose reader takes no more now; NULL for none
    uint64_t counter;          // of the last line
    _Atomic uint64_t lines;    // written, or documents, messages, packets
    _Atomic uint64_t bytes;    // that reached their place
    bool said_losing;          // that its reader is too slow
    int64_t retry_ns;          // monotonic: not tried before
    char reason[FAILURE_MAX];  // the cause of the last trouble, for the line that reports the loss
    struct failure last_words; // the sentence of the attempt that is going on
    int64_t now_ns;            // of the run that is going on
};

// Opens what can be opened from the start. `dash_fd` is where "-" goes.
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
