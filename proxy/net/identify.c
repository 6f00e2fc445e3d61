// SPDX-License-Identifier: MIT
#include "net/identify.h"

#include "base/limits.h"
#include "base/memory.h"
#include "net/owner.h"
#include "net/worker.h"

#include <stdlib.h>
#include <string.h>

// It outlives who asked if it must.
struct identification {
    struct owner_query query;
    struct worker *worker;
    identify_done *done; // NULL when cancelled
    void *context;
    bool late;                   // the session began without it
    struct identification *next; // of this turn
};

static void end(struct identification *identification) {
    if (identification->done != NULL) {
        identification->done(identification->context, &identification->query.found);
    }
    free(identification);
}

static void take_answer(struct worker *worker, void *argument) {
    struct identification *identification = argument;
    const struct owner_query *query = &identification->query;
    if (!identification->late && worker->identify_halvings > 0) {
        worker->identify_halvings--;
    }
    if (query->found.pid != 0) {
        recent_places_note(&worker->recent_places,
                           &(struct socket_place){
                               .inode = query->inode,
                               .pid = query->found.pid,
                               .fd = query->fd,
                               .port = address_port((const struct sockaddr *)&query->client),
                           });
    }
    end(identification);
}

static void answered(struct owner_query *query) {
    struct identification *identification = (struct identification *)query;
    if (!worker_post(identification->worker, take_answer, identification)) {
        free(identification);
    }
}

struct identification *identify_start(struct worker *worker, const struct client *client,
                                      identify_done *done, void *context) {
    struct identification *identification = mem_new(sizeof(*identification));
    identification->worker = worker;
    identification->done = done;
    identification->context = context;
    memcpy(&identification->query.client, &client->name, sizeof(client->name));
    memcpy(&identification->query.server, &client->peer, sizeof(client->peer));
    identification->query.answered = answered;
    *worker->identifying_end = identification;
    worker->identifying_end = &identification->next;
    return identification;
}

void identify_hand_over(struct identification *identification, identify_done *done, void *context) {
    if (identification != NULL) {
        struct worker *worker = identification->worker;
        identification->done = done;
        identification->context = context;
        identification->late = true;
        worker->identify_halvings += worker->identify_halvings < IDENTIFY_HALVINGS_MAX;
    }
}

int64_t identify_wait_ns(const struct worker *worker) {
    return IDENTIFY_NS >> worker->identify_halvings;
}

void identify_cancel(struct identification *identification) {
    if (identification != NULL) {
        identification->done = NULL;
        identification->late = true;
    }
}

// ── the end of a turn ───────────────────────────────────────────────────────────────────────────

static struct identification *take_first(struct worker *worker) {
    struct identification *first = worker->identifying;
    worker->identifying = first->next;
    if (first->next == NULL) {
        worker->identifying_end = &worker->identifying;
    }
    return first;
}

static size_t take_some(struct identification **out, struct worker *worker) {
    size_t count = 0;
    while (worker->identifying != NULL && count < LIMIT_PLACE_LOOKS) {
        struct identification *identification = take_first(worker);
        if (identification->done == NULL) {
            free(identification);
        } else {
            out[count++] = identification;
        }
    }
    return count;
}

static void look_for_some(struct worker *worker) {
    struct identification *some[LIMIT_PLACE_LOOKS];
    struct place_query places[LIMIT_PLACE_LOOKS] = {0};
    size_t count = take_some(some, worker);
    for (size_t i = 0; i < count; i++) {
        places[i].own = (struct sockaddr *)&some[i]->query.client;
        places[i].peer = (struct sockaddr *)&some[i]->query.server;
    }
    recent_places_find(&worker->recent_places, places, count);
    for (size_t i = 0; i < count; i++) {
        if (places[i].pid != 0) {
            process_identify(&some[i]->query.found, places[i].pid);
            end(some[i]);
        } else {
            owner_ask(worker->service->owner, &some[i]->query);
        }
    }
}

void identify_look(struct worker *worker) {
    while (worker->identifying != NULL) {
        look_for_some(worker);
    }
}

void identify_cleanup(struct worker *worker) {
    while (worker->identifying != NULL) {
        free(take_first(worker));
    }
}
