// SPDX-License-Identifier: MIT
#include "net/conn.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/origdst.h"
#include "net/peer.h"
#include "net/socks5.h"
#include "net/worker.h"
#include "relay/relay.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// How soon reading is tried again while the outputs are congested.
#define CONGESTION_NS (10 * NS_PER_MS)

// A look-up of the client's process on a helper thread. It outlives the connection if it must.
struct identification {
    uv_work_t work;
    struct conn *conn; // NULL when the connection has ended
    struct owner *owner;
    struct sockaddr_storage client;
    struct sockaddr_storage server;
    struct process_identity found;
};

struct conn {
    struct conn *previous;
    struct conn *next;
    struct worker *worker;
    const struct listen_spec *spec;
    struct event_session session;
    struct address_text client_text;
    struct address_text client_local_text;
    struct address_text server_text;
    struct address_text server_local_text;
    char *server_host; // the name asked for; NULL where there is none
    uint16_t server_port;
    struct sockaddr_storage destination; // transparent and run: where the client was going
    struct process_identity client_process;
    struct identification *identification; // under way
    struct peer *client;
    struct peer *server;
    struct dial *dial;
    bool dialled; // the dial has ended, `dial_result` holds
    struct dial_result dial_result;
    struct socks5 *socks5; // NULL in other modes, and once it is done
    struct relay *relay;   // NULL until the client is known
    uv_timer_t *timer;     // heap: frees itself in its close callback
    int64_t armed_ns;      // when the timer fires; INT64_MAX for never
    int64_t accepted_ns;   // of the loop's clock
    int64_t active_ns;     // the last byte of either side, since the accept
    bool direct;           // transparent: nobody redirected it
    bool updating;
};

static void update(struct conn *conn);
static void start_session(struct conn *conn);

static int64_t at_ns(const struct conn *conn) {
    return (int64_t)uv_hrtime() - conn->accepted_ns;
}

static const struct proxy_options *options_of(const struct conn *conn) {
    return conn->worker->service->options;
}

// ── the worker's list ───────────────────────────────────────────────────────────────────────────

struct conn *conn_next(const struct conn *conn) {
    return conn->next;
}

void conn_list_add(struct conn **first, struct conn *conn) {
    conn->next = *first;
    conn->previous = NULL;
    if (*first != NULL) {
        (*first)->previous = conn;
    }
    *first = conn;
}

void conn_list_remove(struct conn **first, struct conn *conn) {
    if (conn->previous != NULL) {
        conn->previous->next = conn->next;
    } else {
        *first = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->previous = conn->previous;
    }
}

