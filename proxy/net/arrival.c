// SPDX-License-Identifier: MIT
#include "net/arrival.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "net/conn.h"
#include "net/deadline.h"
#include "net/identify.h"
#include "net/networks.h"
#include "net/origdst.h"
#include "net/passage.h"
#include "net/peer.h"
#include "net/proxy_header.h"
#include "net/route.h"
#include "net/tunnel_peer.h"
#include "net/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_ADVICE                                                                              \
    "let the balancer send one (in HAProxy: send-proxy or send-proxy-v2), or take its address "    \
    "off "                                                                                         \
    "the list"

struct arrival {
    struct live live; // first: the worker knows no more of it
    struct worker *worker;
    enum arrival_state state;
    struct accepted accepted;
    struct deadline *deadline;
    int64_t identify_by_ns;
    bool identify_last;
    int64_t active_ns;           // the last byte of the client, or the accept
    const char *refusal;         // why this client gets no server; NULL where it may have one
    struct proxy_header *header; // awaited; or NULL
    struct buf early;            // what the client said after its header
};

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

static void free_arrival(struct arrival *arrival) {
    deadline_close(arrival->deadline);
    free(arrival->header);
    buf_cleanup(&arrival->early);
    free(arrival);
}

static void end(struct arrival *arrival) {
    identify_cancel(arrival->accepted.identification);
    route_free(arrival->accepted.route);
    peer_close(arrival->accepted.peer);
    tunnel_free(arrival->accepted.tunnel);
    worker_session_ended(arrival->worker, &arrival->live, false);
    free_arrival(arrival);
}

static void stop(struct live *live) {
    end((struct arrival *)live);
}

static void begin_session(struct arrival *arrival, struct slice early) {
    const struct turned_away refused = {OUTCOME_CONNECT_FAILED, arrival->refusal, .answered = true};
    conn_begin(arrival->worker, &arrival->live, &arrival->accepted,
               arrival->refusal == NULL ? NULL : &refused,
               &(struct early){{[SIDE_CLIENT] = early}});
    free_arrival(arrival);
}

// A connection of `run` that may be no mail, or came when no session may begin any more.
static bool passes_by(const struct arrival *arrival) {
    const struct listen_spec *spec = arrival->accepted.spec;
    const struct route *route = arrival->accepted.route;
    bool may_be_no_mail = spec->mail_only && !passage_port_is_mail(route->port);
    return spec->mode == MODE_RUN && route->result.peer != NULL &&
           (may_be_no_mail || arrival->worker->stopping);
}

