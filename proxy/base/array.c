// SPDX-License-Identifier: MIT
#include "base/array.h"

#include "base/memory.h"

#include <string.h>

enum { FIRST_ROOM = 4 };

static size_t next_room(size_t room) {
    return room == 0 ? FIRST_ROOM : 2 * room;
}

void *array_grown(void *items, size_t count, size_t *room, size_t size) {
    if (count < *room) {
        return items;
    }
    *room = next_room(*room);
    return mem_resize(items, *room, size);
}

void *array_queue_grown(void *items, size_t *start, size_t *end, size_t *room, size_t size) {
    // Half of it is moved at a time at most, so that a long queue is not moved for each item.
    if (*end == *room && *start > *room / 2) {
        memmove(items, (char *)items + *start * size, (*end - *start) * size);
        *end -= *start;
        *start = 0;
    }
    return array_grown(items, *end, room, size);
}

size_t array_growth(size_t count, size_t room, size_t size) {
    return count < room ? 0 : (next_room(room) - room) * size;
}
