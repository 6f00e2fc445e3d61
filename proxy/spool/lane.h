// SPDX-License-Identifier: MIT
// lane: one output in the writer thread: its pieces in their order, its counter, its files, and its
// troubles, which are its own: whatever happens here, the other outputs go on.
//
//   submit ── backlog (admits or loses) ──▶ pieces ── numbered ──▶ file ── flush ──▶ disk, pipe
//                                             ▲                      │
//                                             └── waits a second ────┘ failed: said once, tried
//                                             again
//
// Only the backlog is shared with other threads, and what lane_status tells.
#ifndef SCOPE_SPOOL_LANE_H
#define SCOPE_SPOOL_LANE_H

#include "spool/backlog.h"
#include "spool/destination.h"
#include "spool/file_table.h"
#include "spool/piece.h"
#include "spool/terminal.h"

struct waiting; // a piece in the row

struct lane {
    const struct destination *to;
    const struct spool_options *options;
    struct backlog backlog;
    struct waiting *first;
    struct waiting *last;
    size_t line_offset; // bytes of the first piece that are done
    struct file_table files;
    struct terminal terminal;  // where "-" of text is one
    bool more;                 // the last run ended its turn, there is more to take
    uint64_t taken;            // pieces, in all
    struct file *blocked;      // whose reader takes no more now; NULL for none
    uint64_t counter;          // of the last line
    _Atomic uint64_t lines;    // written, or documents, messages, packets
    _Atomic uint64_t bytes;    // that reached their place
    bool said_losing;          // that its reader is too slow
    int64_t retry_ns;          // monotonic: not tried before
    char reason[FAILURE_MAX];  // the cause of the last trouble, for the line that tells the loss
    struct failure last_words; // the sentence of the attempt that is going on
    int64_t now_ns;            // of the run that is going on
};

// Opens what can be opened from the start. `dash_fd` is where "-" goes.
MUST_USE enum err lane_open(struct failure *failure, struct lane *lane,
                            const struct destination *to, const struct spool_options *options);
void lane_cleanup(struct lane *lane);

size_t piece_cost(const struct piece *piece);    // bytes that it counts for in the backlog
uint64_t piece_lines(const struct piece *piece); // lines, documents, … that are lost with it

void lane_push(struct lane *lane, struct piece piece); // takes the piece
// Writes as much as can be written now, for one turn: `more` says that the next one is due.
// `closing`: nothing will follow, so documents of streams are copied, and a failing output is tried
// at once.
enum progress lane_run(struct lane *lane, int64_t now_ns, bool closing);
// What a reader has not taken to the end is lost, which is said.
void lane_give_up_rest(struct lane *lane);
// Opens the files again by name.
void lane_reopen(struct lane *lane);

#endif
