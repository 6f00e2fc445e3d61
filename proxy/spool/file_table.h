// SPDX-License-Identifier: MIT
// file_table: the files of one output, one for each value of its placeholders, with a bound on how
// many of them are open at once. Belongs to the writer thread.
//
//   active   open, or with bytes that wait; at most LIMIT_FILES_OPEN, the least recently used first
//   idle     closed and flushed; known so that `json` and `pcap` go on with them instead of
//            replacing what this process wrote. Past LIMIT_FILES_KNOWN the oldest are forgotten.
#ifndef SCOPE_SPOOL_FILE_TABLE_H
#define SCOPE_SPOOL_FILE_TABLE_H

#include "spool/file.h"

// All-zero is an empty table.
struct file_table {
    struct file *by_path;
    struct file *active;
    struct file *idle;
    size_t active_count;
    size_t idle_count;
};

struct file *file_table_find(struct file_table *table, const char *path); // NULL if not there
struct file *file_table_add(struct file_table *table, const struct framing *framing,
                            const char *path);
// Moves it to the active ones, as the most recently used.
void file_table_touch(struct file_table *table, struct file *file);
// The least recently used active file where there are too many of them, else NULL. The caller
// flushes it and retires it.
struct file *file_table_surplus(const struct file_table *table);
// Closes a flushed file and makes it idle.
void file_table_retire(struct file_table *table, struct file *file);
void file_table_remove(struct file_table *table, struct file *file); // and frees it
void file_table_cleanup(struct file_table *table);

#endif