static void begin_passage(struct arrival *arrival) {
    passage_begin(arrival->worker, &arrival->live, &arrival->accepted);
    free_arrival(arrival);
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────

static int64_t idle_deadline(const struct arrival *arrival) {
    uint64_t idle_ms = arrival->worker->service->options->idle_timeout_ms;
    return idle_ms == 0 ? INT64_MAX : arrival->active_ns + (int64_t)idle_ms * NS_PER_MS;
}

static int64_t header_deadline(const struct arrival *arrival) {
    int64_t due_ns = arrival->accepted.accepted_ns + PROXY_HEADER_WAIT_NS;
    int64_t idle_ns = idle_deadline(arrival);
    return due_ns < idle_ns ? due_ns : idle_ns;
}

static void arm(struct arrival *arrival) {
    deadline_arm(arrival->deadline, idle_deadline(arrival));
    if (arrival->state == ARRIVAL_AWAITS_PROCESS) {
        deadline_arm(arrival->deadline, arrival->identify_by_ns);
    } else if (arrival->state == ARRIVAL_AWAITS_HEADER) {
        deadline_arm(arrival->deadline, header_deadline(arrival));
    }
}

// ── a tunnel ────────────────────────────────────────────────────────────────────────────────────

static void set_target(struct arrival *arrival) {
    const struct tunnel *tunnel = arrival->accepted.tunnel;
    struct sockaddr_storage destination = {0};
    struct route *route = arrival->accepted.route;
    if (!tunnel->host_is_name && address_parse(&destination, tunnel->host, tunnel->port)) {
        address_unmap(&destination);
        route_set_destination(route, &destination);
    } else {
        route->host = mem_string(tunnel->host);
        route->port = tunnel->port;
    }
}

static void refuse(struct arrival *arrival) {
    arrival->state = ARRIVAL_AWAITS_WRITE;
    if (!arrival->accepted.peer->writing) {
        end(arrival);
    }
}

// A client that does not wait for our answer has its first words after the request; the relay
// holds them, as all that comes while the server is being dialled.
static void take_request(struct arrival *arrival, struct slice bytes) {
    struct tunnel *tunnel = arrival->accepted.tunnel;
    size_t taken = tunnel_feed(tunnel, bytes);
    tunnel_send(tunnel, arrival->accepted.peer);
    if (tunnel->state == TUNNEL_REFUSED) {
        refuse(arrival);
    } else if (tunnel->state == TUNNEL_CONNECTING) {
        peer_read(arrival->accepted.peer, false);
        set_target(arrival);
        route_dial(arrival->accepted.route, arrival->worker);
        begin_session(arrival, slice_from(bytes, taken));
    }
}

// ── who may connect ─────────────────────────────────────────────────────────────────────────────

static void turn_away(struct arrival *arrival, enum outcome outcome, const char *reason) {
    const struct turned_away turned_away = {outcome, reason, .answered = false};
    peer_read(arrival->accepted.peer, false);
    conn_begin(arrival->worker, &arrival->live, &arrival->accepted, &turned_away,
               &(struct early){0});
    free_arrival(arrival);
}

// A balancer may, and then the client that its header names is asked about.
static bool may_connect(const struct arrival *arrival) {
    const struct networks *allowed = arrival->worker->service->options->allowed;
    return allowed == NULL || allowed->count == 0 ||
           networks_have(allowed, &arrival->accepted.client.name.any);
}

static void turn_away_stranger(struct arrival *arrival) {
    char reason[FAILURE_MAX];
    snprintf(reason, sizeof(reason),
             "%s is not in the list of --allow, so the proxy closed its connection at once: add "
             "its address to the list if it may send mail through this proxy",
             arrival->accepted.client.text.host);
    turn_away(arrival, OUTCOME_CONNECT_FAILED, reason);
}

// ── a balancer's header ─────────────────────────────────────────────────────────────────────────

// The stream of a balancer ended, or its time did, before its header was whole.
static void turn_away_without_header(struct arrival *arrival, enum outcome outcome) {
    char reason[FAILURE_MAX];
    const char *balancer = arrival->accepted.client.text.host;
    bool began = arrival->header->len > 0;
    if (outcome == OUTCOME_TIMEOUT) {
        snprintf(reason, sizeof(reason),
                 "--proxy-protocol lists %s, and %s PROXY protocol header came from it in "
                 "time: " HEADER_ADVICE,
                 balancer, began ? "no whole" : "no");
    } else if (began) {
        snprintf(reason, sizeof(reason),
                 "%s closed the connection in the middle of its PROXY protocol header", balancer);
    } else {
        snprintf(reason, sizeof(reason),
                 "--proxy-protocol lists %s, and the connection from it was closed with no PROXY "
                 "protocol header; a health check may do so (in HAProxy check-send-proxy gives it "
                 "one)",
                 balancer);
    }
    turn_away(arrival, outcome, reason);
}

static void turn_away_with_bad_header(struct arrival *arrival) {
    char reason[FAILURE_MAX];
    const char *balancer = arrival->accepted.client.text.host;
    if (arrival->header->state == PROXY_HEADER_ABSENT) {
        snprintf(
            reason, sizeof(reason),
            "--proxy-protocol lists %s, and the connection from it does not begin with a PROXY "
            "protocol header: " HEADER_ADVICE,
            balancer);
    } else {
        snprintf(reason, sizeof(reason), "the PROXY protocol header from %s is broken: it has %s",
                 balancer, arrival->header->fault);
    }
    turn_away(arrival, OUTCOME_PROTOCOL, reason);
}

static void find_out(struct arrival *arrival);

static void find_out_if_allowed(struct arrival *arrival, bool judged) {
    if (judged && !may_connect(arrival)) {
        turn_away_stranger(arrival);
    } else {
        find_out(arrival);
    }
}

static void use_header(struct arrival *arrival) {
    struct accepted *accepted = &arrival->accepted;
    const struct proxy_header *header = arrival->header;
    if (!header->has_addresses) {
        return;
    }
    client_use_header(&accepted->client, header);
    if (accepted->spec->mode == MODE_TRANSPARENT) {
        route_set_destination(accepted->route, &header->server);
        accepted->route->may_be_own = true; // It need not be one that a firewall redirected.
        arrival->refusal = NULL;
    }
}

static void take_header(struct arrival *arrival, struct slice bytes) {
    struct proxy_header *header = arrival->header;
    size_t taken = proxy_header_feed(header, bytes);
    if (header->state == PROXY_HEADER_WHOLE) {
        peer_read(arrival->accepted.peer, false);
        buf_init(&arrival->early, LIMIT_READ);
        buf_put(&arrival->early, slice_from(bytes, taken));
        use_header(arrival);
        find_out_if_allowed(arrival, header->has_addresses);
    } else if (header->state > PROXY_HEADER_WHOLE) {
        turn_away_with_bad_header(arrival);
    }
}

static uv_buf_t lend_buffer(void *owner, enum side side) {
    struct arrival *arrival = owner;
    (void)side;
    size_t len = share_take(&arrival->accepted.share, &arrival->worker->turn, 0);
    return uv_buf_init(arrival->worker->read_buffer, (unsigned)len);
}

static void on_received(void *owner, enum side side, struct slice bytes) {
    struct arrival *arrival = owner;
    (void)side;
    arrival->active_ns = (int64_t)uv_hrtime();
    if (arrival->state == ARRIVAL_AWAITS_HEADER) {
        take_header(arrival, bytes);
    } else {
        take_request(arrival, bytes);
    }
}

static void on_ended(void *owner, enum side side, int error) {
    struct arrival *arrival = owner;
    (void)side;
    (void)error;
    if (arrival->state == ARRIVAL_AWAITS_HEADER) {
        turn_away_without_header(arrival, OUTCOME_CLIENT_CLOSED);
    } else {
        end(arrival);
    }
}

static void on_written(void *owner, enum side side) {
    struct arrival *arrival = owner;
    (void)side;
    arrival->active_ns = (int64_t)uv_hrtime();
    if (arrival->state == ARRIVAL_AWAITS_WRITE) {
        end(arrival);
    }
}

static const struct peer_handlers peer_handlers = {
    .received = on_received,
    .ended = on_ended,
    .written = on_written,
    .buffer = lend_buffer,
};

static void await_bytes(struct arrival *arrival, enum arrival_state state) {
    arrival->state = state;
    peer_set_owner(arrival->accepted.peer, &peer_handlers, arrival);
    peer_read(arrival->accepted.peer, true);
    arm(arrival);
}

// ── who it is ───────────────────────────────────────────────────────────────────────────────────

static void refuse_own_connection(struct arrival *arrival) {
    const struct accepted *accepted = &arrival->accepted;
    if (accepted->spec->mode != MODE_TRANSPARENT ||
        accepted->client.process.pid != (uint32_t)getpid()) {
        return;
    }
    if (accepted->client.header != PROXY_HEADER_NONE) {
        arrival->refusal = "this connection is smtpscope's own to the server, which a balancer led "
                           "back to it: its PROXY protocol header names the balancer itself as the "
                           "server; use --mode reverse";
    } else {
        arrival->refusal = "this connection is smtpscope's own to the server, which the firewall "
                           "redirected back to it: let connections that bear the mark 0x534d pass "
                           "(smtpscope-redirect does), and run smtpscope with CAP_NET_ADMIN or "
                           "CAP_NET_RAW, so that it may set the mark";
    }
}

// The client is known, as far as it will be.
static void go_on(struct arrival *arrival) {
    refuse_own_connection(arrival);
    if (arrival->refusal == NULL) {
        route_dial(arrival->accepted.route, arrival->worker);
    }
    struct buf early = arrival->early; // It outlives the arrival.
    arrival->early = (struct buf){0};
    const struct tunnel_protocol *protocol = tunnel_protocol_of(arrival->accepted.spec->mode);
    if (protocol == NULL && passes_by(arrival)) {
        begin_passage(arrival);
    } else if (protocol == NULL) {
        begin_session(arrival, buf_slice(&early));
    } else {
        arrival->accepted.tunnel = tunnel_new(protocol);
        await_bytes(arrival, ARRIVAL_AWAITS_REQUEST);
        take_request(arrival, buf_slice(&early));
    }
    buf_cleanup(&early);
}

static void on_identified(void *context, const struct process_identity *found) {
    struct arrival *arrival = context;
    arrival->accepted.identification = NULL;
    arrival->accepted.client.process = *found;
    if (arrival->state == ARRIVAL_AWAITS_PROCESS) {
        go_on(arrival);
    }
}

// A name for the transcript is not worth a long wait; whether a redirected connection is our own
// is: dialled once more, it would come back again, and so on without end.
static int64_t process_wait_ns(const struct arrival *arrival) {
    return arrival->accepted.spec->mode == MODE_TRANSPARENT ? IDENTIFY_REDIRECTED_NS
                                                            : identify_wait_ns(arrival->worker);
}

static void identify(struct arrival *arrival) {
    struct client *client = &arrival->accepted.client;
    arrival->state = ARRIVAL_AWAITS_PROCESS;
    if (client->process.pid != 0 || !client_is_local(client)) {
        go_on(arrival);
        return;
    }
    arrival->identify_by_ns = (int64_t)uv_hrtime() + process_wait_ns(arrival);
    arm(arrival);
    arrival->accepted.identification =
        identify_start(arrival->worker, client, on_identified, arrival);
}

static void identify_no_longer(struct arrival *arrival) {
    if (arrival->identify_last) {
        go_on(arrival);
        return;
    }
    arrival->identify_last = true;
    arrival->identify_by_ns += IDENTIFY_LAST_NS;
    arm(arrival);
}

static void on_due(void *context) {
    struct arrival *arrival = context;
    int64_t now_ns = (int64_t)uv_hrtime();
    bool silent = !peer_has_unread(arrival->accepted.peer); // else the loop is late, not the client
    if (arrival->state == ARRIVAL_AWAITS_PROCESS && now_ns >= arrival->identify_by_ns) {
        identify_no_longer(arrival);
    } else if (silent && arrival->state == ARRIVAL_AWAITS_HEADER &&
               now_ns >= header_deadline(arrival)) {
        turn_away_without_header(arrival, OUTCOME_TIMEOUT);
    } else if (silent && now_ns >= idle_deadline(arrival)) {
        end(arrival); // It never said what it wants.
    } else {
        arm(arrival);
    }
}

// … while the way to the server is under way. A redirected connection may be our own: then it must
// not be dialled once more.
static void find_out(struct arrival *arrival) {
    if (arrival->accepted.spec->mode != MODE_TRANSPARENT) {
        route_dial(arrival->accepted.route, arrival->worker);
    }
    identify(arrival);
}

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

static void init_client(struct client *out, const struct listener *listener, int fd,
                        const struct sockaddr *name) {
    bool known = listener->local.any.sa_family != AF_UNSPEC;
    union net_address local = known ? listener->local : address_local(fd);
    client_init(out, name, &local.any);
}

static struct arrival *new_arrival(struct listener *listener, struct peer *peer,
                                   const struct sockaddr *client) {
    static const struct live_ops ops = {.stop = stop};
    struct arrival *arrival = mem_new(sizeof(*arrival));
    struct worker *worker = listener->worker;
    const struct listen_spec *spec = listener->spec;
    arrival->live.ops = &ops;
    arrival->worker = worker;
    arrival->accepted.spec = spec;
    arrival->accepted.accepted_ns = (int64_t)uv_hrtime();
    arrival->active_ns = arrival->accepted.accepted_ns;
    arrival->accepted.started_unix_ns = clock_unix_ns();
    init_client(&arrival->accepted.client, listener, peer_fd(peer), client);
    arrival->accepted.peer = peer;
    arrival->accepted.route = spec->mode == MODE_REVERSE
                                  ? route_new(spec->server_host, spec->server_port)
                                  : route_new(NULL, 0);
    arrival->accepted.route->may_be_own = spec->mode == MODE_REVERSE;
    arrival->accepted.route->held = worker->service->options->asks_before_dial;
    arrival->deadline = deadline_new(&worker->loop, on_due, arrival);
    return arrival;
}

static void find_destination(struct arrival *arrival, uint16_t listener_port, int fd) {
    struct sockaddr_storage destination = {0};
    if (origdst_find(&destination, fd, listener_port) == ORIGDST_FOUND) {
        route_set_destination(arrival->accepted.route, &destination);
        // The client's own socket knows of no redirection.
        arrival->accepted.client.peer = arrival->accepted.route->destination;
    } else {
        arrival->refusal = "this port takes only connections that the firewall redirected to it; "
                           "connect to the mail server itself, or use --mode reverse";
    }
}

// A connection to the server that `run` has already.
static void use_server(struct arrival *arrival, int fd) {
    char reason[FAILURE_MAX];
    int error = 0;
    struct peer *server = peer_new(&error, &arrival->worker->loop, SIDE_SERVER, fd);
    if (server != NULL) {
        route_use_peer(arrival->accepted.route, server);
        return;
    }
    snprintf(reason, sizeof(reason), "the connection to the server cannot be used: %s",
             strerror(error));
    route_fail(arrival->accepted.route, error, reason);
}

static bool claim(struct arrival *arrival, int fd) {
    struct accepted *accepted = &arrival->accepted;
    const struct lead *lead = accepted->spec->lead;
    struct claimed claimed;
    if (!lead->claim(lead->context, fd, &claimed)) {
        return false;
    }
    accepted->client.process = claimed.client;
    accepted->session = claimed.session;
    if (!mode_has_server(accepted->spec->mode)) { // it is the server, whatever was meant
        accepted->client.local_text = address_text((struct sockaddr *)&claimed.server);
        return true;
    }
    route_set_destination(accepted->route, &claimed.server);
    if (claimed.server_fd >= 0) {
        use_server(arrival, claimed.server_fd);
    }
    return true;
}

static bool is_balancer(const struct arrival *arrival) {
    const struct networks *balancers = arrival->worker->service->options->balancers;
    return balancers != NULL && networks_have(balancers, &arrival->accepted.client.name.any);
}

// Its socket is closed already.
static void refuse_socket(const struct listener *listener, const struct sockaddr *client,
                          int error) {
    const struct proxy_options *options = listener->worker->service->options;
    char sentence[FAILURE_MAX];
    struct address_text from = address_text(client);
    snprintf(sentence, sizeof(sentence),
             "cannot serve the connection from %s port %u, which is closed: %s", from.host,
             from.port, strerror(error));
    options->complain(options->context, sentence);
    worker_give_room(listener->worker, mode_connections(listener->spec->mode));
}

void arrival_begin(struct listener *listener, int fd, const struct sockaddr *client) {
    int error = 0;
    struct peer *peer = peer_new(&error, &listener->worker->loop, SIDE_CLIENT, fd);
    if (peer == NULL) {
        refuse_socket(listener, client, error);
        return;
    }
    struct arrival *arrival = new_arrival(listener, peer, client);
    const struct listen_spec *spec = listener->spec;
    worker_session_began(listener->worker, &arrival->live, mode_connections(spec->mode));
    if (spec->mode == MODE_TRANSPARENT) {
        find_destination(arrival, listener->port, fd);
    } else if (spec->lead != NULL && !claim(arrival, fd)) {
        end(arrival);
        return;
    }
    if (is_balancer(arrival)) {
        arrival->header = mem_new(sizeof(*arrival->header));
        await_bytes(arrival, ARRIVAL_AWAITS_HEADER);
    } else {
        find_out_if_allowed(arrival, true);
    }
}
