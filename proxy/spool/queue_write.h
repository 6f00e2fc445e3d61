// SPDX-License-Identifier: MIT
// queue_write: what becomes of each kind of chunk on its way into a file; and what it needs of its
// queue.
#ifndef SCOPE_SPOOL_QUEUE_WRITE_H
#define SCOPE_SPOOL_QUEUE_WRITE_H

#include "spool/output_queue.h"

// Puts the chunk into its file's buffer, or its file. Anything but PROGRESS_DONE: the chunk is to
// be taken again, from where it got to.
enum progress take_piece(struct output_queue *queue, struct chunk *chunk);

// ── of queue.c ───────────────────────────────────────────────────────────────────────────────────

enum progress output_queue_flush(struct output_queue *queue, struct file *file);
struct file *output_queue_file(struct output_queue *queue,
                               const char *path); // found or made, not opened
enum err output_queue_open_file(struct output_queue *queue, struct file *file);
void output_queue_wrote(struct output_queue *queue, size_t len);
void output_queue_complain(struct output_queue *queue, const char *sentence);
// Counts what cannot be written now or later, because what is there is not ours or is gone.
enum progress output_queue_give_up(struct output_queue *queue, uint64_t lines, bool said);

#endif
