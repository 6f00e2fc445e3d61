// SPDX-License-Identifier: MIT
// framing: what the files of one format are to the spool: whether they are appended to or replaced,
// what they begin with, and where a record ends. The spool knows a format by nothing else; each
// format fills one of these (format/format.h).
#ifndef SCOPE_SPOOL_FRAMING_H
#define SCOPE_SPOOL_FRAMING_H

#include "base/buf.h"
#include "base/limits.h"

enum file_shape {
    SHAPE_LINES,    // numbered lines, appended to whatever is there
    SHAPE_RECORDS,  // records after a head; replaces a file that is empty or ours
    SHAPE_DOCUMENT, // one JSON document (document_file.h); replaces a file that is empty or ours
    SHAPE_FOLDER,   // a folder with a file for each message
};

struct framing {
    const char *name; // "text"; static
    enum file_shape shape;
    bool secret; // defeats the mask: only for its owner
    bool screen; // lines for a person: cut and aligned where they go to a terminal
    // SHAPE_LINES, which must have it: writes what numbers a line; returns how many bytes.
    size_t (*put_counter)(char out[static LIMIT_COUNTER], uint64_t counter);
    // SHAPE_LINES: appends the line that says that `count` lines were lost, with its '\n' and
    // without its counter.
    void (*put_lost)(struct buf *out, uint64_t count, const char *reason, int64_t unix_ns,
                     bool color);
    // SHAPE_RECORDS: what a file begins with.
    void (*put_head)(struct buf *out);
    // SHAPE_RECORDS: the length of the whole records at the front of `bytes`, which begin at a
    // record; `at_start`: of the file.
    size_t (*whole_records)(struct slice bytes, bool at_start);
    // SHAPE_RECORDS, SHAPE_DOCUMENT: whether `head`, the first FRAMING_HEAD_MAX bytes of a file,
    // is what this program begins such a file with.
    bool (*is_ours)(struct slice head);
};

bool framing_replaces(const struct framing *framing); // else its files are appended to
void framing_put_head(struct buf *out, const struct framing *framing);
bool framing_is_ours(const struct framing *framing, struct slice head);
// Bytes of whole records or lines at the front of `bytes`. Of a message every byte counts: its
// start is worth keeping, wherever it ends.
size_t framing_whole(const struct framing *framing, struct slice bytes, bool at_start);

#endif
