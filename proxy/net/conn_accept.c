// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/memory.h"
#include "net/conn_state.h"
#include "net/origdst.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// ── the session ─────────────────────────────────────────────────────────────────────────────────

void conn_show_process(struct conn *conn) {
    struct event_endpoint *client = &conn->session.client;
    client->pid = conn->client_process.pid;
    client->program = conn->client_process.program[0] == '\0' ? NULL : conn->client_process.program;
}

static void fill_session(struct conn *conn) {
    struct event_session *session = &conn->session;
    session->id = atomic_fetch_add(&conn->worker->service->next_id, 1) + 1;
    session->mode = conn->spec->mode;
    session->has_server = session->mode != MODE_SINK;
    session->client.address = conn->client_text.host[0] == '\0' ? NULL : conn->client_text.host;
    session->client.port = conn->client_text.port;
    conn_show_process(conn);
    session->client_local.address = conn->client_local_text.host;
    session->client_local.port = conn->client_local_text.port;
    session->server.host = conn->server_host;
    session->server.port = conn->server_port;
}

// From here it is a session: it has a number, and it will be told to the outputs.
void conn_start_session(struct conn *conn) {
    bool redirected = conn->destination.ss_family != AF_UNSPEC;
    if (redirected) {
        conn->destination_text = address_text((struct sockaddr *)&conn->destination);
    }
    fill_session(conn);
    struct relay_setup setup = {
        .config = conn_options(conn)->relay,
        .session = &conn->session,
        .mode = conn->spec->mode,
        .implicit_server = conn->spec->implicit_server,
        .server_name = conn->server_host,
        .client_local_address =
            redirected ? conn->destination_text.host : conn->client_local_text.host,
        .scratch = &conn->worker->scratch,
    };
    conn->relay = relay_new(&setup, conn_now_ns(conn));
    if (conn->early.len > 0) {
        relay_receive(conn->relay, SIDE_CLIENT, conn->early, conn_now_ns(conn));
        conn->early = slice_of(NULL, 0);
    }
    if (conn->refusal != NULL) {
        relay_connect_failed(conn->relay, conn->refusal, true, conn_now_ns(conn));
        conn_update(conn);
    } else if (conn->dialled) {
        conn_use_dial_result(conn);
    } else {
        conn_update(conn);
    }
}

static bool has_target(const struct conn *conn) {
    return conn->server_host != NULL || conn->destination.ss_family != AF_UNSPEC;
}

static void refuse_own_connection(struct conn *conn) {
    if (conn->spec->mode == MODE_TRANSPARENT && conn->client_process.pid == (uint32_t)getpid()) {
        conn->refusal = "this connection is smtpscope's own to the server, which the firewall "
                        "redirected back to it: let connections that bear the mark 0x534d pass "
                        "(scripts/redirect does), and run smtpscope with CAP_NET_ADMIN or "
                        "CAP_NET_RAW, so that it may set the mark";
    }
}

void conn_begin(struct conn *conn) {
    refuse_own_connection(conn);
    if (conn->refusal == NULL && has_target(conn) && !conn->dialled && conn->dial == NULL) {
        conn_start_dial(conn);
    }
    if (conn->spec->mode == MODE_SOCKS5) {
        conn->socks5 = mem_new(sizeof(*conn->socks5));
        peer_read(conn->client, true);
        conn_arm(conn);
    } else {
        conn_start_session(conn);
    }
}

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

static struct conn *new_conn(struct worker *worker, const struct listen_spec *spec) {
    struct conn *conn = mem_new(sizeof(*conn));
    conn->worker = worker;
    conn->spec = spec;
    conn->accepted_ns = (int64_t)uv_hrtime();
    conn->armed_ns = INT64_MAX;
    conn->look_at_ns = INT64_MAX;
    conn->session.started_unix_ns = clock_unix_ns();
    conn->dial_result.fd = -1;
    conn->timer = mem_new(sizeof(*conn->timer));
    uv_timer_init(&worker->loop, conn->timer);
    conn->timer->data = conn;
    if (spec->mode == MODE_REVERSE) {
        conn->server_host = mem_string(spec->server_host);
        conn->server_port = spec->server_port;
    }
    return conn;
}

