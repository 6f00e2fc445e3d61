// SPDX-License-Identifier: MIT
// input: wire bytes of the two peers on their way in: what they are decides what becomes of them.
#include "relay/relay_state.h"

// ── plaintext ───────────────────────────────────────────────────────────────────────────────────

void relay_forward(struct relay *relay, enum side from, struct slice plaintext, int64_t at_ns) {
    leg_send(relay_leg(relay, side_other(from)), plaintext);
    observer_feed(relay->observer, from, plaintext, at_ns);
}

static void note_speech(struct relay *relay, enum side side, struct slice plaintext, bool tls) {
    enum speech now = tls ? SPEECH_TLS : SPEECH_PLAIN;
    if (plaintext.len > 0 && now > relay->spoke[side]) {
        relay->spoke[side] = now;
    }
}

static void take_client_plaintext(struct relay *relay, struct slice plaintext, int64_t at_ns) {
    note_speech(relay, SIDE_CLIENT, plaintext, relay->client_state == CLIENT_TLS);
    if (relay->filter_count > 0) {
        filters_feed(relay, SIDE_CLIENT, plaintext, at_ns);
    } else {
        relay_forward(relay, SIDE_CLIENT, plaintext, at_ns);
    }
}

void relay_take_server_plaintext(struct relay *relay, struct slice plaintext, int64_t at_ns) {
    note_speech(relay, SIDE_SERVER, plaintext, relay->server_state == SERVER_TLS);
    if (relay->filter_count > 0) {
        filters_feed(relay, SIDE_SERVER, plaintext, at_ns);
    } else {
        relay_forward(relay, SIDE_SERVER, plaintext, at_ns);
    }
}

bool input_tls_switch_is_due(const struct relay *relay) {
    return relay->client_state == CLIENT_PLAIN && !upstream_starttls_under_way(relay) &&
           dialogue_awaits_tls(observer_dialogue(relay->observer));
}

// ── wire bytes of the client ────────────────────────────────────────────────────────────────────

static void refuse_hello(struct relay *relay, int64_t at_ns) {
    static const char reason[] =
        "the client began TLS (a ClientHello) where --client-tls none allows only plain SMTP: turn "
        "TLS off in the client, or leave --client-tls at auto";
    struct event event = {.kind = EVENT_TLS, .session = relay->session, .at_ns = at_ns};
    event.tls = (struct event_tls){.side = SIDE_CLIENT, .error = reason, .alert = -1};
    observer_event(relay->observer, &event);
    session_end_decide(relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_PROXY, "%s", reason);
    session_end_close_both(relay, at_ns);
}

static void refuse_plain(struct relay *relay, int64_t at_ns) {
    session_end_decide(
        relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_PROXY,
        "the client sent plain text where --client-tls implicit wants a TLS ClientHello: "
        "set the client to implicit TLS (SMTPS), or leave --client-tls at auto");
    session_end_close_both(relay, at_ns);
}

// The embedded server takes TLS at once on any port. Servers begin in plain text on these two.
static void note_tls_on_plain_port(struct relay *relay, int64_t at_ns) {
    static const uint16_t ports[] = {25, 587}; // RFC 5321 4.5.4.2, RFC 6409 3.1
    if (far_side_is_socket(relay)) {
        return;
    }
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        if (session_is_to_port(relay->session, ports[i])) {
            observer_note(relay->observer, at_ns,
                          "TLS from the first byte on port %u: a real server begins in plain text "
                          "there, and would refuse this; use STARTTLS, or port 465",
                          (unsigned)ports[i]);
            return; // A session may be to both.
        }
    }
}

static void decide_by_first_bytes(struct relay *relay, struct slice wire, int64_t at_ns) {
    if (tls_looks_like_client_hello(wire)) {
        note_tls_on_plain_port(relay, at_ns);
        tls_switch_client_begin(relay, at_ns);
    } else if (relay->config->client_tls == CLIENT_TLS_IMPLICIT) {
        refuse_plain(relay, at_ns);
        return;
    } else {
        relay_set_client(relay, CLIENT_PLAIN);
    }
    input_client(relay, wire, at_ns);
}

// Where a ClientHello begins in the bytes after STARTTLS. A last byte that could be the first of
// one is left for the next read.
static size_t find_hello(struct slice wire) {
    size_t at = slice_find_byte(wire, 0x16);
    while (at != SLICE_NONE && at + 1 < wire.len && wire.data[at + 1] != 0x03) {
        size_t next = slice_find_byte(slice_from(wire, at + 1), 0x16);
        at = next == SLICE_NONE ? SLICE_NONE : at + 1 + next;
    }
    return at == SLICE_NONE ? wire.len : at;
}

// Plain bytes between STARTTLS and the ClientHello are relayed in the clear, before TLS, as they
// were before it. Where the server's side is TLS already there is no such way: they would enter it,
// and a DATA among them would make mail of what the client says next (RFC 3207 4.2).
static void pass_before_hello(struct relay *relay, struct slice plain, int64_t at_ns) {
    if (relay->server.tls == NULL) {
        take_client_plaintext(relay, plain, at_ns);
        return;
    }
    observer_feed(relay->observer, SIDE_CLIENT, plain, at_ns);
    bridge_await_hello(relay, at_ns);
}

