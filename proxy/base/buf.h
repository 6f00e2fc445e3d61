// SPDX-License-Identifier: MIT
// buf: a growing run of bytes with a maximum that is given when it is made. Bytes are appended at
// its end and taken from its front:
//
//      start        end            capacity        max
//   ───┼────────────┼──────────────┼ ─ ─ ─ ─ ─ ─ ─ ┼
//      └── bytes ───┘
//
// An all-zero buf is empty, holds nothing (max 0) and is safe to clean up.
#ifndef SCOPE_BASE_BUF_H
#define SCOPE_BASE_BUF_H

#include "base/err.h"
#include "base/slice.h"

struct buf {
    uint8_t *data;
    size_t start;
    size_t end;
    size_t capacity;
    size_t max; // bytes it may hold at once
};

void buf_init(struct buf *buf, size_t max); // allocates nothing yet
void buf_cleanup(struct buf *buf);
void buf_wipe(struct buf *buf); // cleanup that overwrites the bytes first, for secrets

// The bytes held; valid until the next call that changes `buf`.
struct slice buf_slice(const struct buf *buf);
size_t buf_len(const struct buf *buf);
size_t buf_room(const struct buf *buf); // bytes that may still be appended

// ERR_LIMIT, with nothing appended, when all of `s` does not fit below the maximum.
MUST_USE enum err buf_append(struct buf *buf, struct slice s);
// Appends as much of `s` as fits and returns how many bytes that was.
size_t buf_append_some(struct buf *buf, struct slice s);
// For text whose length is bounded by construction: what does not fit is left out.
void buf_put(struct buf *buf, struct slice s);
void buf_put_byte(struct buf *buf, uint8_t byte);
void buf_put_u64(struct buf *buf, uint64_t number); // decimal
void buf_put_string(struct buf *buf, const char *string);
void buf_putf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

// At least `len` writable bytes after the end (NULL if that passes the maximum); what was written
// there counts after buf_commit. Saves a copy where a library fills memory that we give it.
uint8_t *buf_reserve(struct buf *buf, size_t len);
void buf_commit(struct buf *buf, size_t len);

void buf_consume(struct buf *buf, size_t len);       // takes `len` bytes off the front
void buf_consume_wiped(struct buf *buf, size_t len); // … and overwrites them
void buf_truncate(struct buf *buf, size_t len);      // keeps the first `len` bytes
void buf_clear(struct buf *buf);                     // empties it, keeps the memory
void buf_wipe_bytes(struct buf *buf);                // the same, and overwrites what it held
void buf_shrink(struct buf *buf);                    // gives the memory back if it is empty
void buf_fit(struct buf *buf);                       // gives back what it does not fill
// Hands the bytes over as a block that the caller frees; `buf` is empty after it.
uint8_t *buf_take(struct buf *buf, size_t *out_len);

#endif
