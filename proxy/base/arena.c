// SPDX-License-Identifier: MIT
#include "base/arena.h"

#include "base/limits.h"
#include "base/memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 512, ALIGNMENT = alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t arena_growth(const struct arena *arena, size_t size) {
    const struct arena_block *block = arena->blocks;
    size_t wanted = arena->reserved;
    size = aligned(size);
    if (block != NULL && block->size - block->used >= size) {
        return 0;
    }
    wanted = wanted < BLOCK_MIN           ? BLOCK_MIN
             : wanted > LIMIT_ARENA_BLOCK ? LIMIT_ARENA_BLOCK
                                          : wanted;
    return sizeof(*block) + (size > wanted ? size : wanted);
}

void *arena_new(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX / 4) / size) {
        abort(); // nothing that fits into memory has so many of anything
    }
    size_t growth = arena_growth(arena, count * size);
    if (growth > 0) {
        struct arena_block *block = mem_new(growth);
        block->size = growth - sizeof(*block);
        block->next = arena->blocks;
        arena->blocks = block;
        arena->reserved += growth;
    }
    uint8_t *memory = arena->blocks->bytes + arena->blocks->used;
    arena->blocks->used += aligned(count * size);
    return memory;
}

struct slice arena_copy(struct arena *arena, struct slice s) {
    if (slice_is_null(s)) {
        return s;
    }
    uint8_t *copy = arena_new(arena, s.len + 1, 1);
    memcpy(copy, s.data, s.len);
    return slice_of(copy, s.len);
}

char *arena_string(struct arena *arena, const char *string) {
    size_t size = string == NULL ? 0 : strlen(string) + 1;
    return string == NULL ? NULL : memcpy(arena_new(arena, size, 1), string, size);
}

static void free_after(struct arena *arena, struct arena_block *kept) {
    struct arena_block *block = kept == NULL ? arena->blocks : kept->next;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_clear(struct arena *arena) {
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size > LIMIT_ARENA_BLOCK) {
        arena_cleanup(arena);
        return;
    }
    free_after(arena, block);
    memset(block->bytes, 0, block->used);
    block->used = 0;
    block->next = NULL;
    arena->reserved = sizeof(*block) + block->size;
}

void arena_cleanup(struct arena *arena) {
    free_after(arena, NULL);
    *arena = (struct arena){0};
}
