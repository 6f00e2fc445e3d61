// SPDX-License-Identifier: MIT
// fifo: a list of who waits, in the order in which they came. Its items are members of their
// owners, so nothing is allocated, and an owner that ends leaves from wherever it is:
//
//   fifo ⇄ oldest ⇄ … ⇄ latest ⇄ fifo
//
// An item that is the first member of its owner is found again by a cast.
#ifndef SCOPE_BASE_FIFO_H
#define SCOPE_BASE_FIFO_H

#include <stdbool.h>

// All zero: in no list. It may be copied or freed only while it is in none.
struct fifo_item {
    struct fifo_item *older;
    struct fifo_item *newer;
};

// May not be moved while it has items.
struct fifo {
    struct fifo_item ends; // `newer` is the oldest of all, `older` the latest
};

void fifo_init(struct fifo *fifo);
bool fifo_is_empty(const struct fifo *fifo);
struct fifo_item *fifo_oldest(const struct fifo *fifo); // NULL where it is empty
bool fifo_has(const struct fifo_item *item);            // whether it is in a list
// At the end; one that is in a list keeps its place.
void fifo_add(struct fifo *fifo, struct fifo_item *item);
// Out of the list that it is in, if any.
void fifo_remove(struct fifo_item *item);

#endif
