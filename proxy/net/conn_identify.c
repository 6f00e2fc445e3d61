// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/memory.h"
#include "net/conn_state.h"

#include <stdlib.h>

// A session waits 50 ms for the name of its client, and no longer: when the first of these times is
// over the loop takes what was answered meanwhile.
#define IDENTIFY_NS      (49 * NS_PER_MS)
#define IDENTIFY_LAST_NS NS_PER_MS

// A look-up of the client's process. It outlives the connection if it must.
struct identification {
    struct owner_query query;
    struct worker *worker;
    struct conn *conn; // NULL when the connection has ended
};

static void take_answer(struct worker *worker, void *argument) {
    struct identification *identification = argument;
    struct conn *conn = identification->conn;
    (void)worker;
    if (conn != NULL) {
        conn->identification = NULL;
        conn->client_process = identification->query.found;
        if (conn->identify_by_ns != 0) {
            conn->identify_by_ns = 0;
            conn_begin(conn);
        } else {
            conn_show_process(conn); // Late: the rest of the session shows it.
        }
    }
    free(identification);
}

static void answered(struct owner_query *query) {
    struct identification *identification = (struct identification *)query;
    if (!worker_post(identification->worker, take_answer, identification)) {
        free(identification);
    }
}

// The connection to the server is made meanwhile.
static void start_identification(struct conn *conn) {
    struct identification *identification = mem_new(sizeof(*identification));
    identification->conn = conn;
    identification->worker = conn->worker;
    identification->query.client = conn->client_name;
    identification->query.server = conn->client_peer;
    identification->query.answered = answered;
    conn->identification = identification;
    conn->identify_by_ns = conn_now_ns(conn) + IDENTIFY_NS;
    owner_ask(conn->worker->service->owner, &identification->query);
}

void conn_identify(struct conn *conn) {
    if (conn->client_process.pid == 0 && conn_client_is_local(conn)) {
        start_identification(conn);
        conn_arm(conn);
    } else {
        conn_begin(conn);
    }
}

void conn_end_identification(struct conn *conn) {
    if (!conn->identify_last) {
        conn->identify_last = true;
        conn->identify_by_ns += IDENTIFY_LAST_NS;
        conn_arm(conn);
        return;
    }
    conn->identify_by_ns = 0;
    conn_begin(conn);
}

void conn_forget_identification(struct conn *conn) {
    if (conn->identification != NULL) {
        conn->identification->conn = NULL;
    }
}
