// SPDX-License-Identifier: MIT
#include "relay/relay.h"

#include "base/limits.h"
#include "base/memory.h"
#include "embedded/embedded.h"
#include "fault/dry_run.h"
#include "fault/fault_filter.h"
#include "fault/rewrite.h"
#include "relay/relay_state.h"

#include <assert.h>
#include <stdlib.h>

struct leg *relay_leg(struct relay *relay, enum side side) {
    return side == SIDE_CLIENT ? &relay->client : &relay->server;
}

enum server_tls relay_server_tls(const struct relay *relay) {
    if (!far_side_is_socket(relay)) {
        return SERVER_TLS_NONE;
    }
    return relay->setup.implicit_server ? SERVER_TLS_IMPLICIT : relay->config->server_tls;
}

bool relay_bridges(const struct relay *relay) {
    return relay_server_tls(relay) != SERVER_TLS_MIRROR;
}

bool relay_client_ready(const struct relay *relay) {
    return relay->client_state == CLIENT_PLAIN || relay->client_state == CLIENT_AWAIT_HELLO ||
           relay->client_state == CLIENT_TLS;
}

void relay_set_client(struct relay *relay, enum client_side_state state) {
    relay->client_state = state;
    if (state != CLIENT_UNDECIDED) {
        relay->decide_at_ns = INT64_MAX;
    }
    if (relay_client_ready(relay)) {
        leg_open(&relay->client);
    } else {
        leg_shut(&relay->client);
    }
    bridge_update_view(relay);
}

void relay_set_server(struct relay *relay, enum server_side_state state) {
    relay->server_state = state;
    if (state == SERVER_READY || state == SERVER_TLS) {
        leg_open(&relay->server);
    } else {
        leg_shut(&relay->server);
    }
}

// ── making and ending ───────────────────────────────────────────────────────────────────────────

static enum client_side_state first_client_state(const struct relay_config *config) {
    return config->client_tls == CLIENT_TLS_NONE ? CLIENT_PLAIN : CLIENT_UNDECIDED;
}

static struct far_end embedded_server(const struct relay_config *config) {
    return embedded_far_end(&(struct embedded_config){
        .name = "smtpscope",
        .offer_starttls = config->client_tls == CLIENT_TLS_AUTO,
        .max_line = config->observer.dialogue.max_line,
        .traits = config->traits,
    });
}

enum { SUBMISSIONS = 465 }; // the port of implicit TLS (RFC 8314 7.3)

// A client that may yet begin with a ClientHello is waited for where the proxy, not the client,
// decides what the server's side is.
static int64_t decision_time(const struct relay *relay, int64_t at_ns) {
    bool automatic = relay->config->client_tls == CLIENT_TLS_AUTO;
    bool embedded = !far_side_is_socket(relay);
    if (!automatic || !(embedded || relay_bridges(relay))) {
        return INT64_MAX;
    }
    bool longer = embedded && session_is_to_port(relay->session, SUBMISSIONS);
    if (embedded && relay->config->client_start == CLIENT_START_TLS) {
        return at_ns + (longer ? RELAY_HELLO_WAIT_DUE_NS : RELAY_HELLO_WAIT_465_NS);
    }
    if (embedded && relay->config->client_start == CLIENT_START_PLAIN && !longer) {
        return at_ns;
    }
    return at_ns + (longer ? RELAY_HELLO_WAIT_465_NS : RELAY_HELLO_WAIT_NS);
}

// In the order in which a reply meets them: a fault is next to the client.
static void add_interference(struct relay *relay) {
    const struct relay_config *config = relay->config;
    if (config->rewrite != NULL) {
        filters_add(relay, rewrite_new(config->rewrite, filters_port(relay)));
    }
    if (config->dry_run) {
        filters_add(relay, dry_run_new(filters_port(relay)));
    }
    if (config->faults != NULL) {
        relay->faults = fault_session_new(config->faults, relay->session);
        filters_add(relay, fault_filter_new(relay->faults, filters_port(relay)));
    }
}

