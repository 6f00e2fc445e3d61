// SPDX-License-Identifier: MIT
#include "spool/chunk.h"

#include "base/array.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct write_batch *write_batch_new(void) {
    return mem_new(sizeof(struct write_batch));
}

void chunk_cleanup(struct chunk *chunk) {
    free(chunk->path);
    free(chunk->name);
    free(chunk->bytes);
    *chunk = (struct chunk){.kind = chunk->kind};
}

void write_batch_free(struct write_batch *batch) {
    if (batch == NULL) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        chunk_cleanup(&batch->chunks[i]);
    }
    free(batch->chunks);
    free(batch);
}

void write_batch_add(struct write_batch *batch, struct chunk chunk) {
    batch->chunks = array_grown(batch->chunks, batch->count, &batch->room, sizeof(*batch->chunks));
    batch->chunks[batch->count++] = chunk;
    batch->bytes += chunk.len;
}

void write_batch_join(struct write_batch *batch, struct write_batch *from) {
    for (size_t i = 0; i < from->count; i++) {
        write_batch_add(batch, from->chunks[i]);
    }
    from->count = 0;
    from->bytes = 0;
}

// A chunk waits in the array of its batch, which may be half empty, then in the queue; each of
// its blocks has a head of the allocator's.
enum { BLOCK_HEAD = 16, CHUNK_BLOCKS = 4 };

size_t chunk_cost(const struct chunk *chunk) {
    size_t names = chunk->name == NULL ? 0 : strlen(chunk->name);
    names += chunk->path == NULL ? 0 : strlen(chunk->path);
    return 3 * sizeof(struct chunk) + CHUNK_BLOCKS * BLOCK_HEAD + names + chunk->len;
}

uint64_t chunk_lines(const struct chunk *chunk) {
    uint64_t lines = 0;
    switch (chunk->kind) {
    case CHUNK_LINES:
        for (size_t i = 0; i < chunk->len; i++) {
            lines += chunk->bytes[i] == '\n';
        }
        return lines;
    case CHUNK_DOCUMENT:
    case CHUNK_APPEND:
    case CHUNK_FILE_OPEN:
        return 1;
    case CHUNK_FILE_DATA: // the message counts, when it is found to be broken
    case CHUNK_FILE_FINISH:
    case CHUNK_FILE_PARTIAL:
    case CHUNK_FILE_DROP:
    case CHUNK_LOST:
        return 0;
    }
    return 0;
}

bool chunk_ends_message(const struct chunk *chunk) {
    return chunk->kind == CHUNK_FILE_FINISH || chunk->kind == CHUNK_FILE_PARTIAL ||
           chunk->kind == CHUNK_FILE_DROP;
}
