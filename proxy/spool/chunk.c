// SPDX-License-Identifier: MIT
#include "spool/chunk.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 4 };

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

static void make_room(struct write_batch *batch, size_t more) {
    size_t capacity = batch->capacity > 0 ? batch->capacity : FIRST_CAPACITY;
    while (capacity < batch->count + more) {
        capacity *= 2;
    }
    if (capacity > batch->capacity) {
        batch->chunks = mem_resize(batch->chunks, capacity, sizeof(struct chunk));
        batch->capacity = capacity;
    }
}

void write_batch_add(struct write_batch *batch, struct chunk chunk) {
    make_room(batch, 1);
    batch->chunks[batch->count++] = chunk;
    batch->bytes += chunk.len;
}

void write_batch_join(struct write_batch *batch, struct write_batch *from) {
    if (from->count == 0) {
        return;
    }
    make_room(batch, from->count);
    memcpy(batch->chunks + batch->count, from->chunks, from->count * sizeof(struct chunk));
    batch->count += from->count;
    batch->bytes += from->bytes;
    from->count = 0;
    from->bytes = 0;
}
