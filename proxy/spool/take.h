// SPDX-License-Identifier: MIT
// take: what becomes of each kind of piece on its way into a file; and what it needs of its lane.
#ifndef SCOPE_SPOOL_TAKE_H
#define SCOPE_SPOOL_TAKE_H

#include "spool/lane.h"

// Puts the piece into its file's buffer, or its file. Anything but PROGRESS_DONE: the piece is to
// be taken again, from where it got to.
enum progress take_piece(struct lane *lane, struct piece *piece);

// ── of lane.c ───────────────────────────────────────────────────────────────────────────────────

enum progress lane_flush(struct lane *lane, struct file *file);
struct file *lane_file(struct lane *lane, const char *path); // found or made, not opened
enum err lane_open_file(struct lane *lane, struct file *file);
void lane_wrote(struct lane *lane, size_t len);
void lane_complain(struct lane *lane, const char *sentence);
// Counts what cannot be written now or later, because what is there is not ours or is gone.
enum progress lane_give_up(struct lane *lane, uint64_t lines, bool said);

#endif
