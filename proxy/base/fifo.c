// SPDX-License-Identifier: MIT
#include "base/fifo.h"

#include <stddef.h>

void fifo_init(struct fifo *fifo) {
    fifo->ends = (struct fifo_item){.older = &fifo->ends, .newer = &fifo->ends};
}

bool fifo_is_empty(const struct fifo *fifo) {
    return fifo->ends.newer == &fifo->ends;
}

struct fifo_item *fifo_oldest(const struct fifo *fifo) {
    return fifo_is_empty(fifo) ? NULL : fifo->ends.newer;
}

bool fifo_has(const struct fifo_item *item) {
    return item->newer != NULL;
}

void fifo_add(struct fifo *fifo, struct fifo_item *item) {
    if (fifo_has(item)) {
        return;
    }
    *item = (struct fifo_item){.older = fifo->ends.older, .newer = &fifo->ends};
    item->older->newer = item;
    fifo->ends.older = item;
}

void fifo_remove(struct fifo_item *item) {
    if (!fifo_has(item)) {
        return;
    }
    item->older->newer = item->newer;
    item->newer->older = item->older;
    *item = (struct fifo_item){0};
}