void conn_put_line(const struct conn *conn, struct buf *out) {
    const struct event_endpoint *server = &conn->session.server;
    const char *name = server->host != NULL ? server->host : server->address;
    buf_putf(out, "session %llu: %s %s port %u", (unsigned long long)conn->session.id,
             mode_name(conn->session.mode), conn->client_text.host, conn->client_text.port);
    if (name != NULL) {
        buf_putf(out, " to %s port %u", name, server->port);
    }
    buf_putf(out, ", %lld s\n", (long long)(at_ns(conn) / NS_PER_S));
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

static void free_timer(uv_handle_t *handle) {
    free(handle);
}

static void count_session(struct conn *conn) {
    struct service *service = conn->worker->service;
    struct observer_counts counts = relay_counts(conn->relay);
    atomic_fetch_add(&service->messages, counts.messages);
    atomic_fetch_add(&service->findings, counts.findings);
}

static void end_conn(struct conn *conn) {
    bool recorded = conn->relay != NULL;
    if (recorded) {
        relay_finish(conn->relay, at_ns(conn));
        count_session(conn);
    }
    if (conn->identification != NULL) {
        conn->identification->conn = NULL;
    }
    dial_cancel(conn->dial);
    if (conn->dialled && conn->server == NULL && conn->dial_result.fd >= 0) {
        close(conn->dial_result.fd);
    }
    peer_close(conn->client);
    peer_close(conn->server);
    uv_close((uv_handle_t *)conn->timer, free_timer);
    relay_free(conn->relay);
    struct worker *worker = conn->worker;
    worker_session_ended(worker, conn, recorded);
    free(conn->socks5);
    free(conn->server_host);
    free(conn);
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────

static void on_timer(uv_timer_t *timer);

static int64_t idle_deadline(const struct conn *conn) {
    uint64_t idle_ms = options_of(conn)->idle_timeout_ms;
    return idle_ms == 0 ? INT64_MAX : conn->active_ns + (int64_t)idle_ms * NS_PER_MS;
}

static bool congested(const struct conn *conn) {
    return output_set_congested(options_of(conn)->relay->outputs);
}

static int64_t next_deadline(const struct conn *conn, int64_t now_ns) {
    int64_t next_ns = idle_deadline(conn);
    if (conn->relay != NULL && relay_deadline_ns(conn->relay) < next_ns) {
        next_ns = relay_deadline_ns(conn->relay);
    }
    if (congested(conn) && now_ns + CONGESTION_NS < next_ns) {
        next_ns = now_ns + CONGESTION_NS;
    }
    return next_ns;
}

// The timer is moved only when something is due earlier: one that fires too early looks again.
static void arm(struct conn *conn) {
    int64_t now_ns = at_ns(conn);
    int64_t next_ns = next_deadline(conn, now_ns);
    if (next_ns >= conn->armed_ns) {
        return;
    }
    int64_t wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
    conn->armed_ns = next_ns;
    uv_update_time(&conn->worker->loop);
    uv_timer_start(conn->timer, on_timer, (uint64_t)(wait_ns / NS_PER_MS + 1), 0);
}

static void on_timer(uv_timer_t *timer) {
    struct conn *conn = timer->data;
    int64_t now_ns = at_ns(conn);
    conn->armed_ns = INT64_MAX;
    if (conn->relay == NULL) {
        if (now_ns >= idle_deadline(conn)) {
            end_conn(conn); // It never said what it wants.
            return;
        }
        arm(conn);
        return;
    }
    if (now_ns >= relay_deadline_ns(conn->relay)) {
        relay_tick(conn->relay, now_ns);
    }
    if (now_ns >= idle_deadline(conn)) {
        conn->active_ns = now_ns;
        relay_idle(conn->relay, now_ns);
    }
    update(conn);
}

void conn_stop(struct conn *conn) {
    if (conn->relay == NULL) {
        end_conn(conn);
        return;
    }
    relay_stop(conn->relay, at_ns(conn));
    update(conn);
}

// ── moving bytes ────────────────────────────────────────────────────────────────────────────────

static struct peer *peer_of(const struct conn *conn, enum side side) {
    return side == SIDE_CLIENT ? conn->client : conn->server;
}

static bool pump(struct conn *conn, enum side side) {
    struct peer *peer = peer_of(conn, side);
    bool moved = false;
    while (peer != NULL && !peer->writing) {
        struct slice bytes = relay_output(conn->relay, side);
        if (bytes.len == 0) {
            break;
        }
        ssize_t sent = peer_write(peer, bytes);
        if (sent < 0) {
            relay_reset(conn->relay, side, at_ns(conn));
            break;
        }
        relay_sent(conn->relay, side, (size_t)sent, at_ns(conn));
        moved = true;
    }
    return moved;
}

static void close_side(struct conn *conn, enum side side) {
    struct peer *peer = peer_of(conn, side);
    if (peer == NULL) {
        return;
    }
    if (relay_wants_shutdown(conn->relay, side) && !peer->writing) {
        peer_shutdown(peer);
        relay_shutdown_done(conn->relay, side);
    }
    if (relay_wants_reset(conn->relay, side) && !peer->writing) {
        struct peer **slot = side == SIDE_CLIENT ? &conn->client : &conn->server;
        *slot = NULL;
        peer_close_reset(peer);
    }
}

static bool writes_pend(const struct conn *conn) {
    return (conn->client != NULL && conn->client->writing) ||
           (conn->server != NULL && conn->server->writing);
}

static void set_reading(struct conn *conn) {
    bool wait = congested(conn);
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        struct peer *peer = peer_of(conn, side);
        if (peer != NULL) {
            peer_read(peer, !wait && relay_wants_read(conn->relay, side));
        }
    }
}

// Brings sockets and timer in line with what the relay wants. Ends the connection when it is done:
// nothing may touch it after this.
static void update(struct conn *conn) {
    assert(conn->relay != NULL && !conn->updating);
    conn->updating = true;
    bool moved = true;
    while (moved) {
        moved = pump(conn, SIDE_CLIENT);
        moved = pump(conn, SIDE_SERVER) || moved;
    }
    close_side(conn, SIDE_CLIENT);
    close_side(conn, SIDE_SERVER);
    conn->updating = false;
    if (relay_is_done(conn->relay) && !writes_pend(conn)) {
        end_conn(conn);
        return;
    }
    set_reading(conn);
    arm(conn);
}

static uv_buf_t lend_buffer(void *owner) {
    struct conn *conn = owner;
    return uv_buf_init(conn->worker->read_buffer, LIMIT_READ);
}

static void take_socks5(struct conn *conn, struct slice bytes);

static void on_received(void *owner, enum side side, struct slice bytes) {
    struct conn *conn = owner;
    conn->active_ns = at_ns(conn);
    if (conn->socks5 != NULL) {
        take_socks5(conn, bytes);
        return;
    }
    relay_receive(conn->relay, side, bytes, conn->active_ns);
    update(conn);
}

static void on_ended(void *owner, enum side side, int error) {
    struct conn *conn = owner;
    if (conn->relay == NULL) {
        end_conn(conn);
        return;
    }
    if (error == 0) {
        relay_eof(conn->relay, side, at_ns(conn));
    } else {
        relay_reset(conn->relay, side, at_ns(conn));
    }
    update(conn);
}

static void on_written(void *owner, enum side side) {
    struct conn *conn = owner;
    (void)side;
    conn->active_ns = at_ns(conn);
    if (conn->relay != NULL) {
        update(conn);
    } else if (conn->socks5 != NULL && conn->socks5->state == SOCKS5_REFUSED) {
        end_conn(conn);
    }
}

static struct peer *adopt(struct conn *conn, enum side side, int fd) {
    struct peer *peer = peer_new(&conn->worker->loop, side);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int error = uv_tcp_open(&peer->tcp, fd);
    assert(error == 0);
    (void)error;
    peer->owner = conn;
    peer->received = on_received;
    peer->ended = on_ended;
    peer->written = on_written;
    peer->buffer = lend_buffer;
    return peer;
}

// ── the server ──────────────────────────────────────────────────────────────────────────────────

static void answer_socks5(struct conn *conn);

static bool tells_client(const struct conn *conn) {
    return conn->session.mode != MODE_SOCKS5 && conn->session.mode != MODE_RUN;
}

static void use_dial_result(struct conn *conn) {
    const struct dial_result *result = &conn->dial_result;
    struct event_endpoint *server = &conn->session.server;
    bool tried = result->address.ss_family != AF_UNSPEC;
    if (tried) {
        conn->server_text = address_text((const struct sockaddr *)&result->address);
        server->address = conn->server_text.host;
    }
    answer_socks5(conn);
    if (result->fd < 0) {
        relay_connect_failed(conn->relay, result->failure.text, tells_client(conn), at_ns(conn));
        update(conn);
        return;
    }
    conn->server = adopt(conn, SIDE_SERVER, result->fd);
    conn->server_local_text = address_of_socket(result->fd);
    conn->session.server_local.address = conn->server_local_text.host;
    conn->session.server_local.port = conn->server_local_text.port;
    relay_connected(conn->relay, conn->server_local_text.host, at_ns(conn));
    update(conn);
}

static void on_dialled(void *context, const struct dial_result *result) {
    struct conn *conn = context;
    conn->dial = NULL;
    conn->dialled = true;
    conn->dial_result = *result;
    conn->active_ns = at_ns(conn);
    if (conn->relay != NULL) {
        use_dial_result(conn);
    }
}

static void start_dial(struct conn *conn) {
    bool by_address = conn->destination.ss_family != AF_UNSPEC;
    struct dial_target target = {
        .host = conn->server_host,
        .address = by_address ? (struct sockaddr *)&conn->destination : NULL,
        .port = conn->server_port,
        .timeout_ms = (int64_t)options_of(conn)->connect_timeout_ms,
        .mark = options_of(conn)->mark,
    };
    conn->dial = dial_start(&conn->worker->loop, &target, on_dialled, conn);
}

// ── SOCKS5 ──────────────────────────────────────────────────────────────────────────────────────

static void send_socks5(struct conn *conn) {
    struct slice bytes = socks5_output(conn->socks5);
    if (bytes.len > 0 && !conn->client->writing) {
        ssize_t sent = peer_write(conn->client, bytes);
        (void)sent; // A client that is gone shows itself by its reads.
        socks5_output_sent(conn->socks5);
    }
}

// The answer goes out before anything else of the session.
static void answer_socks5(struct conn *conn) {
    if (conn->socks5 == NULL) {
        return;
    }
    if (conn->dial_result.fd >= 0) {
        struct sockaddr_storage local = {0};
        socklen_t len = sizeof(local);
        getsockname(conn->dial_result.fd, (struct sockaddr *)&local, &len);
        socks5_answer_connected(conn->socks5, (struct sockaddr *)&local);
    } else {
        int error = conn->dial_result.error;
        enum socks5_reply reply = error == 0 ? SOCKS5_UNREACHABLE : socks5_reply_of_errno(error);
        socks5_answer_failed(conn->socks5, reply);
    }
    send_socks5(conn);
    free(conn->socks5);
    conn->socks5 = NULL;
}

static void set_socks5_target(struct conn *conn) {
    const struct socks5 *socks5 = conn->socks5;
    conn->server_port = socks5->port;
    if (socks5->host_is_name) {
        conn->server_host = mem_string(socks5->host);
    } else if (!address_parse(&conn->destination, socks5->host, socks5->port)) {
        conn->server_host = mem_string(socks5->host);
    }
    address_unmap(&conn->destination);
}

// The client waits for our answer, so nothing of its stream can stand behind the request yet; what
// does all the same is no SOCKS5 and is not relayed.
static void take_socks5(struct conn *conn, struct slice bytes) {
    struct socks5 *socks5 = conn->socks5;
    socks5_feed(socks5, bytes);
    send_socks5(conn);
    if (socks5->state == SOCKS5_REFUSED) {
        if (!conn->client->writing) {
            end_conn(conn);
        }
        return;
    }
    if (socks5->state == SOCKS5_CONNECTING && conn->relay == NULL) {
        peer_read(conn->client, false);
        set_socks5_target(conn);
        start_dial(conn);
        start_session(conn);
    }
}

// ── beginning ───────────────────────────────────────────────────────────────────────────────────

static void fill_session(struct conn *conn) {
    struct event_session *session = &conn->session;
    session->id = atomic_fetch_add(&conn->worker->service->next_id, 1) + 1;
    session->mode = conn->spec->mode;
    session->has_server = session->mode != MODE_SINK;
    session->client.address = conn->client_text.host[0] == '\0' ? NULL : conn->client_text.host;
    session->client.port = conn->client_text.port;
    session->client.pid = conn->client_process.pid;
    session->client.program =
        conn->client_process.program[0] == '\0' ? NULL : conn->client_process.program;
    session->client_local.address = conn->client_local_text.host;
    session->client_local.port = conn->client_local_text.port;
    session->server.host = conn->server_host;
    session->server.port = conn->server_port;
}

// From here it is a session: it has a number, and it will be told to the outputs.
static void start_session(struct conn *conn) {
    bool redirected = conn->destination.ss_family != AF_UNSPEC;
    struct address_text destination = {0};
    if (redirected) {
        destination = address_text((struct sockaddr *)&conn->destination);
    }
    fill_session(conn);
    struct relay_setup setup = {
        .config = options_of(conn)->relay,
        .session = &conn->session,
        .mode = conn->spec->mode,
        .implicit_server = conn->spec->implicit_server,
        .server_name = conn->server_host,
        .client_local_address = redirected ? destination.host : conn->client_local_text.host,
        .scratch = &conn->worker->scratch,
    };
    conn->relay = relay_new(&setup, at_ns(conn));
    if (conn->direct) {
        relay_connect_failed(conn->relay,
                             "this port takes only connections that the firewall redirected to it; "
                             "connect to the mail server itself, or use --mode reverse",
                             true, at_ns(conn));
        update(conn);
    } else if (conn->dialled) {
        use_dial_result(conn);
    } else {
        update(conn);
    }
}

static void begin(struct conn *conn) {
    if (conn->spec->mode == MODE_SOCKS5) {
        conn->socks5 = mem_new(sizeof(*conn->socks5));
        peer_read(conn->client, true);
        arm(conn);
    } else {
        start_session(conn);
    }
}

// ── who the client is ───────────────────────────────────────────────────────────────────────────

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
        begin(conn);
    }
    free(identification);
}

