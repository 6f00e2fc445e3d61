// SPDX-License-Identifier: MIT
// output_files: the files of one output, its counter and its troubles. All of it is the writer
// thread's but the backlog and the atomic counts, which other threads read.
//
//   path ── at ──▶ file, opened ── bytes gather in its `out` ── flush ──▶ disk, pipe, terminal
//
// Which file a chunk goes into, and how, is chunk_take's; in which order they come, and when what
// failed is tried again, is output_queue's. Those two call what is here, no other file does.
#ifndef SCOPE_SPOOL_OUTPUT_FILES_H
#define SCOPE_SPOOL_OUTPUT_FILES_H

#include "base/limits.h"
#include "spool/backlog.h"
#include "spool/destination.h"
#include "spool/file_table.h"
#include "spool/terminal.h"

struct output_files {
    const struct destination *to;
    const struct spool_options *options;
    struct backlog backlog;
    struct file_table table;
    struct terminal terminal;  // where "-" of text is one
    struct file *blocked;      // whose reader takes no more now; NULL for none
    size_t line_offset;        // bytes of the chunk being taken that are done
    uint64_t counter;          // of the last line
    _Atomic uint64_t lines;    // written, or documents, messages, packets
    _Atomic uint64_t bytes;    // that reached their place
    char reason[FAILURE_MAX];  // the cause of the last trouble, for the line that reports the loss
    struct failure last_words; // the sentence of the attempt that is going on
    int64_t now_ns;            // of the run that is going on
};

// Opens what can be opened from the start.
MUST_USE enum err output_files_open(struct failure *failure, struct output_files *files,
                                    const struct destination *to,
                                    const struct spool_options *options);
void output_files_cleanup(struct output_files *files);

// The file of this path, open or not, as the most recently used; it is made known where it is new.
struct file *output_files_at(struct output_files *files, const char *path);
// Opens it, and the folders that lead to it. The errors of file_open.
MUST_USE enum err output_files_open_one(struct output_files *files, struct file *file);
// PROGRESS_WAIT: its reader takes no more now, and it is `blocked`. PROGRESS_FAILED: `last_words`.
MUST_USE enum progress output_files_flush(struct output_files *files, struct file *file);
// The same for all, until one of them does not get on.
MUST_USE enum progress output_files_flush_all(struct output_files *files);
// Closes the least recently used file where too many are open.
MUST_USE enum progress output_files_make_room(struct output_files *files);
// At the end: the documents of streams, which could not be written before they were whole.
MUST_USE enum progress output_files_copy_spools(struct output_files *files);
// Puts the status line below what was taken.
void output_files_settle_terminal(struct output_files *files, bool closing);
void output_files_reopen(struct output_files *files); // by name

void output_files_count(struct output_files *files, size_t len); // bytes that reached their place
// A sentence for a person, and its cause kept as the reason of what is lost.
void output_files_complain(struct output_files *files, const char *sentence);
// Loses these lines, and complains with the last words unless that was said. PROGRESS_DONE, for the
// chunk is done with.
enum progress output_files_give_up(struct output_files *files, uint64_t lines, bool said);

#endif
