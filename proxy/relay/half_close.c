// SPDX-License-Identifier: MIT
// half_close: a peer's stream ends, by close_notify, FIN or reset, and so does the other peer's, in
// the same way and after the last byte.
#include "base/limits.h"
#include "relay/relay_state.h"

static void note_close(struct relay *relay, enum side side, int64_t at_ns) {
    if (relay->first_close != PARTY_NONE) {
        return;
    }
    session_end_note_moment(relay, at_ns);
    relay->first_close = party_of(side);
    observer_peer_left(relay->observer, side, at_ns);
}

// An end of one stream is the end of the other's, once everything before it is out. A missing
// close_notify on one side is a missing one on the other.
static void pass_end(struct relay *relay, enum side side) {
    struct leg *ended = relay_leg(relay, side);
    bool clean = ended->tls == NULL || tls_endpoint_got_close_notify(ended->tls);
    leg_end(relay_leg(relay, side_other(side)), clean);
}

// Whether the client gets words or an alert about the server's end, once it is known which.
static bool is_said_later(const struct relay *relay) {
    enum server_tls wanted = relay_server_tls(relay);
    bool own_tls = wanted == SERVER_TLS_STARTTLS || wanted == SERVER_TLS_IMPLICIT;
    bool known_soon = relay->client_state == CLIENT_HELLO ||
                      (relay->client_state == CLIENT_UNDECIDED && relay->decide_at_ns != INT64_MAX);
    return own_tls && known_soon && relay->server_state == SERVER_CONNECTED;
}

// The end of a stream goes after its last byte, wherever that still waits.
static void pass_due_end(struct relay *relay, enum side side) {
    struct filter_stream *stream = &relay->streams[side];
    if (stream->end == STREAM_END_DUE && !filters_hold(relay, side)) {
        filter_stream_set_end(stream, STREAM_END_PASSED);
        pass_end(relay, side);
    }
}

// A close_notify ends one direction (RFC 8446 6.1): so does ours on the other leg, or a FIN where
// that leg is plain.
static void pass_close_notify(struct relay *relay, enum side side, int64_t at_ns) {
    struct leg *from = relay_leg(relay, side);
    struct leg *to = relay_leg(relay, side_other(side));
    if (from->tls == NULL || from->close_notify_passed || filters_hold(relay, side) ||
        !tls_endpoint_got_close_notify(from->tls)) {
        return;
    }
    from->close_notify_passed = true;
    note_close(relay, side, at_ns);
    filters_end(relay, side, at_ns);
    dialogue_end(observer_dialogue(relay->observer), side, at_ns);
    if (to->tls != NULL) {
        leg_close_notify(to);
    } else {
        leg_end(to, false);
    }
    if (side == SIDE_CLIENT) {
        far_side_run(relay, at_ns);
    }
}

void half_close_pass_on(struct relay *relay, int64_t at_ns) {
    pass_close_notify(relay, SIDE_CLIENT, at_ns);
    pass_close_notify(relay, SIDE_SERVER, at_ns);
    pass_due_end(relay, SIDE_CLIENT);
    pass_due_end(relay, SIDE_SERVER);
}

// Once all that the client said is on its way to the server, its end too, nothing waits for what
// the server may yet say; it gets a moment for it all the same, so that the transcript has the
// answer to a client that sends everything at once and closes.
void relay_client_closed_read(struct relay *relay, int64_t at_ns) {
    bool quit = relay->end.moment == MOMENT_QUIT || relay->end.moment == MOMENT_IDLE;
    if (relay->end.answer_until_ns == INT64_MAX) {
        session_end_await_delivery(relay, at_ns);
        relay->end.answer_until_ns = at_ns + (quit ? RELAY_LINGER_NS : RELAY_GONE_NS);
    }
}

// A client that said all it has to say and ended its stream before the server was there waits for
// the answers all the same; one that ended it without a word has given up.
static bool leaves_words(const struct relay *relay, enum side side) {
    return side == SIDE_CLIENT && relay->server_state == SERVER_CONNECTING &&
           relay->client.tls == NULL && relay->spoke[SIDE_CLIENT] != SPEECH_NONE;
}

void relay_eof(struct relay *relay, enum side side, enum relay_fin fin, int64_t at_ns) {
    struct leg *leg = relay_leg(relay, side);
    if (leg_has_ended(leg)) {
        return;
    }
    leg->input = LEG_INPUT_ENDED;
    note_close(relay, side, at_ns);
    filters_end(relay, side, at_ns);
    dialogue_end(observer_dialogue(relay->observer), side, at_ns);
    if (leg->tls != NULL) {
        tls_endpoint_eof(leg->tls, fin == RELAY_FIN_UNACKED, at_ns);
        tls_switch_advance(relay, at_ns);
    }
    if (side == SIDE_CLIENT) {
        tls_switch_check_silent_close(relay, fin, at_ns);
    } else {
        upstream_starttls_check_gone(relay, at_ns);
    }
    if (side == SIDE_CLIENT || !is_said_later(relay)) {
        filter_stream_set_end(&relay->streams[side], STREAM_END_DUE);
    }
    pass_due_end(relay, side);
    if (side == SIDE_CLIENT) {
        far_side_run(relay, at_ns);
    }
    bool alone = relay->server_state == SERVER_CONNECTING || relay->server_state == SERVER_GONE ||
                 (side == SIDE_CLIENT && relay->end.server_dropped);
    if (alone && !leaves_words(relay, side)) {
        session_end_close_both(relay, at_ns);
    }
    observer_flush(relay->observer);
}

void relay_reset(struct relay *relay, enum side side, int64_t at_ns) {
    struct leg *leg = relay_leg(relay, side);
    if (leg_is_reset(leg) || relay->end.patience != PATIENCE_LASTS) {
        return;
    }
    if (side == SIDE_SERVER && relay->end.server_dropped) {
        relay_eof(relay, side, RELAY_FIN, at_ns); // It is of no concern to the client.
        return;
    }
    leg->input = LEG_INPUT_RESET;
    note_close(relay, side, at_ns);
    filters_end(relay, side, at_ns);
    leg_drop_waiting(relay_leg(relay, side_other(side)));
    if (leg->tls != NULL) {
        tls_endpoint_eof(leg->tls, true, at_ns);
        tls_switch_advance(relay, at_ns);
    }
    if (side == SIDE_CLIENT) {
        session_end_await_delivery(relay, at_ns);
        tls_switch_check_silent_close(relay, RELAY_FIN, at_ns);
    } else {
        upstream_starttls_check_gone(relay, at_ns);
    }
    observer_flush(relay->observer);
}