static bool is_local_client(const struct conn *conn, const struct sockaddr *client) {
    return address_is_loopback(client) ||
           strcmp(conn->client_text.host, conn->client_local_text.host) == 0;
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

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

static struct conn *new_conn(struct worker *worker, const struct listen_spec *spec) {
    struct conn *conn = mem_new(sizeof(*conn));
    conn->worker = worker;
    conn->spec = spec;
    conn->accepted_ns = (int64_t)uv_hrtime();
    conn->armed_ns = INT64_MAX;
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
    } else {
        conn->direct = true;
    }
}

static bool claim(struct conn *conn, int fd) {
    struct capture *capture = atomic_load(&conn->worker->service->capture);
    struct capture_connection captured;
    if (capture == NULL || !capture_claim(capture, fd, &captured)) {
        return false;
    }
    take_destination(conn, &captured.server);
    conn->client_process = captured.client;
    if (captured.server_fd >= 0) {
        conn->dialled = true;
        conn->dial_result.fd = captured.server_fd;
        conn->dial_result.address = captured.server;
    }
    return true;
}

static void begin_when_known(struct conn *conn, const struct sockaddr *client, int fd) {
    if (conn->client_process.pid == 0 && is_local_client(conn, client)) {
        start_identification(conn, client, fd);
        arm(conn);
    } else {
        begin(conn);
    }
}