static void take_destination(struct conn *conn, const struct sockaddr_storage *destination) {
    conn->destination = *destination;
    conn->server_port = address_text((const struct sockaddr *)destination).port;
}

static void find_destination(struct conn *conn, const struct listener *listener, int fd) {
    struct sockaddr_storage destination = {0};
    if (origdst_find(&destination, fd, listener->port) == ORIGDST_FOUND) {
        take_destination(conn, &destination);
        conn->client_peer = destination; // the client's own socket knows of no redirection
    } else {
        conn->refusal = "this port takes only connections that the firewall redirected to it; "
                        "connect to the mail server itself, or use --mode reverse";
    }
}

static bool claim(struct conn *conn, int fd) {
    const struct lead *lead = conn->spec->lead;
    struct claimed claimed;
    if (!lead->claim(lead->context, fd, &claimed)) {
        return false;
    }
    take_destination(conn, &claimed.server);
    conn->client_process = claimed.client;
    if (claimed.server_fd >= 0) {
        conn->dialled = true;
        conn->dial_result.fd = claimed.server_fd;
        conn->dial_result.address = claimed.server;
    }
    return true;
}

void conn_accept(struct worker *worker, struct listener *listener, int fd,
                 const struct sockaddr *client) {
    struct conn *conn = new_conn(worker, listener->spec);
    socklen_t len = sizeof(conn->client_peer);
    memcpy(&conn->client_name, client, address_len(client));
    getsockname(fd, (struct sockaddr *)&conn->client_peer, &len);
    conn->client_text = address_text(client);
    conn->client_local_text = address_text((struct sockaddr *)&conn->client_peer);
    worker_session_began(worker, conn);
    conn->client = conn_adopt(conn, SIDE_CLIENT, fd);
    if (conn->spec->mode == MODE_TRANSPARENT) {
        find_destination(conn, listener, fd);
    } else if (conn->spec->lead != NULL && !claim(conn, fd)) {
        conn_end(conn);
        return;
    }
    // A redirected connection may be our own: then it must not be dialled once more.
    if (has_target(conn) && !conn->dialled && conn->spec->mode != MODE_TRANSPARENT) {
        conn_start_dial(conn);
    }
    conn_identify(conn);
}

void conn_record_failed(struct worker *worker, const struct failed_dial *failed) {
    static const struct listen_spec spec = {.mode = MODE_RUN};
    struct conn *conn = new_conn(worker, &spec);
    atomic_fetch_add(&worker->service->live, 1); // It is over already, and needs no room.
    worker_session_began(worker, conn);
    take_destination(conn, &failed->server);
    // Nobody was ever accepted: the session is the time that the command waited.
    conn->session.started_unix_ns -= conn->accepted_ns - failed->asked_monotonic_ns;
    conn->accepted_ns = failed->asked_monotonic_ns;
    conn->server_text = address_text((const struct sockaddr *)&failed->server);
    conn->client_process = failed->client;
    fill_session(conn);
    conn->session.server.address = conn->server_text.host;
    struct relay_setup setup = {
        .config = conn_options(conn)->relay,
        .session = &conn->session,
        .mode = MODE_RUN,
        .scratch = &worker->scratch,
    };
    char reason[FAILURE_MAX];
    snprintf(reason, sizeof(reason), "cannot connect to %s on port %u: %s", conn->server_text.host,
             conn->server_text.port, dial_advice(failed->error));
    conn->relay = relay_new(&setup, 0);
    relay_connect_failed(conn->relay, reason, false, conn_now_ns(conn));
    conn_end(conn);
}
