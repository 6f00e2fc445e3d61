// SPDX-License-Identifier: MIT
#include "inspect/due_replies.h"

#include "base/array.h"

#include <stdlib.h>

void waiting_cleanup(struct waiting_queue *queue) {
    free(queue->items);
    *queue = (struct waiting_queue){0};
}

void waiting_push(struct waiting_queue *queue, struct due_reply item) {
    if (queue->end - queue->start >= LIMIT_PIPELINE) {
        return;
    }
    queue->items =
        array_queue_grown(queue->items, &queue->start, &queue->end, &queue->room, sizeof(item));
    queue->items[queue->end++] = item;
}

void waiting_clear(struct waiting_queue *queue) {
    queue->start = queue->end = 0;
}

void waiting_answer(struct waiting_queue *queue, int exchange, bool text) {
    while (queue->start < queue->end) {
        const struct due_reply *item = &queue->items[queue->start];
        if (item->exchange > exchange || (item->exchange == exchange && item->text && !text)) {
            break;
        }
        queue->start++;
    }
    if (queue->start == queue->end) {
        waiting_clear(queue);
    }
}

size_t waiting_count(const struct waiting_queue *queue) {
    return queue->end - queue->start;
}

const struct due_reply *waiting_front(const struct waiting_queue *queue) {
    return queue->start == queue->end ? NULL : &queue->items[queue->start];
}

const struct due_reply *waiting_find(const struct waiting_queue *queue, int exchange, bool text) {
    for (size_t i = queue->start; i < queue->end && queue->items[i].exchange <= exchange; i++) {
        if (queue->items[i].exchange == exchange && queue->items[i].text == text) {
            return &queue->items[i];
        }
    }
    return NULL;
}
