// SPDX-License-Identifier: MIT
// chunk: what a recording hands to the writer thread: finished bytes and the place they belong to.
// A batch of chunks is submitted at once, so that the queue's lock is taken once for many lines.
//
//   recording ── batch [ LINES text | LINES jsonl | DOCUMENT json | FILE_… eml | APPEND pcap ] ──▶
//
// Order matters only within one output: chunks of one output of one session are written in the
// order in which they were submitted.
#ifndef SCOPE_SPOOL_CHUNK_H
#define SCOPE_SPOOL_CHUNK_H

#include "base/slice.h"

enum chunk_kind {
    // One or more whole lines, each with its '\n'. The writer puts the counter in front of each:
    // in `text` "COUNTER ", in `jsonl` "{\"counter\":COUNTER,". No line holds another '\n'.
    CHUNK_LINES,
    // One session's JSON object, without a line end, for the array "sessions" of `json`.
    CHUNK_DOCUMENT,
    // Bytes as they are, at the end of the file: records of `pcap` and blocks of `pcapng`.
    CHUNK_APPEND,
    // `eml`: one file of the folder, named by `name`. OPEN makes it under a temporary name, DATA
    // appends to it, FINISH gives it its name, PARTIAL its name followed by ".partial", DROP
    // takes it away. A dropped chunk must not make a message shorter unseen: DATA says where its
    // bytes belong (`offset`), FINISH how long the message is.
    CHUNK_FILE_OPEN,
    CHUNK_FILE_DATA,
    CHUNK_FILE_FINISH,
    CHUNK_FILE_PARTIAL,
    CHUNK_FILE_DROP,
    // The queue's own: `offset` lines of this output were lost here.
    CHUNK_LOST,
};

struct chunk {
    enum chunk_kind kind;
    size_t output; // index in the set
    char *path; // the output's path with its placeholders expanded; NULL: as it was given. Owned.
    char *name; // CHUNK_FILE_*: "SESSION-MESSAGE.eml"; NULL else. Owned.
    uint8_t *bytes; // owned; may be NULL
    size_t len;
    uint64_t offset; // CHUNK_FILE_DATA, CHUNK_FILE_FINISH
};

struct write_batch {
    struct chunk *chunks; // owned
    size_t count;
    size_t room;
    size_t bytes;             // the sum of all `len`: what the queue counts
    struct write_batch *next; // for the queue's use
};

struct write_batch *write_batch_new(void);
void write_batch_free(struct write_batch *batch); // and all chunks in it; NULL is fine
// Takes the chunk's memory.
void write_batch_add(struct write_batch *batch, struct chunk chunk);
// Appends the chunks of `from` to those of `batch`; `from` is empty after it.
void write_batch_join(struct write_batch *batch, struct write_batch *from);
void chunk_cleanup(struct chunk *chunk);
size_t chunk_cost(const struct chunk *chunk);       // bytes that it counts for in the backlog
uint64_t chunk_lines(const struct chunk *chunk);    // lines, documents, … that are lost with it
bool chunk_ends_message(const struct chunk *chunk); // of `eml`

#endif
