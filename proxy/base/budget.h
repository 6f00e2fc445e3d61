// SPDX-License-Identifier: MIT
// budget: bytes that many owners on many threads may hold together, shared fairly.
//
//   0 ──────────────── max/2 ──────────────── max
//   │  any owner        │  who holds no more than BUDGET_PART of what is left
//
// So one owner alone may have half of it, and however many came before, and whatever they were
// allowed while they were few, a part of the rest is left for one who comes late. What is below
// `floor` is always given: the bound in all is `max` and a floor for each owner.
#ifndef SCOPE_BASE_BUDGET_H
#define SCOPE_BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// A hundred owners that each take all they may leave nearly half of the rest.
enum { BUDGET_PART = 128 };

struct budget {
    size_t max;
    size_t floor;
    atomic_size_t used;
};

// What one owner holds; only its own thread uses it. All-zero belongs to no budget and may have
// all.
struct budget_share {
    struct budget *budget;
    size_t used;
};

void budget_init(struct budget *budget, size_t max, size_t floor);

void budget_join(struct budget_share *share, struct budget *budget);
void budget_leave(struct budget_share *share); // gives all back
// Whether the owner may hold `more` bytes beyond what it holds. NULL is no budget.
bool budget_allows(const struct budget_share *share, size_t more);
void budget_hold(struct budget_share *share, size_t used); // says what it holds now

#endif
