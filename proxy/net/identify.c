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
    (void)worker;
    if (identification->done != NULL) {
        identification->done(identification->context, &identification->query.found);
    }
    free(identification);
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
