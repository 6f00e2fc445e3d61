// SPDX-License-Identifier: MIT
// arena: memory for many things that die together. Nothing in it is freed by itself.
//
//   block ──▶ block ──▶ NULL      each at least as large as what asked for it; new ones grow with
//   [used│free]                   what the arena holds, so that they stay few
//
// An all-zero arena is empty and safe to clean up.
#ifndef SCOPE_BASE_ARENA_H
#define SCOPE_BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; // the newest first
    size_t reserved;            // bytes of all blocks
};

// Zeroed, aligned for anything; lives until arena_clear or arena_cleanup.
void *arena_new(struct arena *arena, size_t count, size_t size);
// A copy, with a NUL after it. The null slice stays null.
struct slice arena_copy(struct arena *arena, struct slice s);
char *arena_string(struct arena *arena, const char *string); // NULL gives NULL
// How much more the arena would reserve for `size` bytes in one piece; 0 where there is room.
size_t arena_growth(const struct arena *arena, size_t size);
void arena_clear(struct arena *arena); // frees all that was in it; may keep a block for what comes
void arena_cleanup(struct arena *arena);

#endif
