// SPDX-License-Identifier: MIT
#include "net/identify.h"

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
};

static void take_answer(struct worker *worker, void *argument) {
    struct identification *identification = argument;
    const struct owner_query *query = &identification->query;
    if (query->found.pid != 0) {
        recent_places_note(&worker->recent_places,
                           &(struct socket_place){
                               .inode = query->inode,
                               .pid = query->found.pid,
                               .fd = query->fd,
                               .port = address_port((const struct sockaddr *)&query->client),
                           });
    }
    if (identification->done != NULL) {
        identification->done(identification->context, &query->found);
    }
    free(identification);
}

static void answered(struct owner_query *query) {
    struct identification *identification = (struct identification *)query;
    if (!worker_post(identification->worker, take_answer, identification)) {
        free(identification);
    }
}

bool identify_at_once(struct process_identity *out, struct worker *worker,
                      const struct client *client) {
    uint32_t pid = recent_places_find(&worker->recent_places, &client->name.any, &client->peer.any);
    if (pid != 0) {
        process_identify(out, pid);
    }
    return pid != 0;
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
    owner_ask(worker->service->owner, &identification->query);
    return identification;
}

void identify_hand_over(struct identification *identification, identify_done *done, void *context) {
    if (identification != NULL) {
        identification->done = done;
        identification->context = context;
    }
}

void identify_cancel(struct identification *identification) {
    identify_hand_over(identification, NULL, NULL);
}
