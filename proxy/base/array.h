// SPDX-License-Identifier: MIT
// array: a list of items of one size that grows at its end. Its owner keeps the pointer, typed, and
// two numbers beside it:
//
//   items ──▶ │ 0 │ 1 │ … │ count-1 │ free │ … │ room-1 │
//
//   list = array_grown(list, count, &room, sizeof(*list));
//   list[count++] = item;
//
// NULL with a room of 0 is an empty list; it is freed by free(). A list that a peer can make grow
// has its maximum in base/limits.h, which its owner checks first.
#ifndef SCOPE_BASE_ARRAY_H
#define SCOPE_BASE_ARRAY_H

#include <stddef.h>

// The list with room for one more item: twice as large where it was full.
void *array_grown(void *items, size_t count, size_t *room, size_t size);
// The same of a queue, whose items are those from `*start` to `*end`: they are moved to the front
// where half the room or more is free there.
void *array_queue_grown(void *items, size_t *start, size_t *end, size_t *room, size_t size);
// How many bytes it would grow by for one more item; 0 where there is room.
size_t array_growth(size_t count, size_t room, size_t size);

#endif
