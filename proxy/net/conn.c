// SPDX-License-Identifier: MIT
#include "net/conn.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/client_watch.h"
#include "net/deadline.h"
#include "net/identify.h"
#include "net/pair.h"
#include "net/proxy_header_peer.h"
#include "net/route.h"
#include "net/tunnel_peer.h"
#include "net/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

// How far the client has closed its connection.
enum client_close {
    CLIENT_CLOSED_NOTHING,
    CLIENT_CLOSED_WRITE, // a FIN came, after which nothing shows whether it still reads
    CLIENT_CLOSED_BOTH,  // a RST came, or its socket has no owner any more
};

struct recent_read {
    size_t len;
    int64_t spent_ns;
};

struct conn {
    struct live live; // first: the worker knows no more of it
    struct worker *worker;
    struct accepted accepted; // `peer` and `share` are in use below
    struct event_session session;
    struct address_text destination_text;
    struct address_text server_text;
    struct address_text server_local_text;
    struct pair pair;
    struct share shares[2];
    struct recent_read reads[2]; // by side: what came since the latest update
    struct deadline *deadline;
    int64_t dial_at_ns;  // a dial that --fault holds; INT64_MAX: none
    int64_t active_ns;   // the last byte of either side
    int64_t heard_ns[2]; // the last read of each
    struct client_watch watch;
    struct turn_output output; // in the list: it was not updated after what came
    enum client_close client_close;
    bool updating;
    struct observer_counts counted; // what the service's counts have of this session
};

static const struct proxy_options *options_of(const struct conn *conn) {
    return conn->worker->service->options;
}