void conn_accept(struct worker *worker, struct listener *listener, int fd,
                 const struct sockaddr *client) {
    struct conn *conn = new_conn(worker, listener->spec);
    conn->client_text = address_text(client);
    conn->client_local_text = address_of_socket(fd);
    worker_session_began(worker, conn);
    conn->client = adopt(conn, SIDE_CLIENT, fd);
    if (conn->spec->mode == MODE_TRANSPARENT) {
        find_destination(conn, listener, fd);
    } else if (conn->spec->mode == MODE_RUN && !claim(conn, fd)) {
        end_conn(conn);
        return;
    }
    bool has_target = conn->server_host != NULL || conn->destination.ss_family != AF_UNSPEC;
    if (has_target && !conn->dialled) {
        start_dial(conn);
    }
    begin_when_known(conn, client, fd);
}

void conn_record_failed(struct worker *worker, const struct capture_connection *connection,
                        int error) {
    static const struct listen_spec spec = {.mode = MODE_RUN};
    struct conn *conn = new_conn(worker, &spec);
    worker_session_began(worker, conn);
    take_destination(conn, &connection->server);
    conn->server_text = address_text((const struct sockaddr *)&connection->server);
    conn->client_process = connection->client;
    fill_session(conn);
    conn->session.server.address = conn->server_text.host;
    struct relay_setup setup = {
        .config = options_of(conn)->relay,
        .session = &conn->session,
        .mode = MODE_RUN,
        .scratch = &worker->scratch,
    };
    char reason[FAILURE_MAX];
    snprintf(reason, sizeof(reason), "cannot connect to %s on port %u: %s", conn->server_text.host,
             conn->server_text.port, strerror(error));
    conn->relay = relay_new(&setup, at_ns(conn));
    relay_connect_failed(conn->relay, reason, false, at_ns(conn));
    end_conn(conn);
}
