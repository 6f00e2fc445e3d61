// SPDX-License-Identifier: MIT
#include "base/memory.h"
#include "net/conn_state.h"
#include "net/origdst.h"

#include <stdlib.h>
#include <string.h>

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

static bool is_local_client(const struct conn *conn, const struct sockaddr *client) {
    return address_is_loopback(client) ||
           strcmp(conn->client_text.host, conn->client_local_text.host) == 0 ||
           origdst_is_local(client); // redirected from another of our addresses
}

// The connection to the server is made meanwhile; the session begins with both known.
static void start_identification(struct conn *conn, const struct sockaddr *client, int fd) {
    struct identification *identification = mem_new(sizeof(*identification));
    socklen_t len = sizeof(identification->server);
    identification->conn = conn;
    identification->owner = conn->worker->service->owner;
    identification->work.data = identification;
    memcpy(&identification->client, client, address_len(client));
    if (conn->destination.ss_family != AF_UNSPEC) {
        identification->server = conn->destination;
    } else {
        getsockname(fd, (struct sockaddr *)&identification->server, &len);
    }
    conn->identification = identification;
    uv_queue_work(&conn->worker->loop, &identification->work, identify, identified);
}

void conn_identify(struct conn *conn, const struct sockaddr *client, int fd) {
    if (conn->client_process.pid == 0 && is_local_client(conn, client)) {
        start_identification(conn, client, fd);
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