static void put_line(const struct live *live, struct buf *out) {
    const struct conn *conn = (const struct conn *)live;
    const struct address_text *client = &conn->accepted.client.text;
    const struct event_endpoint *server = &conn->session.server;
    const char *name = server->host != NULL ? server->host : server->address;
    buf_putf(out, "session %llu: %s %s port %u", (unsigned long long)conn->session.id,
             mode_name(conn->session.mode), client->host, client->port);
    if (name != NULL) {
        buf_put_string(out, " to ");
        text_put_printable(out, slice_of_string(name)); // A tunnel and SNI take any byte
        buf_putf(out, " port %u", server->port);
    }
    buf_putf(out, ", %lld s\n", (long long)(pair_now_ns(&conn->pair) / NS_PER_S));
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

// Of a session that is still going on, too: the status line is below its findings.
static void count_news(struct conn *conn) {
    struct service *service = conn->worker->service;
    struct observer_counts counts = relay_counts(conn->pair.relay);
    if (counts.messages != conn->counted.messages) {
        unsigned more = (unsigned)(counts.messages - conn->counted.messages);
        atomic_fetch_add(&service->messages, more);
        rate_count(&service->message_rate, uv_now(&conn->worker->loop), more);
    }
    if (counts.findings != conn->counted.findings) {
        atomic_fetch_add(&service->findings, counts.findings - conn->counted.findings);
    }
    conn->counted = counts;
}

static void end(struct conn *conn) {
    const struct client *client = &conn->accepted.client;
    relay_finish(conn->pair.relay, pair_now_ns(&conn->pair));
    if (client->process.pid != 0) {
        recent_places_ended(&conn->worker->recent_places, client->text.port);
    }
    count_news(conn);
    turn_output_remove(&conn->output);
    share_forget(&conn->shares[SIDE_CLIENT]);
    share_forget(&conn->shares[SIDE_SERVER]);
    identify_cancel(conn->accepted.identification);
    pair_close(&conn->pair);
    route_free(conn->accepted.route); // Its names are the session's.
    tunnel_free(conn->accepted.tunnel);
    deadline_close(conn->deadline);
    worker_session_ended(conn->worker, &conn->live, true);
    free(conn);
}

// A client whose end no read would show is looked at now and then.
static void watch_client(struct conn *conn) {
    const struct peer *client = conn->pair.peers[SIDE_CLIENT];
    bool seen = client == NULL || (client->reading && conn->client_close == CLIENT_CLOSED_NOTHING);
    client_watch_set(&conn->watch, !seen && conn->client_close != CLIENT_CLOSED_BOTH,
                     pair_now_ns(&conn->pair));
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────

static int64_t idle_deadline(const struct conn *conn) {
    uint64_t idle_ms = options_of(conn)->idle_timeout_ms;
    return idle_ms == 0 ? INT64_MAX : conn->active_ns + (int64_t)idle_ms * NS_PER_MS;
}

static int64_t next_deadline(const struct conn *conn) {
    int64_t next_ns = idle_deadline(conn);
    if (relay_deadline_ns(conn->pair.relay) < next_ns) {
        next_ns = relay_deadline_ns(conn->pair.relay);
    }
    if (client_watch_deadline_ns(&conn->watch) < next_ns) {
        next_ns = client_watch_deadline_ns(&conn->watch);
    }
    next_ns = conn->dial_at_ns < next_ns ? conn->dial_at_ns : next_ns;
    bool looks_again = relay_is_congested(conn->pair.relay) || conn->pair.reset_by_ns != 0;
    if (looks_again && pair_now_ns(&conn->pair) + CONN_LOOK_NS < next_ns) {
        next_ns = pair_now_ns(&conn->pair) + CONN_LOOK_NS;
    }
    return next_ns;
}

static void arm(struct conn *conn) {
    int64_t next_ns = next_deadline(conn);
    if (next_ns != INT64_MAX) {
        deadline_arm(conn->deadline, conn->accepted.accepted_ns + next_ns);
    }
}

// What the update after a read costs is of its cost: the far end may do its work there.
static void count_spent(struct conn *conn, int64_t update_ns) {
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        struct recent_read *read = &conn->reads[side];
        if (read->len > 0) {
            share_spent(&conn->shares[side], &conn->worker->turn, read->len,
                        read->spent_ns + update_ns);
            *read = (struct recent_read){0};
        }
    }
}

// Brings sockets and deadline in line with what the relay wants. Ends the connection when it is
// done: nothing may touch it after this.
static void update(struct conn *conn) {
    assert(!conn->updating);
    int64_t began_ns = pair_now_ns(&conn->pair);
    turn_output_remove(&conn->output);
    conn->updating = true;
    pair_move(&conn->pair);
    conn->updating = false;
    if (pair_is_done(&conn->pair)) {
        end(conn);
        return;
    }
    pair_read(&conn->pair, !relay_is_congested(conn->pair.relay));
    watch_client(conn);
    count_news(conn);
    arm(conn);
    count_spent(conn, pair_now_ns(&conn->pair) - began_ns);
}

// ── what the sockets say ────────────────────────────────────────────────────────────────────────

static void update_later(void *owner) {
    update(owner);
}

// Of a session that is yet to be updated after what the other peer sent.
static bool wants_read(const struct conn *conn, enum side side) {
    const struct relay *relay = conn->pair.relay;
    return !turn_output_waits(&conn->output) ||
           (relay_wants_read(relay, side) && !relay_is_congested(relay));
}

static uv_buf_t lend_buffer(void *owner, enum side side) {
    struct conn *conn = owner;
    struct share *share = &conn->shares[side];
    struct share_turn *turn = &conn->worker->turn;
    size_t unread = share_is_late(turn) ? peer_unread(conn->pair.peers[side]) : 0;
    size_t len = wants_read(conn, side) ? share_take(share, turn, unread) : 0;
    if (share_waits(share)) {
        peer_hold(conn->pair.peers[side]);
    }
    return uv_buf_init(conn->worker->read_buffer, (unsigned)len);
}

void conn_go_on(struct share *share) {
    struct conn *conn = share->owner;
    enum side side = share == &conn->shares[SIDE_CLIENT] ? SIDE_CLIENT : SIDE_SERVER;
    if (conn->pair.peers[side] != NULL) {
        peer_go_on(conn->pair.peers[side]);
    }
}

// What small reads leave is sent with that of the turn's other sessions.
static void update_after(struct conn *conn, size_t received, int64_t at_ns) {
    struct turn_outputs *outputs = &conn->worker->outputs;
    int64_t turn_ns = conn->accepted.accepted_ns + at_ns;
    if (turn_output_add(outputs, &conn->output, received, turn_ns)) {
        turn_outputs_send(outputs);
    }
}

static void on_received(void *owner, enum side side, struct slice bytes) {
    struct conn *conn = owner;
    conn->active_ns = pair_now_ns(&conn->pair);
    conn->heard_ns[side] = conn->active_ns;
    relay_receive(conn->pair.relay, side, bytes, conn->active_ns);
    int64_t at_ns = pair_now_ns(&conn->pair);
    conn->reads[side] = (struct recent_read){bytes.len, at_ns - conn->active_ns};
    update_after(conn, bytes.len, at_ns);
}

// What came before the end of a stream goes out before it. That may show a reset, and give the peer
// up.
static void send_what_waits(struct conn *conn) {
    if (turn_output_waits(&conn->output)) {
        conn->updating = true;
        pair_move(&conn->pair);
        conn->updating = false;
    }
}

static void on_ended(void *owner, enum side side, int error) {
    struct conn *conn = owner;
    send_what_waits(conn);
    if (conn->pair.peers[side] == NULL) {
        update(conn);
        return;
    }
    if (error == 0) {
        bool unacked = side == SIDE_CLIENT && peer_has_unacked(conn->pair.peers[SIDE_CLIENT]);
        if (side == SIDE_CLIENT && conn->client_close == CLIENT_CLOSED_NOTHING) {
            conn->client_close = CLIENT_CLOSED_WRITE;
        }
        relay_eof(conn->pair.relay, side, unacked ? RELAY_FIN_UNACKED : RELAY_FIN,
                  pair_now_ns(&conn->pair));
    } else {
        pair_lose(&conn->pair, side);
    }
    update(conn);
}

static void on_written(void *owner, enum side side) {
    struct conn *conn = owner;
    (void)side;
    conn->active_ns = pair_now_ns(&conn->pair);
    update(conn);
}

static const struct peer_handlers peer_handlers = {
    .received = on_received,
    .ended = on_ended,
    .written = on_written,
    .buffer = lend_buffer,
};

static void adopt(struct conn *conn, struct peer *peer) {
    conn->pair.peers[peer->side] = peer;
    peer_set_owner(peer, &peer_handlers, conn);
}

static void look_at_client(struct conn *conn) {
    int fd = peer_fd(conn->pair.peers[SIDE_CLIENT]);
    bool reset = peer_got_reset(conn->pair.peers[SIDE_CLIENT]);
    bool ended = conn->client_close != CLIENT_CLOSED_NOTHING;
    if (reset && !ended) {
        conn->client_close = CLIENT_CLOSED_BOTH;
        pair_lose(&conn->pair, SIDE_CLIENT);
    } else if (reset || (ended && client_is_orphan(&conn->accepted.client, fd))) {
        conn->client_close = CLIENT_CLOSED_BOTH;
        relay_client_closed_read(conn->pair.relay, pair_now_ns(&conn->pair));
    } else if (ended) {
        peer_probe(conn->pair.peers[SIDE_CLIENT]); // One on another machine shows itself so.
    }
    client_watch_looked(&conn->watch, pair_now_ns(&conn->pair));
}

static void use_dial_result(struct conn *conn);

// The time that --fault holds a dial for is over.
static void go_on_dialling(struct conn *conn) {
    struct route *route = conn->accepted.route;
    conn->dial_at_ns = INT64_MAX;
    if (route->dialled) {
        use_dial_result(conn);
    } else {
        route_let_go(route, conn->worker);
    }
}

// What lies unread may have come in time, if nothing was read since the time was over.
static bool may_have_said(const struct conn *conn, enum side side, int64_t due_ns) {
    return conn->heard_ns[side] < due_ns && peer_has_unread(conn->pair.peers[side]);
}

static bool is_over(const struct conn *conn, int64_t due_ns, int64_t at_ns) {
    return at_ns >= due_ns && !may_have_said(conn, SIDE_CLIENT, due_ns) &&
           !may_have_said(conn, SIDE_SERVER, due_ns);
}

static void on_due(void *context) {
    struct conn *conn = context;
    int64_t at_ns = pair_now_ns(&conn->pair);
    if (is_over(conn, relay_deadline_ns(conn->pair.relay), at_ns)) {
        relay_tick(conn->pair.relay, at_ns);
    }
    if (at_ns >= conn->dial_at_ns) {
        go_on_dialling(conn);
    }
    if (is_over(conn, idle_deadline(conn), at_ns)) {
        conn->active_ns = at_ns;
        relay_idle(conn->pair.relay, at_ns);
    }
    if (at_ns >= client_watch_deadline_ns(&conn->watch)) {
        look_at_client(conn);
    }
    update(conn);
}

static void stop(struct live *live) {
    struct conn *conn = (struct conn *)live;
    pair_stop(&conn->pair);
    update(conn);
}

// ── the server ──────────────────────────────────────────────────────────────────────────────────

static bool tells_client(const struct conn *conn) {
    return tunnel_protocol_of(conn->session.mode) == NULL && conn->session.mode != MODE_RUN;
}

static void answer_tunnel(struct conn *conn) {
    struct tunnel *tunnel = conn->accepted.tunnel;
    if (tunnel != NULL) {
        tunnel_answer(tunnel, conn->pair.peers[SIDE_CLIENT], &conn->accepted.route->result);
        tunnel_free(tunnel);
        conn->accepted.tunnel = NULL;
    }
}

// What the client connected to, as far as it knows.
static const struct address_text *client_target(const struct conn *conn) {
    bool redirected = route_is_redirected(conn->accepted.route);
    return redirected ? &conn->destination_text : &conn->accepted.client.local_text;
}

static void note_header(struct conn *conn, const char *way, enum proxy_header_version version) {
    const struct address_text *client = &conn->accepted.client.text;
    const struct address_text *target = client_target(conn);
    char text[FAILURE_MAX];
    snprintf(text, sizeof(text),
             "PROXY protocol header %s: version %d, client %s port %u, connected to %s port %u",
             way, (int)version, client->host, client->port, target->host, target->port);
    relay_note(conn->pair.relay, text, pair_now_ns(&conn->pair));
}

// After the connect, with which a session begins in `jsonl`.
static void note_headers(struct conn *conn, bool connected) {
    enum proxy_header_version received = conn->accepted.client.header;
    enum proxy_header_version sent = options_of(conn)->send_header;
    if (received != PROXY_HEADER_NONE) {
        note_header(conn, "from the balancer", received);
    }
    if (connected && sent != PROXY_HEADER_NONE) {
        note_header(conn, "to the server", sent);
    }
}

static void send_header(struct conn *conn, struct peer *server) {
    enum proxy_header_version version = options_of(conn)->send_header;
    if (version != PROXY_HEADER_NONE) {
        proxy_header_send(server, version, &conn->accepted.client.text, client_target(conn));
    }
}

static void connected(struct conn *conn) {
    struct peer *server = route_take_peer(conn->accepted.route);
    send_header(conn, server);
    conn->server_local_text = address_of_socket(peer_fd(server));
    conn->session.server_local.address = conn->server_local_text.host;
    conn->session.server_local.port = conn->server_local_text.port;
    adopt(conn, server);
    relay_connected(conn->pair.relay, conn->server_local_text.host, pair_now_ns(&conn->pair));
}

static void use_dial_result(struct conn *conn) {
    const struct dial_result *result = &conn->accepted.route->result;
    bool tried = result->address.any.sa_family != AF_UNSPEC;
    if (tried) {
        conn->server_text = address_text(&result->address.any);
        conn->session.server.address = conn->server_text.host;
    }
    bool reached = result->peer != NULL;
    answer_tunnel(conn);
    if (!reached) {
        relay_connect_failed(conn->pair.relay, result->failure->text, tells_client(conn),
                             pair_now_ns(&conn->pair));
    } else {
        connected(conn);
    }
    note_headers(conn, reached);
}

static void on_dialled(void *context) {
    struct conn *conn = context;
    conn->active_ns = pair_now_ns(&conn->pair);
    use_dial_result(conn);
    update(conn);
}

// ── the beginning ───────────────────────────────────────────────────────────────────────────────

static void show_process(struct conn *conn) {
    const struct process_identity *process = &conn->accepted.client.process;
    conn->session.client.pid = process->pid;
    conn->session.client.program = process->program[0] == '\0' ? NULL : process->program;
}

// Late: the rest of the session shows it.
static void on_identified(void *context, const struct process_identity *found) {
    struct conn *conn = context;
    conn->accepted.identification = NULL;
    conn->accepted.client.process = *found;
    show_process(conn);
}

static void fill_session(struct conn *conn) {
    struct event_session *session = &conn->session;
    const struct client *client = &conn->accepted.client;
    session->id = conn->accepted.session != 0
                      ? conn->accepted.session
                      : atomic_fetch_add(&conn->worker->service->next_id, 1) + 1;
    session->mode = conn->accepted.spec->mode;
    session->started_unix_ns = conn->accepted.started_unix_ns;
    session->has_server = mode_has_server(session->mode);
    session->client.address = client->text.host[0] == '\0' ? NULL : client->text.host;
    session->client.port = client->text.port;
    show_process(conn);
    session->client_local.address = client->local_text.host;
    session->client_local.port = client->local_text.port;
    session->server.host = conn->accepted.route->host;
    session->server.port = conn->accepted.route->port;
}

// From here it is a session: the outputs get it.
static void open_relay(struct conn *conn, const struct turned_away *turned_away) {
    const struct route *route = conn->accepted.route;
    if (route_is_redirected(route)) {
        conn->destination_text = address_text(&route->destination.any);
    }
    struct relay_setup setup = {
        .config = options_of(conn)->relay,
        .session = &conn->session,
        .mode = conn->session.mode,
        .implicit_server = conn->accepted.spec->implicit_server,
        .server_name = route->host,
        .client_local_address = client_target(conn)->host,
        .turned_away = turned_away != NULL,
        .scratch = &conn->worker->scratch,
    };
    conn->pair.relay = relay_new(&setup, pair_now_ns(&conn->pair));
}

static struct conn *new_conn(struct worker *worker, const struct accepted *accepted) {
    static const struct live_ops ops = {.stop = stop, .put_line = put_line};
    struct conn *conn = mem_new(sizeof(*conn));
    conn->live.ops = &ops;
    conn->worker = worker;
    conn->accepted = *accepted;
    conn->pair.began_ns = accepted->accepted_ns;
    conn->pair.buffer = worker->read_buffer;
    conn->active_ns = pair_now_ns(&conn->pair);
    conn->dial_at_ns = INT64_MAX;
    conn->deadline = deadline_new(&worker->loop, on_due, conn);
    conn->output = (struct turn_output){.send = update_later, .owner = conn};
    conn->shares[SIDE_CLIENT] = accepted->share;
    conn->shares[SIDE_CLIENT].owner = conn;
    conn->shares[SIDE_SERVER].owner = conn;
    fill_session(conn);
    return conn;
}

static void take_over(struct conn *conn) {
    struct accepted *accepted = &conn->accepted;
    adopt(conn, accepted->peer);
    identify_hand_over(accepted->identification, on_identified, conn);
    route_await(accepted->route, on_dialled, conn);
}

static void turn_away(struct conn *conn, const struct turned_away *turned_away) {
    struct relay *relay = conn->pair.relay;
    if (turned_away->answered) {
        relay_connect_failed(relay, turned_away->reason, true, pair_now_ns(&conn->pair));
    } else {
        relay_turn_away(relay, turned_away->outcome, turned_away->reason, pair_now_ns(&conn->pair));
    }
}

static void take_early(struct conn *conn, enum side side, const struct early *early) {
    if (early->from[side].len > 0) {
        relay_receive(conn->pair.relay, side, early->from[side], pair_now_ns(&conn->pair));
    }
}

// What a rule at `connect` makes of the dial.
static void ask_before_dial(struct conn *conn) {
    struct route *route = conn->accepted.route;
    const char *host = route->host != NULL ? route->host : conn->destination_text.host;
    struct relay_dial dial;
    relay_before_dial(&dial, conn->pair.relay, host, pair_now_ns(&conn->pair));
    switch (dial.what) {
    case RELAY_DIAL_NOW:
        route_let_go(route, conn->worker); // Under `run` the client is connected already.
        break;
    case RELAY_DIAL_LATER:
        conn->dial_at_ns = dial.due_ns;
        break;
    case RELAY_DIAL_FAILS:
        route_fail(route, dial.error, dial.reason);
        break;
    case RELAY_DIAL_NEVER:
        break;
    }
}

void conn_begin(struct worker *worker, struct live *arrival, const struct accepted *accepted,
                const struct turned_away *turned_away, const struct early *early) {
    struct conn *conn = new_conn(worker, accepted);
    worker_session_replaced(worker, arrival, &conn->live);
    open_relay(conn, turned_away);
    take_over(conn);
    take_early(conn, SIDE_CLIENT, early);
    if (turned_away == NULL && accepted->route->held && conn->session.has_server &&
        early->from[SIDE_SERVER].len == 0) {
        ask_before_dial(conn);
    }
    if (turned_away != NULL) {
        turn_away(conn, turned_away);
    } else if (accepted->route->dialled && conn->dial_at_ns == INT64_MAX) {
        use_dial_result(conn);
        take_early(conn, SIDE_SERVER, early);
    } else if (!conn->session.has_server) {
        note_headers(conn, false);
    }
    update(conn);
}

// Where a rule at `connect` kept the server from being dialled, that is why.
static void fail_undialled(struct conn *conn, const struct failed_dial *failed) {
    char reason[FAILURE_MAX];
    struct relay_dial dial = {.what = RELAY_DIAL_NOW};
    const char *host = conn->server_text.host;
    if (failed->session != 0) {
        relay_before_dial(&dial, conn->pair.relay, host, pair_now_ns(&conn->pair));
    }
    snprintf(reason, sizeof(reason), "cannot connect to %s on port %u: %s", host,
             conn->server_text.port, dial_advice(failed->error));
    if (dial.what != RELAY_DIAL_NEVER) {
        relay_connect_failed(conn->pair.relay, dial.what == RELAY_DIAL_FAILS ? dial.reason : reason,
                             false, pair_now_ns(&conn->pair));
    }
}

void conn_record_failed(struct worker *worker, const struct failed_dial *failed) {
    static const struct listen_spec spec = {.mode = MODE_RUN};
    // Nothing was ever accepted: the session is the time that the command waited.
    int64_t waited_ns = (int64_t)uv_hrtime() - failed->asked_monotonic_ns;
    struct accepted accepted = {
        .spec = &spec,
        .accepted_ns = failed->asked_monotonic_ns,
        .started_unix_ns = clock_unix_ns() - waited_ns,
        .session = failed->session,
        .client.process = failed->client,
        .route = route_new(NULL, 0),
    };
    route_set_destination(accepted.route, &failed->server);
    atomic_fetch_add(&worker->service->live, 1); // It is over already, and needs no room.
    struct conn *conn = new_conn(worker, &accepted);
    worker_session_began(worker, &conn->live, 0);
    conn->server_text = address_text((const struct sockaddr *)&failed->server);
    conn->session.server.address = conn->server_text.host;
    open_relay(conn, NULL);
    fail_undialled(conn, failed);
    end(conn);
}