struct relay *relay_new(const struct relay_setup *setup, int64_t at_ns) {
    struct relay *relay = mem_new(sizeof(*relay));
    relay->config = setup->config;
    relay->session = setup->session;
    relay->setup = *setup;
    relay->verdict.due_ns = INT64_MAX;
    relay->tls_fault.due_ns = INT64_MAX;
    session_end_init(&relay->end);
    leg_init(&relay->client, SIDE_CLIENT);
    leg_init(&relay->server, SIDE_SERVER);
    buf_init(&relay->client_hello, LIMIT_READ);
    relay->observer = observer_new(&setup->config->observer, setup->session);
    if (!mode_has_server(setup->mode) && !setup->turned_away) {
        far_side_open(relay, embedded_server(setup->config), at_ns);
    }
    bool bridges = relay_bridges(relay) || setup->config->client_tls == CLIENT_TLS_NONE;
    filters_init(relay);
    if (bridges && far_side_is_socket(relay)) {
        bridge_add(relay);
    }
    add_interference(relay);
    relay_set_client(relay, first_client_state(setup->config));
    if (relay->client_state == CLIENT_UNDECIDED) {
        relay->decide_at_ns = decision_time(relay, at_ns);
    }
    tls_switch_advance(relay, at_ns);
    if (relay->client_state == CLIENT_PLAIN) {
        far_side_run(relay, at_ns); // Nothing else is waited for: the greeting goes out.
    }
    observer_flush(relay->observer);
    return relay;
}

void relay_free(struct relay *relay) {
    if (relay == NULL) {
        return;
    }
    leg_cleanup(&relay->client);
    leg_cleanup(&relay->server);
    buf_cleanup(&relay->client_hello);
    filters_cleanup(relay);
    fault_session_free(relay->faults);
    observer_free(relay->observer);
    far_side_cleanup(relay);
    certificate_facts_free(relay->verdict.certificate);
    free(relay->connect_error);
    free(relay->local_address);
    free(relay->verdict.error);
    free(relay->verdict.text);
    free(relay->end.error);
    free(relay);
}

// Each session says who came and for which server, also one that ended before there was an answer.
static void emit_given_up(struct relay *relay, int64_t at_ns) {
    if (relay->server_state == SERVER_CONNECTING) {
        struct event event = {.kind = EVENT_CONNECT, .session = relay->session, .at_ns = at_ns};
        event.connect.given_up = true;
        observer_event(relay->observer, &event);
    }
}

void relay_finish(struct relay *relay, int64_t at_ns) {
    emit_given_up(relay, at_ns);
    filters_end(relay, SIDE_CLIENT, at_ns);
    filters_end(relay, SIDE_SERVER, at_ns);
    filters_observe_unsent(relay, at_ns);
    tls_switch_report_unfinished(relay, at_ns);
    struct event_close close = session_end_summary(relay, at_ns);
    observer_close(relay->observer, &close, at_ns);
}

struct observer_counts relay_counts(const struct relay *relay) {
    return observer_counts(relay->observer);
}

// ── the connection to the server ────────────────────────────────────────────────────────────────

void relay_connected(struct relay *relay, const char *local_address, int64_t at_ns) {
    assert(relay->server_state == SERVER_CONNECTING);
    relay->local_address = mem_string(local_address);
    struct event event = {.kind = EVENT_CONNECT, .session = relay->session, .at_ns = at_ns};
    event.connect.connected = true;
    observer_event(relay->observer, &event);
    relay_set_server(relay, SERVER_CONNECTED);
    tls_switch_advance(relay, at_ns);
    observer_flush(relay->observer);
}

// A client that has not spoken yet may be about to speak TLS: it gets the time to show it, so that
// it gets an answer that it understands.
static void wait_for_first_bytes(struct relay *relay, int64_t at_ns) {
    if (relay->client_state == CLIENT_UNDECIDED && relay->decide_at_ns == INT64_MAX) {
        relay->decide_at_ns = at_ns + RELAY_HELLO_WAIT_NS;
    }
}

void relay_connect_failed(struct relay *relay, const char *reason, bool tell_client,
                          int64_t at_ns) {
    assert(relay->server_state == SERVER_CONNECTING);
    struct event event = {.kind = EVENT_CONNECT, .session = relay->session, .at_ns = at_ns};
    observer_event(relay->observer, &event);
    relay->connect_error = mem_string(reason);
    relay_set_server(relay, SERVER_GONE);
    session_end_decide(relay, OUTCOME_CONNECT_FAILED, PARTY_PROXY, "%s", reason);
    if (tell_client) {
        wait_for_first_bytes(relay, at_ns);
        session_end_refuse_client(relay, at_ns);
    } else {
        session_end_close_both(relay, at_ns);
    }
    observer_flush(relay->observer);
}

