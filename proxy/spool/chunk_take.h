// SPDX-License-Identifier: MIT
// chunk_take: one chunk put into the file it belongs to, each kind in its way:
//
//   lines                  each after its counter; the file is rotated before it passes --rotate
//   lost                   a line that says how many are missing, where the format has one
//   document               a session of `json`, by one write, so that the file is valid at any time
//   append                 packets, as they are
//   file open, data, end   a message of `eml`: NAME.partial, until it is whole and gets its name
//
// Bytes may wait in the file when it returns: output_files_flush writes them.
#ifndef SCOPE_SPOOL_CHUNK_TAKE_H
#define SCOPE_SPOOL_CHUNK_TAKE_H

#include "spool/chunk.h"
#include "spool/output_files.h"

// PROGRESS_DONE: taken, or lost and counted. Otherwise the same chunk is to be given again, and
// goes on at `line_offset`.
MUST_USE enum progress chunk_take(struct output_files *files, struct chunk *chunk);

#endif
