// SPDX-License-Identifier: MIT
#include "base/memory.h"
#include "net/conn_state.h"

#include <stdlib.h>

// A look-up of the client's process on a helper thread. It outlives the connection if it must.
struct identification {
    uv_work_t work;
    struct conn *conn; // NULL when the connection has ended
    struct owner *owner;
    struct sockaddr_storage client;
    struct sockaddr_storage server;
    struct process_identity found;
};

static void identify(uv_work_t *work) {
    struct identification *identification = work->data;
    owner_find(identification->owner, &identification->found,
               (struct sockaddr *)&identification->client,
               (struct sockaddr *)&identification->server);
}

static void identified(uv_work_t *work, int status) {
    struct identification *identification = work->data;
    struct conn *conn = identification->conn;
    (void)status;
    if (conn != NULL) {
        conn->identification = NULL;
        conn->client_process = identification->found;
        conn_begin(conn);
    }
    free(identification);
}

// The connection to the server is made meanwhile; the session begins with both known.
static void start_identification(struct conn *conn) {
    struct identification *identification = mem_new(sizeof(*identification));
    identification->conn = conn;
    identification->owner = conn->worker->service->owner;
    identification->work.data = identification;
    identification->client = conn->client_name;
    identification->server = conn->client_peer;
    conn->identification = identification;
    uv_queue_work(&conn->worker->loop, &identification->work, identify, identified);
}

void conn_identify(struct conn *conn) {
    if (conn->client_process.pid == 0 && conn_client_is_local(conn)) {
        start_identification(conn);
        conn_arm(conn);
    } else {
        conn_begin(conn);
    }
}

void conn_forget_identification(struct conn *conn) {
    if (conn->identification != NULL) {
        conn->identification->conn = NULL;
    }
}