void relay_note(struct relay *relay, const char *text, int64_t at_ns) {
    observer_note(relay->observer, at_ns, "%s", text);
}

void relay_turn_away(struct relay *relay, enum outcome outcome, const char *reason, int64_t at_ns) {
    assert(relay->setup.turned_away && relay->server_state == SERVER_CONNECTING);
    enum party by = outcome == OUTCOME_CLIENT_CLOSED ? PARTY_CLIENT : PARTY_PROXY;
    session_end_decide(relay, outcome, by, "%s", reason);
    session_end_close_both(relay, at_ns);
    observer_flush(relay->observer);
}

// ── events from outside ─────────────────────────────────────────────────────────────────────────

static void emit_wire(struct relay *relay, enum side leg, bool from_peer, struct slice wire,
                      int64_t at_ns) {
    if (wire.len > 0 && observer_wants_wire(relay->observer)) {
        struct event event = {.kind = EVENT_WIRE, .session = relay->session, .at_ns = at_ns};
        event.wire = (struct event_wire){.leg = leg, .from_peer = from_peer, .data = wire};
        observer_event(relay->observer, &event);
    }
}

// What a batch of bytes set in motion beyond the bytes themselves.
static void settle(struct relay *relay, int64_t at_ns) {
    far_side_run(relay, at_ns);
    if (input_tls_switch_is_due(relay)) {
        relay_set_client(relay, CLIENT_AWAIT_HELLO);
    }
    if (relay->client_state == CLIENT_AWAIT_HELLO && buf_len(&relay->client.unread) > 0) {
        input_before_hello(relay, SLICE(""), at_ns);
    }
    tls_switch_advance(relay, at_ns);
    half_close_pass_on(relay, at_ns);
    observer_flush(relay->observer);
}

void relay_receive(struct relay *relay, enum side side, struct slice wire, int64_t at_ns) {
    emit_wire(relay, side, true, wire, at_ns);
    if (session_end_is_decided(relay) && session_end_is_over(relay)) {
        return; // The session is over; what still comes is read only so that it is not a reset.
    }
    if (side == SIDE_SERVER && relay->end.server_dropped) {
        return;
    }
    if (side == SIDE_CLIENT) {
        input_client(relay, wire, at_ns);
    } else {
        input_server(relay, wire, at_ns);
    }
    settle(relay, at_ns);
}

void relay_sent(struct relay *relay, enum side side, size_t len, int64_t at_ns) {
    struct leg *leg = relay_leg(relay, side);
    relay->client_greeted = relay->client_greeted || (side == SIDE_CLIENT && leg->open);
    emit_wire(relay, side, false, slice_sub(leg_output(leg), 0, len), at_ns);
    leg_sent(leg, len);
    if (side == SIDE_SERVER && relay->end.unread_until_ns != INT64_MAX) {
        session_end_await_delivery(relay, at_ns);
    }
    if (!far_side_is_socket(relay)) {
        settle(relay, at_ns);
    }
}

// ── what it wants ───────────────────────────────────────────────────────────────────────────────

bool relay_wants_read(const struct relay *relay, enum side side) {
    const struct leg *from = side == SIDE_CLIENT ? &relay->client : &relay->server;
    const struct leg *to = side == SIDE_CLIENT ? &relay->server : &relay->client;
    if (leg_has_ended(from)) {
        return false;
    }
    if (session_end_is_over(relay)) {
        return true;
    }
    // What decides about these bytes is the other peer, or time, and never more of them.
    size_t waiting = buf_len(&relay->streams[side].held) + buf_len(&from->unread);
    return leg_backlog(to) + waiting < LIMIT_LEG_OUTPUT && waiting < LIMIT_UNDECIDED;
}

