// SPDX-License-Identifier: MIT
#include "spool/chunk.h"

#include "base/array.h"
#include "base/memory.h"

#include <stdlib.h>

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
