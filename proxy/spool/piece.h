// SPDX-License-Identifier: MIT
// piece: what a recording hands to the writer thread: finished bytes and the place they belong to.
// A batch of pieces is submitted at once, so that the queue's lock is taken once for many lines.
//
//   recording ── batch [ LINES text | LINES jsonl | DOCUMENT json | FILE_… eml | APPEND pcap ] ──▶
//
// Order matters only within one output: pieces of one output of one session are written in the
// order in which they were submitted.
#ifndef SCOPE_SPOOL_PIECE_H
#define SCOPE_SPOOL_PIECE_H

#include "base/slice.h"

enum piece_kind {
    // One or more whole lines, each with its '\n'. The writer puts the counter in front of each:
    // in `text` "COUNTER ", in `jsonl` "{\"counter\":COUNTER,". No line holds another '\n'.
    PIECE_LINES,
    // One session's JSON object, without a line end, for the array "sessions" of `json`.
    PIECE_DOCUMENT,
    // Bytes as they are, at the end of the file: records of `pcap` and blocks of `pcapng`.
    PIECE_APPEND,
    // `eml`: one file of the folder, named by `name`. OPEN makes it under a temporary name, DATA
    // appends to it, FINISH gives it its name, PARTIAL its name with ".partial" behind it, DROP
    // takes it away. A dropped piece must not make a message shorter unseen: DATA says where its
    // bytes belong (`offset`), FINISH how long the message is.
    PIECE_FILE_OPEN,
    PIECE_FILE_DATA,
    PIECE_FILE_FINISH,
    PIECE_FILE_PARTIAL,
    PIECE_FILE_DROP,
    // The queue's own: `offset` lines of this output were lost here.
    PIECE_LOST,
};

struct piece {
    enum piece_kind kind;
    size_t output; // index in the set
    char *path; // the output's path with its placeholders expanded; NULL: as it was given. Owned.
    char *name; // PIECE_FILE_*: "SESSION-MESSAGE.eml"; NULL else. Owned.
    uint8_t *bytes; // owned; may be NULL
    size_t len;
    uint64_t offset; // PIECE_FILE_DATA, PIECE_FILE_FINISH
};

struct batch {
    struct piece *pieces; // owned
    size_t count;
    size_t capacity;
    size_t bytes;       // the sum of all `len`: what the queue counts
    struct batch *next; // for the queue's use
};

struct batch *batch_new(void);
void batch_free(struct batch *batch); // and all pieces in it; NULL is fine
// Takes the piece's memory.
void batch_add(struct batch *batch, struct piece piece);
// Moves the pieces of `from` behind those of `batch`; `from` is empty after it.
void batch_join(struct batch *batch, struct batch *from);
void piece_cleanup(struct piece *piece);

#endif
