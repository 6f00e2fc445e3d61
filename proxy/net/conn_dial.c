// SPDX-License-Identifier: MIT
#include "net/conn_state.h"

static bool tells_client(const struct conn *conn) {
    return conn->session.mode != MODE_SOCKS5 && conn->session.mode != MODE_RUN;
}

void conn_use_dial_result(struct conn *conn) {
    const struct dial_result *result = &conn->dial_result;
    struct event_endpoint *server = &conn->session.server;
    bool tried = result->address.ss_family != AF_UNSPEC;
    if (tried) {
        conn->server_text = address_text((const struct sockaddr *)&result->address);
        server->address = conn->server_text.host;
    }
    conn_answer_socks5(conn);
    if (result->fd < 0) {
        relay_connect_failed(conn->relay, result->failure.text, tells_client(conn),
                             conn_now_ns(conn));
        conn_update(conn);
        return;
    }
    conn->server_local_text = address_of_socket(result->fd);
    conn->server = conn_adopt(conn, SIDE_SERVER, result->fd);
    // The peer owns it now, and may be closed before the session is: a second close would hit
    // whoever got the number next.
    conn->dial_result.fd = -1;
    conn->session.server_local.address = conn->server_local_text.host;
    conn->session.server_local.port = conn->server_local_text.port;
    relay_connected(conn->relay, conn->server_local_text.host, conn_now_ns(conn));
    conn_update(conn);
}

static void on_dialled(void *context, const struct dial_result *result) {
    struct conn *conn = context;
    conn->dial = NULL;
    conn->dialled = true;
    conn->dial_result = *result;
    conn->active_ns = conn_now_ns(conn);
    if (conn->relay != NULL) {
        conn_use_dial_result(conn);
    }
}

void conn_start_dial(struct conn *conn) {
    bool by_address = conn->destination.ss_family != AF_UNSPEC;
    struct dial_target target = {
        .host = conn->server_host,
        .address = by_address ? (struct sockaddr *)&conn->destination : NULL,
        .lookups = conn->worker->service->lookups,
        .port = conn->server_port,
        .timeout_ms = (int64_t)conn_options(conn)->connect_timeout_ms,
        .own = conn->spec->mode == MODE_REVERSE ? &conn->worker->service->own_listeners : NULL,
        .mark = conn_options(conn)->mark,
    };
    conn->dial = dial_start(&conn->worker->loop, &target, on_dialled, conn);
}
