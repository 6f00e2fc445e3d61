// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/conn_state.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// How soon is looked again what nobody announces: that the outputs are not congested any more, that
// a peer has got all it was sent.
#define LOOK_AGAIN_NS (10 * NS_PER_MS)

int64_t conn_now_ns(const struct conn *conn) {
    return (int64_t)uv_hrtime() - conn->accepted_ns;
}

const struct proxy_options *conn_options(const struct conn *conn) {
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
        buf_put_string(out, " to ");
        text_put_printable(out, slice_of_string(name)); // SOCKS5 and SNI take any byte
        buf_putf(out, " port %u", server->port);
    }
    buf_putf(out, ", %lld s\n", (long long)(conn_now_ns(conn) / NS_PER_S));
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

static void free_timer(uv_handle_t *handle) {
    free(handle);
}

// Of a session that is still going on, too: the status line stands below its findings.
static void count_news(struct conn *conn) {
    struct service *service = conn->worker->service;
    struct observer_counts counts = relay_counts(conn->relay);
    if (counts.messages != conn->counted.messages) {
        atomic_fetch_add(&service->messages, counts.messages - conn->counted.messages);
    }
    if (counts.findings != conn->counted.findings) {
        atomic_fetch_add(&service->findings, counts.findings - conn->counted.findings);
    }
    conn->counted = counts;
}

void conn_end(struct conn *conn) {
    bool recorded = conn->relay != NULL;
    if (recorded) {
        relay_finish(conn->relay, conn_now_ns(conn));
        count_news(conn);
    }
    conn_forget_identification(conn);
    dial_cancel(conn->dial);
    if (conn->dial_result.fd >= 0) {
        close(conn->dial_result.fd); // connected, and never adopted
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
    uint64_t idle_ms = conn_options(conn)->idle_timeout_ms;
    return idle_ms == 0 ? INT64_MAX : conn->active_ns + (int64_t)idle_ms * NS_PER_MS;
}

static bool congested(const struct conn *conn) {
    return conn->relay != NULL && relay_is_congested(conn->relay);
}

static int64_t next_deadline(const struct conn *conn, int64_t now_ns) {
    int64_t next_ns = idle_deadline(conn);
    if (conn->identify_by_ns != 0 && conn->identify_by_ns < next_ns) {
        next_ns = conn->identify_by_ns;
    }
    if (conn->relay != NULL && relay_deadline_ns(conn->relay) < next_ns) {
        next_ns = relay_deadline_ns(conn->relay);
    }
    if (conn->look_at_ns < next_ns) {
        next_ns = conn->look_at_ns;
    }
    bool looks_again = congested(conn) || conn->reset_by_ns != 0;
    if (looks_again && now_ns + LOOK_AGAIN_NS < next_ns) {
        next_ns = now_ns + LOOK_AGAIN_NS;
    }
    return next_ns;
}

// The timer is moved only when something is due earlier: one that fires too early looks again.
void conn_arm(struct conn *conn) {
    int64_t now_ns = conn_now_ns(conn);
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
    int64_t now_ns = conn_now_ns(conn);
    conn->armed_ns = INT64_MAX;
    if (conn->identify_by_ns != 0 && now_ns >= conn->identify_by_ns) {
        conn_end_identification(conn);
        return;
    }
    if (conn->relay == NULL) {
        if (now_ns >= idle_deadline(conn)) {
            conn_end(conn); // It never said what it wants.
            return;
        }
        conn_arm(conn);
        return;
    }
    if (now_ns >= relay_deadline_ns(conn->relay)) {
        relay_tick(conn->relay, now_ns);
    }
    if (now_ns >= idle_deadline(conn)) {
        conn->active_ns = now_ns;
        relay_idle(conn->relay, now_ns);
    }
    if (now_ns >= conn->look_at_ns) {
        conn_look_at_client(conn);
    }
    conn_update(conn);
}

void conn_stop(struct conn *conn) {
    if (conn->relay == NULL) {
        conn_end(conn);
        return;
    }
    conn->stopped = true;
    conn->reset_by_ns = conn->reset_by_ns == 0 ? 0 : conn_now_ns(conn) + RELAY_STOP_LINGER_NS;
    relay_stop(conn->relay, conn_now_ns(conn));
    conn_update(conn);
}

// ── moving bytes ────────────────────────────────────────────────────────────────────────────────

static struct peer *peer_of(const struct conn *conn, enum side side) {
    return side == SIDE_CLIENT ? conn->client : conn->server;
}

// A peer that is gone may have said why before it went (552 in the middle of a message): that lies
// unread in the socket, while a write already fails. True if there was something.
static bool read_last_words(struct conn *conn, enum side side) {
    char *buffer = conn->worker->read_buffer;
    bool any = false;
    while (relay_wants_read(conn->relay, side)) {
        ssize_t len = recv(peer_fd(peer_of(conn, side)), buffer, LIMIT_READ, MSG_DONTWAIT);
        if (len <= 0) {
            break;
        }
        relay_receive(conn->relay, side, slice_of(buffer, (size_t)len), conn_now_ns(conn));
        any = true;
    }
    return any;
}

bool conn_lose_peer(struct conn *conn, enum side side) {
    bool any = read_last_words(conn, side);
    relay_reset(conn->relay, side, conn_now_ns(conn));
    return any;
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
            return conn_lose_peer(conn, side) || moved;
        }
        relay_sent(conn->relay, side, (size_t)sent, conn_now_ns(conn));
        moved = true;
    }
    return moved;
}