// Takes the plain bytes off the front of what is unread. What follows another STARTTLS among them
// comes back there, before the rest.
static void take_plain_before_hello(struct relay *relay, size_t len, int64_t at_ns) {
    struct buf all = relay->client.unread;
    buf_init(&relay->client.unread, all.max);
    pass_before_hello(relay, slice_sub(buf_slice(&all), 0, len), at_ns);
    buf_put(&relay->client.unread, slice_from(buf_slice(&all), len));
    buf_wipe(&all);
}

void input_before_hello(struct relay *relay, struct slice wire, int64_t at_ns) {
    struct buf *unread = &relay->client.unread;
    buf_put(unread, wire);
    size_t plain_len = find_hello(buf_slice(unread));
    while (plain_len > 0) {
        take_plain_before_hello(relay, plain_len, at_ns);
        plain_len = find_hello(buf_slice(unread));
    }
    if (buf_len(unread) >= 2) {
        tls_switch_client_begin(relay, at_ns);
        input_client(relay, SLICE(""), at_ns);
    }
}

static void receive_client_plain(struct relay *relay, struct slice wire, int64_t at_ns) {
    struct dialogue *dialogue = observer_dialogue(relay->observer);
    bool refuses = relay->config->client_tls == CLIENT_TLS_NONE;
    bool may_begin = !filters_hold(relay, SIDE_CLIENT) && dialogue_awaits_command(dialogue);
    bool hello = may_begin && tls_looks_like_client_hello(wire);
    if (hello && refuses) {
        refuse_hello(relay, at_ns);
        return;
    }
    if (hello && relay->spoke[SIDE_CLIENT] == SPEECH_NONE) {
        relay->hello_answer = HELLO_ON_PLAIN;
    }
    take_client_plaintext(relay, wire, at_ns);
    if (refuses && dialogue_saw_tls_record(dialogue)) {
        refuse_hello(relay, at_ns); // It came after a command, in the same bytes.
    }
}

static void receive_client_tls(struct relay *relay, struct slice wire, int64_t at_ns) {
    struct buf *plaintext = relay->setup.scratch;
    plain_server_keep_hello(relay, wire);
    leg_receive(&relay->client, wire, plaintext, at_ns);
    tls_switch_advance(relay, at_ns);
    if (buf_len(plaintext) > 0) {
        take_client_plaintext(relay, buf_slice(plaintext), at_ns);
        buf_clear(plaintext);
    }
    tls_switch_check_late(relay, SIDE_CLIENT, at_ns);
}

void input_client(struct relay *relay, struct slice wire, int64_t at_ns) {
    switch (relay->client_state) {
    case CLIENT_UNDECIDED:
        decide_by_first_bytes(relay, wire, at_ns);
        break;
    case CLIENT_PLAIN:
        receive_client_plain(relay, tls_fault_without_alerts(relay, wire), at_ns);
        break;
    case CLIENT_AWAIT_HELLO:
        input_before_hello(relay, wire, at_ns);
        break;
    case CLIENT_HELLO:
    case CLIENT_HANDSHAKE:
    case CLIENT_TLS:
    case CLIENT_FAILED:
        receive_client_tls(relay, wire, at_ns);
        break;
    }
}

// ── wire bytes of the server ────────────────────────────────────────────────────────────────────

static void receive_server_tls(struct relay *relay, struct slice wire, int64_t at_ns) {
    struct buf *plaintext = relay->setup.scratch;
    leg_receive(&relay->server, wire, plaintext, at_ns);
    tls_switch_advance(relay, at_ns);
    if (buf_len(plaintext) > 0) {
        relay_take_server_plaintext(relay, buf_slice(plaintext), at_ns);
        buf_clear(plaintext);
    }
    tls_switch_check_late(relay, SIDE_SERVER, at_ns);
}

// The server spoke before the client was known to speak TLS: in mirror mode that decides.
static void receive_server_first(struct relay *relay, struct slice wire, int64_t at_ns) {
    bool automatic = relay->config->client_tls != CLIENT_TLS_IMPLICIT;
    if (relay->client_state == CLIENT_UNDECIDED && automatic && !relay_bridges(relay)) {
        relay_set_client(relay, CLIENT_PLAIN);
        tls_switch_advance(relay, at_ns);
    }
    if (relay->server_state == SERVER_CONNECTED) {
        // Not yet known whether the server's side will be TLS: keep it for the side that reads it
        // then.
        buf_put(&relay->server.unread, wire);
    } else {
        relay_take_server_plaintext(relay, wire, at_ns);
    }
}

void input_server(struct relay *relay, struct slice wire, int64_t at_ns) {
    if (relay->server.tls != NULL && plain_server_shows(relay, wire)) {
        plain_server_begin(relay, at_ns);
        relay_take_server_plaintext(relay, wire, at_ns);
    } else if (relay->server.tls != NULL) {
        receive_server_tls(relay, wire, at_ns);
    } else if (relay->server_state == SERVER_CONNECTED) {
        receive_server_first(relay, wire, at_ns);
    } else {
        relay_take_server_plaintext(relay, wire, at_ns);
    }
}