struct slice relay_output(const struct relay *relay, enum side side) {
    if (side == SIDE_SERVER && !far_side_is_socket(relay)) {
        return SLICE("");
    }
    return leg_output(side == SIDE_CLIENT ? &relay->client : &relay->server);
}

// What a peer did not take in its time is not waited for.
static bool is_flushed(const struct relay *relay, const struct leg *leg) {
    return relay->end.patience != PATIENCE_LASTS || leg_is_flushed(leg);
}

bool relay_wants_shutdown(const struct relay *relay, enum side side) {
    const struct leg *leg = side == SIDE_CLIENT ? &relay->client : &relay->server;
    return leg->ending == LEG_ENDING_DUE && is_flushed(relay, leg);
}

void relay_shutdown_done(struct relay *relay, enum side side) {
    relay_leg(relay, side)->ending = LEG_ENDING_SENT;
}

bool relay_wants_reset(const struct relay *relay, enum side side) {
    const struct leg *leg = side == SIDE_CLIENT ? &relay->client : &relay->server;
    const struct leg *other = side == SIDE_CLIENT ? &relay->server : &relay->client;
    bool waits = relay->end.patience == PATIENCE_LASTS;
    bool alone = leg_is_reset(other) && !leg_is_reset(leg) && waits;
    return (relay->end.resets_both || alone) && is_flushed(relay, leg);
}

static bool leg_is_over(const struct leg *leg) {
    return leg_is_reset(leg) || (leg_has_ended(leg) && leg->ending == LEG_ENDING_SENT);
}

bool relay_gave_up(const struct relay *relay, enum side side) {
    const struct leg *leg = side == SIDE_CLIENT ? &relay->client : &relay->server;
    return relay->end.patience != PATIENCE_LASTS || leg_is_reset(leg);
}

bool relay_is_done(const struct relay *relay) {
    bool no_server = !far_side_is_socket(relay) || relay->server_state == SERVER_CONNECTING ||
                     relay->server_state == SERVER_GONE;
    bool reset = leg_is_reset(&relay->client) || leg_is_reset(&relay->server);
    if (reset || relay->end.resets_both || relay->end.patience != PATIENCE_LASTS) {
        return is_flushed(relay, &relay->client) &&
               (no_server || is_flushed(relay, &relay->server));
    }
    return leg_is_over(&relay->client) && (no_server || leg_is_over(&relay->server));
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────

bool relay_is_congested(const struct relay *relay) {
    return observer_is_congested(relay->observer);
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t relay_deadline_ns(const struct relay *relay) {
    if (session_end_is_over(relay)) {
        return relay->end.linger_until_ns;
    }
    int64_t due_ns = earlier(relay->decide_at_ns, filters_deadline_ns(relay));
    due_ns = earlier(due_ns, far_side_deadline_ns(relay));
    due_ns = earlier(due_ns, relay->verdict.due_ns);
    due_ns = earlier(due_ns, relay->tls_fault.due_ns);
    due_ns = earlier(due_ns, relay->end.answer_until_ns);
    return earlier(due_ns, relay->end.unread_until_ns);
}

// Nothing is awaited any more: what the client said was sent, and no answer will be read.
static void end_without_client(struct relay *relay, int64_t at_ns) {
    if (relay->server.ending == LEG_ENDING_SENT) {
        session_end_close_within(relay, at_ns, 0);
    } else {
        relay->end.answer_until_ns = at_ns + RELAY_GONE_NS;
    }
}

void relay_tick(struct relay *relay, int64_t at_ns) {
    if (at_ns >= relay->end.linger_until_ns) {
        relay->end.patience = PATIENCE_OVER;
    } else if (at_ns >= relay->end.unread_until_ns) {
        session_end_give_up_delivery(relay);
    } else if (at_ns >= relay->end.answer_until_ns) {
        end_without_client(relay, at_ns);
    } else if (at_ns >= relay->decide_at_ns) {
        relay_set_client(relay, CLIENT_PLAIN);
        settle(relay, at_ns);
    } else if (at_ns >= relay->verdict.due_ns) {
        relay->verdict.due_ns = INT64_MAX;
        relay_receive(relay, SIDE_SERVER, SLICE(""), at_ns); // resumes the handshake
    } else {
        filters_progress(relay, at_ns);
        settle(relay, at_ns);
    }
}
