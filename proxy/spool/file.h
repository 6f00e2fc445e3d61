// SPDX-License-Identifier: MIT
// file: one file of an output, as the writer thread sees it: opened by the rules of its format, a
// buffer of finished bytes in front of it, and no half line left in it when the disk says no.
//
//   records ──▶ out ──── file_flush ────▶ target
//               │ written │ not yet │     what is written stays in `out` until all of it is: if the
//               └─────────┴─────────┘     rest fails, the file is cut back to its last whole record
//
// `text` and `jsonl` append to whatever is there. `json`, `pcap` and `pcapng` replace, but only a
// file that is empty or ours (contract, "Outputs"); what this process wrote it goes on with. `eml`
// makes each file new, as NAME.partial until file_finish gives it its name.
#ifndef SCOPE_SPOOL_FILE_H
#define SCOPE_SPOOL_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "spool/framing.h"
#include "spool/output_fd.h"

#include <sys/types.h>
#include <uthash.h>

struct file {
    const struct framing *framing;
    int standard_fd; // for "-"; -1 where it has a name
    char *path;      // its final name; owned
    struct output_fd target;
    struct buf out;
    size_t written; // bytes at the front of `out` that are in a regular file already
    uint64_t size;  // bytes in the file; of a stream: what went into it
    bool begun;     // this process wrote to it, so it is not replaced any more
    bool torn;      // a reader went away in the middle of a line
    dev_t device;   // which file it was when it was begun
    ino_t inode;
    uint64_t tail;              // json: where the next session goes
    bool has_sessions;          // json: there is one already
    struct output_fd spool;     // json on a stream: the document until it is whole
    uint64_t copied;            // … and how much of it went out
    uint64_t mail_len;          // eml: bytes taken
    bool broken;                // eml: bytes are missing, so it stays partial
    bool removed;               // eml: while it was written
    bool refused;               // not ours, and that was said
    uint64_t rotate_not_before; // the size at which a rotation that failed is tried again
    // What file_table keeps.
    bool active;
    struct file *prev;
    struct file *next;
    UT_hash_handle hh;
};

struct file *file_new(const struct framing *framing, const char *path);
void file_free(struct file *file); // closes; what was not flushed is gone

// Opens it if it is closed. ERR_INPUT: it holds something that is not ours, or is of the wrong
// kind. ERR_SYSTEM: the operating system's reason. A FIFO that has no reader yet is no error, it
// stays closed, which file_is_open shows.
MUST_USE enum err file_open(struct file *file, struct failure *failure);
bool file_is_open(const struct file *file);
// The same, and again by name where the file was deleted while it was open. A message that was
// deleted is broken.
MUST_USE enum err file_refresh(struct file *file, struct failure *failure);
// Closes the descriptor, to be opened again by name; bytes in `out` stay.
void file_close(struct file *file);

// Writes what is in `out`. PROGRESS_FAILED comes with a sentence; then the file is closed, a
// regular one ends at its last whole record, and what is not in it is still in `out`.
// `*out_len` says how many bytes were taken.
MUST_USE enum progress file_flush(struct file *file, size_t *out_len, struct failure *failure);

// eml: gives the flushed file its name, or, where `complete` is false or bytes are missing, leaves
// it under NAME.partial. ERR_INPUT: it is not there any more.
MUST_USE enum err file_finish(struct file *file, bool complete, struct failure *failure);
void file_drop(struct file *file); // eml: takes it away

// Remembers which file is open now, and its size; whether it is the one of the last time.
bool file_note_identity(struct file *file);

// Fills `failure` with "cannot write to 'PATH': REASON" and returns ERR_SYSTEM.
enum err file_fail(struct failure *failure, const struct file *file, int error);

#endif
