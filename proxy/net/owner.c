// SPDX-License-Identifier: MIT
#include "net/owner.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "net/sock_diag.h"
#include "net/socket_holders.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { REST_FACTOR = 3 };

struct owner {
    pthread_mutex_t lock; // guards `asked` and `started`
    pthread_cond_t changed;
    struct owner_query *asked; // the newest first
    bool started;
    pthread_t thread;
    atomic_bool stopping;
    // The thread's own.
    struct outside *outside;
    struct socket_holders *holders;
    struct owner_query *missed; // they wait for the next reading
    int64_t rests_until_ns;
};

struct owner *owner_new(struct outside *outside) {
    struct owner *owner = mem_new(sizeof(*owner));
    pthread_condattr_t attributes;
    owner->outside = outside;
    pthread_mutex_init(&owner->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&owner->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return owner;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

// ── answering ───────────────────────────────────────────────────────────────────────────────────

static void answer(struct owner_query *query, uint32_t pid) {
    if (pid != 0) {
        process_identify(&query->found, pid);
    }
    query->answered(query);
}

// Answers what is known by now, and returns the others.
static struct owner_query *answer_known(struct owner *owner, struct owner_query *queries) {
    struct owner_query *others = NULL;
    while (queries != NULL) {
        struct owner_query *query = queries;
        queries = query->next;
        uint32_t pid = 0;
        if (socket_holders_find(&pid, &query->fd, owner->holders, query->inode)) {
            answer(query, pid);
        } else {
            query->next = others;
            others = query;
        }
    }
    return others;
}

static void take_new(struct owner *owner, struct owner_query *queries) {
    struct sock_diag diag = {0}; // for all that were asked at once
    while (queries != NULL) {
        struct owner_query *query = queries;
        queries = query->next;
        if (sock_diag_find(&diag, &query->inode, (struct sockaddr *)&query->client,
                           (struct sockaddr *)&query->server) == SOCK_DIAG_OPEN) {
            query->next = owner->missed;
            owner->missed = query;
        } else {
            answer(query, 0);
        }
    }
    sock_diag_cleanup(&diag);
    owner->missed = answer_known(owner, owner->missed);
}

static void answer_all_with_nothing(struct owner_query *queries) {
    while (queries != NULL) {
        struct owner_query *query = queries;
        queries = query->next;
        answer(query, 0);
    }
}

static bool answer_missed(void *context) {
    struct owner *owner = context;
    owner->missed = answer_known(owner, owner->missed);
    return owner->missed != NULL;
}

// One reading for all that wait.
static void read_holders(struct owner *owner) {
    int64_t began_ns = now_ns();
    socket_holders_read(owner->holders, answer_missed, owner);
    struct owner_query *hidden = owner->missed;
    owner->missed = NULL;
    answer_all_with_nothing(hidden);
    int64_t ended_ns = now_ns();
    owner->rests_until_ns = ended_ns + REST_FACTOR * (ended_ns - began_ns);
}

// ── the thread ──────────────────────────────────────────────────────────────────────────────────

static void wait_until(struct owner *owner, int64_t at_ns) {
    struct timespec at = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};
    pthread_cond_timedwait(&owner->changed, &owner->lock, &at);
}

// What was asked since the last call; waits for it, or for the end of the rest.
static struct owner_query *await_work(struct owner *owner) {
    pthread_mutex_lock(&owner->lock);
    while (owner->asked == NULL && !atomic_load(&owner->stopping)) {
        if (owner->missed == NULL) {
            pthread_cond_wait(&owner->changed, &owner->lock);
        } else if (now_ns() < owner->rests_until_ns) {
            wait_until(owner, owner->rests_until_ns);
        } else {
            break;
        }
    }
    struct owner_query *queries = owner->asked;
    owner->asked = NULL;
    pthread_mutex_unlock(&owner->lock);
    return queries;
}

static void *look_for_owners(void *argument) {
    struct owner *owner = argument;
    owner->holders = socket_holders_new(&owner->stopping, owner->outside);
    while (!atomic_load(&owner->stopping)) {
        take_new(owner, await_work(owner));
        if (owner->missed != NULL && now_ns() >= owner->rests_until_ns) {
            read_holders(owner);
        }
    }
    answer_all_with_nothing(owner->missed);
    socket_holders_free(owner->holders);
    return NULL;
}

void owner_ask(struct owner *owner, struct owner_query *query) {
    pthread_mutex_lock(&owner->lock);
    if (!owner->started) {
        owner->started = thread_start(&owner->thread, look_for_owners, owner) == 0;
    }
    bool takes = owner->started && !atomic_load(&owner->stopping);
    if (takes) {
        query->next = owner->asked;
        owner->asked = query;
    }
    pthread_mutex_unlock(&owner->lock);
    if (takes) {
        pthread_cond_signal(&owner->changed); // unlocked: who wakes needs not wait for it
    } else {
        answer(query, 0);
    }
}

void owner_free(struct owner *owner) {
    if (owner == NULL) {
        return;
    }
    pthread_mutex_lock(&owner->lock);
    atomic_store(&owner->stopping, true);
    pthread_cond_signal(&owner->changed);
    pthread_mutex_unlock(&owner->lock);
    if (owner->started) {
        pthread_join(owner->thread, NULL);
    }
    answer_all_with_nothing(owner->asked);
    pthread_cond_destroy(&owner->changed);
    pthread_mutex_destroy(&owner->lock);
    free(owner);
}
