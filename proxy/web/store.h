// SPDX-License-Identifier: MIT
// store: the sessions that the page keeps, in the order of their numbers, within --web-memory. When
// it is full the oldest that have ended go first, and are counted; what lives is bounded by a
// budget that all live sessions share.
//
//   page_sink ── store_add ──▶ │ 3 │ 4 │ 7 │ 8 │ ──▶ store_list, store_find ── the page, a wait
//                 store_count        the oldest ended go
//
// Its lock is held for a copy of pointers only.
#ifndef SCOPE_WEB_STORE_H
#define SCOPE_WEB_STORE_H

#include "base/budget.h"
#include "verdict/expression_tally.h"
#include "web/kept.h"

struct store;

struct store *store_new(size_t max);  // bytes
void store_free(struct store *store); // NULL is fine

// ── the sessions' threads ───────────────────────────────────────────────────────────────────────

struct budget *store_budget(struct store *store); // of what lives
// Takes one owner's part of the session.
void store_add(struct store *store, struct kept *kept);
// What the session keeps has grown, or shrunk: makes room.
void store_count(struct store *store, struct kept *kept);
void store_changed(struct store *store); // without more memory
// The session has ended (kept_end): from now on it may go.
void store_ended(struct store *store, struct kept *kept);

// Grows with each clear: a live session that sees it grow starts again.
unsigned store_epoch(const struct store *store);

// ── those that look ─────────────────────────────────────────────────────────────────────────────

// The sessions after number `after`, at most `max`, each held for the caller, in their order. How
// many; `*out_more` is whether there are others after them.
size_t store_list(struct kept **out, bool *out_more, struct store *store, uint64_t after,
                  size_t max);
struct kept *store_find(struct store *store, uint64_t id); // held; NULL where it is not there
void store_clear(struct store *store);
uint64_t store_dropped(struct store *store);       // sessions that went to make room
uint64_t store_version(const struct store *store); // another one after each change

// ── those that wait ─────────────────────────────────────────────────────────────────────────────

// Is called once after each store_await, on the thread of the first change; it must be quick, and
// may not use the store.
struct store_listener {
    void (*ring)(void *context);
    void *context;
    struct store_listener *next; // the store's
};

void store_listen(struct store *store, struct store_listener *listener);
void store_unlisten(struct store *store, struct store_listener *listener); // no call after it
// The next change rings, at all listeners.
void store_await(struct store *store);

// Sees each session that ends from now on, whether or not it still has its place by then, all that
// have ended before and are kept, and the counts of those that went to make room.
struct collector;

struct collector *store_watch(struct store *store);
void store_unwatch(struct collector *collector);

// What is there to look at since the last time. Each is held for the caller, who frees the list.
struct collected {
    unsigned epoch; // another one than last time: all that was seen before is forgotten
    struct expression_counts gone; // sessions that went before the collector came; said once
    struct kept **sessions;
    size_t ended; // so many of them have ended, and are not seen again; the others live
    size_t count;
};

struct collected store_collect(struct collector *collector);
void store_collected_free(struct collected *collected);

#endif
