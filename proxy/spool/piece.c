// SPDX-License-Identifier: MIT
#include "spool/piece.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 4 };

struct batch *batch_new(void) {
    return mem_new(sizeof(struct batch));
}

void piece_cleanup(struct piece *piece) {
    free(piece->path);
    free(piece->name);
    free(piece->bytes);
    *piece = (struct piece){.kind = piece->kind};
}

void batch_free(struct batch *batch) {
    if (batch == NULL) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        piece_cleanup(&batch->pieces[i]);
    }
    free(batch->pieces);
    free(batch);
}

static void make_room(struct batch *batch, size_t more) {
    size_t capacity = batch->capacity > 0 ? batch->capacity : FIRST_CAPACITY;
    while (capacity < batch->count + more) {
        capacity *= 2;
    }
    if (capacity > batch->capacity) {
        batch->pieces = mem_resize(batch->pieces, capacity, sizeof(struct piece));
        batch->capacity = capacity;
    }
}

void batch_add(struct batch *batch, struct piece piece) {
    make_room(batch, 1);
    batch->pieces[batch->count++] = piece;
    batch->bytes += piece.len;
}

void batch_join(struct batch *batch, struct batch *from) {
    if (from->count == 0) {
        return;
    }
    make_room(batch, from->count);
    memcpy(batch->pieces + batch->count, from->pieces, from->count * sizeof(struct piece));
    batch->count += from->count;
    batch->bytes += from->bytes;
    from->count = 0;
    from->bytes = 0;
}