// A reset throws away what our kernel has not sent yet, and that is mail: it waits for it to
// arrive, but not for ever for a peer that does not read.
static bool must_arrive_first(struct conn *conn, const struct peer *peer) {
    int64_t now_ns = conn_now_ns(conn);
    if (!peer_has_unsent(peer)) {
        return false;
    }
    if (conn->reset_by_ns == 0) {
        conn->reset_by_ns = now_ns + (conn->stopped ? RELAY_STOP_LINGER_NS : RELAY_LINGER_NS);
    }
    return now_ns < conn->reset_by_ns;
}

static void close_side(struct conn *conn, enum side side) {
    struct peer *peer = peer_of(conn, side);
    if (peer == NULL) {
        return;
    }
    if (relay_wants_shutdown(conn->relay, side) && !peer->writing) {
        if (side == SIDE_CLIENT && peer_is_gone(peer)) {
            relay_client_gone(conn->relay, conn_now_ns(conn));
        }
        peer_shutdown(peer);
        relay_shutdown_done(conn->relay, side);
    }
    bool reset = relay_wants_reset(conn->relay, side) && !peer->writing;
    if (reset && !must_arrive_first(conn, peer)) {
        struct peer **slot = side == SIDE_CLIENT ? &conn->client : &conn->server;
        *slot = NULL;
        peer_close_reset(peer);
    }
}

static bool reset_waits(const struct conn *conn, enum side side) {
    return peer_of(conn, side) != NULL && conn->reset_by_ns != 0 &&
           relay_wants_reset(conn->relay, side);
}

// A peer that was given up is not waited for: one that never reads would hold its write for ever.
static bool write_pends(const struct conn *conn, enum side side) {
    const struct peer *peer = peer_of(conn, side);
    return peer != NULL && peer->writing && !relay_gave_up(conn->relay, side);
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

void conn_update(struct conn *conn) {
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
    bool pending = write_pends(conn, SIDE_CLIENT) || write_pends(conn, SIDE_SERVER) ||
                   reset_waits(conn, SIDE_CLIENT) || reset_waits(conn, SIDE_SERVER);
    if (relay_is_done(conn->relay) && !pending) {
        conn_end(conn);
        return;
    }
    set_reading(conn);
    conn_watch_client(conn);
    count_news(conn);
    conn_arm(conn);
}

static uv_buf_t lend_buffer(void *owner, enum side side) {
    struct conn *conn = owner;
    size_t len = share_take(&conn->shares[side], &conn->worker->turn);
    return uv_buf_init(conn->worker->read_buffer, (unsigned)len);
}

static void on_received(void *owner, enum side side, struct slice bytes) {
    struct conn *conn = owner;
    conn->active_ns = conn_now_ns(conn);
    if (conn->relay == NULL) {
        conn_take_socks5(conn, bytes);
        return;
    }
    relay_receive(conn->relay, side, bytes, conn->active_ns);
    share_spent(&conn->shares[side], &conn->worker->turn, bytes.len,
                conn_now_ns(conn) - conn->active_ns);
    conn_update(conn);
}

static void on_ended(void *owner, enum side side, int error) {
    struct conn *conn = owner;
    if (conn->relay == NULL) {
        conn_end(conn);
        return;
    }
    if (error == 0) {
        if (side == SIDE_CLIENT && peer_left_unread(conn->client)) {
            relay_client_left_unread(conn->relay);
        }
        if (side == SIDE_CLIENT) {
            conn->client_ended = true;
            peer_probe(conn->client); // One on another machine shows itself so.
        }
        relay_eof(conn->relay, side, conn_now_ns(conn));
    } else {
        conn_lose_peer(conn, side);
    }
    conn_update(conn);
}

static void on_written(void *owner, enum side side) {
    struct conn *conn = owner;
    (void)side;
    conn->active_ns = conn_now_ns(conn);
    if (conn->relay != NULL) {
        conn_update(conn);
    } else if (conn->socks5 != NULL && conn->socks5->state == SOCKS5_REFUSED) {
        conn_end(conn);
    }
}

struct peer *conn_adopt(struct conn *conn, enum side side, int fd) {
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
