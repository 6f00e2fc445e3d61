// SPDX-License-Identifier: MIT
#include "web/store.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// A session and the bytes that are counted for it.
struct entry {
    struct kept *kept;
    size_t bytes;
    bool ended;
};

struct collector {
    struct store *store;
    struct collector *next;
    struct expression_counts gone; // not yet seen
    struct kept **ended;           // the same
    size_t count;
    size_t room;
};

struct store {
    struct budget budget;
    size_t max;
    atomic_uint epoch;
    _Atomic uint64_t version;
    atomic_bool awaited;   // the next change rings
    pthread_mutex_t lock;  // of what follows
    struct entry *entries; // by id
    size_t count;
    size_t room;
    size_t bytes;
    uint64_t dropped;
    struct expression_counts gone; // of those dropped since the last clear
    struct collector *collectors;
    struct store_listener *listeners;
};

struct store *store_new(size_t max) {
    struct store *store = mem_new(sizeof(*store));
    budget_init(&store->budget, max, LIMIT_WEB_FLOOR);
    store->max = max;
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

void store_free(struct store *store) {
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->count; i++) {
        kept_release(store->entries[i].kept);
    }
    free(store->entries);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

// The place of the first session whose number is `id` or higher.
static size_t place_of(const struct store *store, uint64_t id) {
    size_t low = 0;
    size_t high = store->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kept_id(store->entries[middle].kept) < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// ── making room ─────────────────────────────────────────────────────────────────────────────────

static struct kept *take_out(struct store *store, size_t place) {
    struct kept *kept = store->entries[place].kept;
    store->bytes -= store->entries[place].bytes;
    store->count--;
    memmove(&store->entries[place], &store->entries[place + 1],
            (store->count - place) * sizeof(store->entries[0]));
    return kept;
}

static void count_gone(struct store *store, struct kept *kept) {
    struct kept_view view;
    store->dropped++;
    if (kept_view_open(&view, kept)) {
        expression_count(&store->gone, view.record);
        kept_view_close(&view);
    }
}

// The oldest that has ended, taken out where there is too much; NULL where there is not, or all
// live.
static struct kept *take_oldest(struct store *store) {
    for (size_t i = 0; store->bytes > store->max && i < store->count; i++) {
        if (store->entries[i].ended) {
            count_gone(store, store->entries[i].kept);
            return take_out(store, i);
        }
    }
    return NULL;
}

static void make_room(struct store *store) {
    struct kept *oldest = NULL;
    do {
        pthread_mutex_lock(&store->lock);
        oldest = take_oldest(store);
        pthread_mutex_unlock(&store->lock);
        kept_release(oldest);
    } while (oldest != NULL);
}

static void ring_all(struct store *store) {
    pthread_mutex_lock(&store->lock);
    for (struct store_listener *at = store->listeners; at != NULL; at = at->next) {
        at->ring(at->context);
    }
    pthread_mutex_unlock(&store->lock);
}

// Who awaits a change asks for it, then looks; so either they see this one, or it rings.
void store_changed(struct store *store) {
    atomic_fetch_add(&store->version, 1);
    if (atomic_load(&store->awaited) && atomic_exchange(&store->awaited, false)) {
        ring_all(store);
    }
}

// ── the sessions' threads ───────────────────────────────────────────────────────────────────────

struct budget *store_budget(struct store *store) {
    return &store->budget;
}

void store_add(struct store *store, struct kept *kept) {
    struct entry entry = {kept, kept_bytes(kept), kept_has_ended(kept)};
    pthread_mutex_lock(&store->lock);
    store->entries = array_grown(store->entries, store->count, &store->room, sizeof(entry));
    size_t place = place_of(store, kept_id(kept));
    memmove(&store->entries[place + 1], &store->entries[place],
            (store->count - place) * sizeof(entry));
    store->entries[place] = entry;
    store->bytes += entry.bytes;
    store->count++;
    pthread_mutex_unlock(&store->lock);
    store_changed(store);
}

// NULL where it has no place any more.
static struct entry *entry_of(struct store *store, const struct kept *kept) {
    size_t place = place_of(store, kept_id(kept));
    bool there = place < store->count && store->entries[place].kept == kept;
    return there ? &store->entries[place] : NULL;
}

static void push(struct collector *collector, struct kept *kept) {
    collector->ended = (struct kept **)array_grown((void *)collector->ended, collector->count,
                                                   &collector->room, sizeof(struct kept *));
    collector->ended[collector->count++] = kept_hold(kept);
}

void store_ended(struct store *store, struct kept *kept) {
    pthread_mutex_lock(&store->lock);
    struct entry *entry = entry_of(store, kept);
    if (entry != NULL) {
        entry->ended = true;
        for (struct collector *at = store->collectors; at != NULL; at = at->next) {
            push(at, kept);
        }
    }
    pthread_mutex_unlock(&store->lock);
    store_count(store, kept);
}

void store_count(struct store *store, struct kept *kept) {
    pthread_mutex_lock(&store->lock);
    struct entry *entry = entry_of(store, kept);
    if (entry != NULL) {
        store->bytes += kept_bytes(kept) - entry->bytes;
        entry->bytes = kept_bytes(kept);
    }
    bool over = store->bytes > store->max;
    pthread_mutex_unlock(&store->lock);
    if (over) {
        make_room(store);
    }
    store_changed(store);
}

unsigned store_epoch(const struct store *store) {
    return atomic_load(&store->epoch);
}

// ── those that look ─────────────────────────────────────────────────────────────────────────────

size_t store_list(struct kept **out, bool *out_more, struct store *store, uint64_t after,
                  size_t max) {
    size_t count = 0;
    pthread_mutex_lock(&store->lock);
    size_t place = after == UINT64_MAX ? store->count : place_of(store, after + 1);
    for (; place < store->count && count < max; place++) {
        out[count++] = kept_hold(store->entries[place].kept);
    }
    *out_more = place < store->count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

struct kept *store_find(struct store *store, uint64_t id) {
    struct kept *found = NULL;
    pthread_mutex_lock(&store->lock);
    size_t place = place_of(store, id);
    if (place < store->count && kept_id(store->entries[place].kept) == id) {
        found = kept_hold(store->entries[place].kept);
    }
    pthread_mutex_unlock(&store->lock);
    return found;
}

static void forget(struct collector *collector) {
    for (size_t i = 0; i < collector->count; i++) {
        kept_release(collector->ended[i]);
    }
    collector->count = 0;
    collector->gone = (struct expression_counts){0};
}

void store_clear(struct store *store) {
    pthread_mutex_lock(&store->lock);
    atomic_fetch_add(&store->epoch, 1);
    struct entry *entries = store->entries;
    size_t count = store->count;
    store->entries = NULL;
    store->count = store->room = store->bytes = 0;
    store->gone = (struct expression_counts){0};
    for (struct collector *at = store->collectors; at != NULL; at = at->next) {
        forget(at);
    }
    pthread_mutex_unlock(&store->lock);
    for (size_t i = 0; i < count; i++) {
        kept_release(entries[i].kept);
    }
    free(entries);
    store_changed(store);
}

uint64_t store_dropped(struct store *store) {
    pthread_mutex_lock(&store->lock);
    uint64_t dropped = store->dropped;
    pthread_mutex_unlock(&store->lock);
    return dropped;
}

uint64_t store_version(const struct store *store) {
    return atomic_load(&store->version);
}

// ── those that wait ─────────────────────────────────────────────────────────────────────────────

void store_listen(struct store *store, struct store_listener *listener) {
    pthread_mutex_lock(&store->lock);
    listener->next = store->listeners;
    store->listeners = listener;
    pthread_mutex_unlock(&store->lock);
}

void store_unlisten(struct store *store, struct store_listener *listener) {
    pthread_mutex_lock(&store->lock);
    struct store_listener **at = &store->listeners;
    while (*at != listener) {
        at = &(*at)->next;
    }
    *at = listener->next;
    pthread_mutex_unlock(&store->lock);
}

void store_await(struct store *store) {
    atomic_store(&store->awaited, true);
}

struct collector *store_watch(struct store *store) {
    struct collector *collector = mem_new(sizeof(*collector));
    collector->store = store;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < store->count; i++) {
        if (store->entries[i].ended) {
            push(collector, store->entries[i].kept);
        }
    }
    collector->gone = store->gone;
    collector->next = store->collectors;
    store->collectors = collector;
    pthread_mutex_unlock(&store->lock);
    return collector;
}

void store_unwatch(struct collector *collector) {
    struct store *store = collector->store;
    pthread_mutex_lock(&store->lock);
    struct collector **at = &store->collectors;
    while (*at != collector) {
        at = &(*at)->next;
    }
    *at = collector->next;
    pthread_mutex_unlock(&store->lock);
    forget(collector);
    free((void *)collector->ended);
    free(collector);
}

static void collect(struct collected *out, struct collector *collector) {
    struct store *store = collector->store;
    out->epoch = atomic_load(&store->epoch);
    out->sessions = mem_new_array(collector->count + store->count + 1, sizeof(struct kept *));
    for (size_t i = 0; i < collector->count; i++) {
        out->sessions[out->count++] = collector->ended[i];
    }
    out->ended = out->count;
    out->gone = collector->gone;
    collector->count = 0;
    collector->gone = (struct expression_counts){0};
    for (size_t i = 0; i < store->count; i++) {
        if (!store->entries[i].ended) {
            out->sessions[out->count++] = kept_hold(store->entries[i].kept);
        }
    }
}

struct collected store_collect(struct collector *collector) {
    struct collected collected = {0};
    pthread_mutex_lock(&collector->store->lock);
    collect(&collected, collector);
    pthread_mutex_unlock(&collector->store->lock);
    return collected;
}

void store_collected_free(struct collected *collected) {
    for (size_t i = 0; i < collected->count; i++) {
        kept_release(collected->sessions[i]);
    }
    free((void *)collected->sessions);
}
