// SPDX-License-Identifier: MIT
#include "smtp/queue.h"

#include "base/array.h"
#include "smtp/mail_data.h"

#include <assert.h>
#include <stdlib.h>

void queue_cleanup(struct queue *queue) {
    struct pending_reply item;
    while (queue_pop(&item, queue)) {
        envelope_path_free(item.path);
    }
    free(queue->items);
    *queue = (struct queue){0};
}

void queue_give_back(struct queue *queue) {
    if (queue->start == queue->end) {
        free(queue->items);
        queue->items = NULL;
        queue->room = 0;
    }
}

bool queue_full(const struct queue *queue) {
    return queue->lost_count > 0 || queue->end - queue->start >= LIMIT_PIPELINE;
}

static bool is_awaited(const struct pending_reply *item) {
    return item->kind != WAITING_MARK && !item->by_proxy && !item->unended;
}

void queue_push(struct queue *queue, const struct pending_reply *item) {
    if (queue_full(queue)) {
        assert(item->kind == WAITING_COMMAND && item->mail_data == NULL);
        queue->lost_first = queue->lost_count == 0 ? item->exchange : queue->lost_first;
        queue->lost_count++;
        envelope_path_free(item->path);
        return;
    }
    queue->items = array_queue_grown(queue->items, &queue->start, &queue->end, &queue->room,
                                     sizeof(queue->items[0]));
    assert(queue->items != NULL);
    const struct pending_reply *front = queue_front(queue);
    bool early = front != NULL && front->kind == WAITING_GREETING;
    struct pending_reply *kept = &queue->items[queue->end++];
    *kept = *item;
    kept->early = early;
    queue->mark_count += item->kind == WAITING_MARK;
    queue->awaited_count += is_awaited(item);
    if (kept->path != NULL && queue->path_bytes + kept->path->size > LIMIT_PIPELINE_BYTES) {
        envelope_path_free(kept->path);
        kept->path = NULL;
        kept->path_lost = true;
    }
    queue->path_bytes += kept->path == NULL ? 0 : kept->path->size;
}

struct pending_reply *queue_front(const struct queue *queue) {
    return queue->start == queue->end ? NULL : &queue->items[queue->start];
}

struct pending_reply *queue_back(const struct queue *queue) {
    return queue->start == queue->end ? NULL : &queue->items[queue->end - 1];
}

bool queue_pop(struct pending_reply *out, struct queue *queue) {
    if (queue->start == queue->end) {
        if (queue->lost_count == 0) {
            return false;
        }
        *out = (struct pending_reply){.kind = WAITING_COMMAND, .exchange = queue->lost_first};
        queue->lost_first++;
        queue->lost_count--;
        return true;
    }
    *out = queue->items[queue->start++];
    queue->mark_count -= out->kind == WAITING_MARK;
    queue->awaited_count -= is_awaited(out);
    queue->path_bytes -= out->path == NULL ? 0 : out->path->size;
    if (queue->start == queue->end) {
        queue->start = queue->end = 0;
    }
    return true;
}

void queue_mark(struct queue *queue, struct pending_reply *item) {
    queue->mark_count += item->kind != WAITING_MARK;
    queue->awaited_count -= is_awaited(item);
    item->kind = WAITING_MARK;
}

size_t queue_due(const struct queue *queue) {
    return queue->lost_count + queue->end - queue->start - queue->mark_count;
}

int queue_message_of(const struct pending_reply *item) {
    return item->mail_data == NULL ? EVENT_NO_MESSAGE : item->mail_data->number;
}

struct event_due queue_awaited(const struct queue *queue) {
    struct event_due due = {.count = queue->awaited_count + queue->lost_count,
                            .exchange = queue->lost_first};
    for (size_t i = queue->start; i < queue->end && queue->awaited_count > 0; i++) {
        const struct pending_reply *item = &queue->items[i];
        if (is_awaited(item)) {
            due.exchange = item->exchange;
            due.verb = item->verb;
            due.final = item->kind == WAITING_FINAL || item->chunk_last;
            due.message = queue_message_of(item);
            due.since_ns = item->at_ns;
            break;
        }
    }
    return due;
}
