// SPDX-License-Identifier: MIT
#include "net/lookup.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum lookup_state { LOOKUP_AWAITED, LOOKUP_DONE, LOOKUP_CANCELLED };

struct lookup {
    struct lookups *lookups;
    struct lookup *next;
    enum lookup_state state;
    char *host;
    int error;
    struct addrinfo *list;
    uv_async_t *wake; // frees itself in its close callback
    void (*done)(void *context, int error, const struct addrinfo *list);
    void *context;
};

struct lookups {
    pthread_mutex_t lock; // guards all of this, and the state and results of each look-up
    struct lookup *first;
    struct lookup **end;
    unsigned threads; // each ends when nothing waits any more
    bool closed;
};

struct lookups *lookups_new(void) {
    struct lookups *lookups = mem_new(sizeof(*lookups));
    pthread_mutex_init(&lookups->lock, NULL);
    lookups->end = &lookups->first;
    return lookups;
}

// The last thread frees what is left when the process has closed the lookups.
static void leave(struct lookups *lookups) {
    bool last = lookups->closed && lookups->threads == 0;
    pthread_mutex_unlock(&lookups->lock);
    if (last) {
        pthread_mutex_destroy(&lookups->lock);
        free(lookups);
    }
}

void lookups_free(struct lookups *lookups) {
    if (lookups != NULL) {
        pthread_mutex_lock(&lookups->lock);
        lookups->closed = true;
        leave(lookups);
    }
}

static void free_lookup(struct lookup *lookup) {
    if (lookup->list != NULL) {
        freeaddrinfo(lookup->list);
    }
    free(lookup->host);
    free(lookup);
}

// ── on a thread ─────────────────────────────────────────────────────────────────────────────────

static struct lookup *take_first(struct lookups *lookups) {
    struct lookup *lookup = lookups->first;
    if (lookup != NULL) {
        lookups->first = lookup->next;
        lookups->end = lookups->first == NULL ? &lookups->first : lookups->end;
    }
    return lookup;
}

// Called, and returns, with the lock held; it is open while the name is looked up.
static void resolve(struct lookup *lookup) {
    struct lookups *lookups = lookup->lookups;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (lookup->state == LOOKUP_AWAITED) {
        pthread_mutex_unlock(&lookups->lock);
        int error = getaddrinfo(lookup->host, NULL, &hints, &list);
        pthread_mutex_lock(&lookups->lock);
        lookup->error = error;
        lookup->list = list;
    }
    if (lookup->state == LOOKUP_CANCELLED) {
        free_lookup(lookup);
    } else {
        lookup->state = LOOKUP_DONE;
        uv_async_send(lookup->wake);
    }
}

static void *resolve_all(void *argument) {
    struct lookups *lookups = argument;
    struct lookup *lookup = NULL;
    pthread_mutex_lock(&lookups->lock);
    while ((lookup = take_first(lookups)) != NULL) {
        resolve(lookup);
    }
    lookups->threads--;
    leave(lookups);
    return NULL;
}

static bool start_thread(struct lookups *lookups) {
    pthread_t thread;
    bool started = thread_start(&thread, resolve_all, lookups) == 0;
    if (started) {
        pthread_detach(thread);
    }
    return started;
}

// ── on the loop ─────────────────────────────────────────────────────────────────────────────────

static void free_wake(uv_handle_t *handle) {
    free(handle);
}

static void on_wake(uv_async_t *wake) {
    struct lookup *lookup = wake->data;
    struct lookups *lookups = lookup->lookups;
    pthread_mutex_lock(&lookups->lock); // The thread lets go of it.
    assert(lookup->state == LOOKUP_DONE);
    pthread_mutex_unlock(&lookups->lock);
    uv_close((uv_handle_t *)wake, free_wake);
    lookup->done(lookup->context, lookup->error, lookup->list);
    free_lookup(lookup);
}

// Where no thread runs nothing else waits either.
static void fail_first(struct lookups *lookups) {
    struct lookup *lookup = take_first(lookups);
    lookup->error = LOOKUP_NO_THREAD;
    lookup->state = LOOKUP_DONE;
    uv_async_send(lookup->wake);
}

static void enqueue(struct lookups *lookups, struct lookup *lookup) {
    pthread_mutex_lock(&lookups->lock);
    *lookups->end = lookup;
    lookups->end = &lookup->next;
    if (lookups->threads < LIMIT_LOOKUPS && start_thread(lookups)) {
        lookups->threads++;
    }
    if (lookups->threads == 0) {
        fail_first(lookups);
    }
    pthread_mutex_unlock(&lookups->lock);
}

struct lookup *lookup_start(struct lookups *lookups, uv_loop_t *loop, const char *host,
                            void (*done)(void *context, int error, const struct addrinfo *list),
                            void *context) {
    struct lookup *lookup = mem_new(sizeof(*lookup));
    *lookup = (struct lookup){.lookups = lookups,
                              .host = mem_string(host),
                              .wake = mem_new(sizeof(uv_async_t)),
                              .done = done,
                              .context = context};
    uv_async_init(loop, lookup->wake, on_wake);
    lookup->wake->data = lookup;
    enqueue(lookups, lookup);
    return lookup;
}

bool lookup_is_done(struct lookup *lookup) {
    pthread_mutex_lock(&lookup->lookups->lock);
    bool done = lookup->state == LOOKUP_DONE;
    pthread_mutex_unlock(&lookup->lookups->lock);
    return done;
}

void lookup_cancel(struct lookup *lookup) {
    if (lookup == NULL) {
        return;
    }
    struct lookups *lookups = lookup->lookups;
    uv_close((uv_handle_t *)lookup->wake, free_wake);
    pthread_mutex_lock(&lookups->lock);
    bool done = lookup->state == LOOKUP_DONE;
    lookup->state = LOOKUP_CANCELLED; // The thread that meets it frees it.
    pthread_mutex_unlock(&lookups->lock);
    if (done) {
        free_lookup(lookup);
    }
}
