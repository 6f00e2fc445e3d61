// SPDX-License-Identifier: MIT
// Both peers of a relay do what the input says, in any order, plain or in TLS. The first byte is
// the policy; each act is a letter, with what it says of it behind it:
//
//      c s + n      the client, the server says the nth of the lines below
//      C S + n …    … says these n bytes
//      W V + n …    these n bytes come as they are, past TLS
//      T t          the client begins TLS, the server takes it
//      E e, R r     the stream ends, is reset
//      P + n        pieces of n + 1 bytes from here on
//      w i x        time passes to the next deadline; the session is idle; the program stops
//
// Where nothing bridges, what one side got is what the other side said, byte for byte: a part of it
// from its start, behind which only the proxy's own 421 may come.
#include "../relay/relay_wire.h"

#include <assert.h>
#include <stdlib.h>

static const char *const client_lines[] = {
    "EHLO x\r\n",
    "STARTTLS\r\n",
    "MAIL FROM:<a@b>\r\n",
    "RCPT TO:<c@d>\r\n",
    "DATA\r\n",
    "Subject: x\r\n\r\ny\r\n",
    ".\r\n",
    "BDAT 3 LAST\r\nabc",
    "AUTH LOGIN\r\n",
    "dXNlcg==\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
    "STARTTLS\r\nNOOP\r\n",
    "STAR",
    "TTLS\r\n",
    "*\r\n",
};
static const char *const server_lines[] = {
    "220 hi\r\n",
    "250-x\r\n250 STARTTLS\r\n",
    "250-x\r\n250 SIZE\r\n",
    "250 ok\r\n",
    "354 go\r\n",
    "334 VXNlcjo=\r\n",
    "235 ok\r\n",
    "221 bye\r\n",
    "503 no\r\n",
    "421 bye\r\n",
    "250",
    "-x\n",
    "220 go\r\n250 x\r\n",
    "odd\r\n",
    "250mx\r\n",
    "554 no\r\n",
};

static struct slice take(struct slice *rest, size_t len) {
    struct slice bytes = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, bytes.len);
    return bytes;
}

static size_t take_number(struct slice *rest) {
    struct slice byte = take(rest, 1);
    return byte.len == 0 ? 0 : byte.data[0];
}

static void set_policy(struct wire *wire, size_t policy) {
    wire->config.client_tls = (enum client_tls)(policy % 3);
    wire->config.server_tls = (enum server_tls)(policy / 3 % 4);
    wire->config.verify = (enum verify_policy)(policy / 12 % 3);
    if (policy >= 180) {
        wire->setup.mode = wire->session.mode = MODE_SINK;
        wire->session.has_server = false;
        wire->session.server = (struct event_endpoint){.host = NULL};
    } else if (policy >= 144) {
        wire->unconnected = true;
    }
}

static void begin_tls(struct wire *wire, struct wire_end *end) {
    if (end->tls != NULL || end->closed) {
        return;
    }
    if (end == &wire->client) {
        wire_client_tls(wire, "mail.example.com");
    } else {
        wire_server_tls(wire);
    }
}

static void pass_time(struct wire *wire) {
    if (relay_deadline_ns(wire->relay) != INT64_MAX) {
        wire_wait(wire);
    }
}

static void act_on_session(struct wire *wire, int act, struct slice *rest) {
    switch (act) {
    case 'P':
        wire->piece = take_number(rest) + 1;
        break;
    case 'w':
        pass_time(wire);
        break;
    case 'i':
        relay_idle(wire->relay, wire->now_ns);
        break;
    case 'x':
        relay_stop(wire->relay, wire->now_ns);
        break;
    case 'k':
        if (wire->unconnected) {
            wire->unconnected = false;
            relay_connected(wire->relay, "192.0.2.1", wire->now_ns);
        }
        break;
    default:
        break;
    }
}

static void say_raw(struct wire *wire, enum side side, struct slice bytes) {
    struct wire_end *end = side == SIDE_CLIENT ? &wire->client : &wire->server;
    bool connected = side == SIDE_CLIENT || (!wire->unconnected && wire->setup.mode != MODE_SINK);
    if (!end->closed && connected && bytes.len > 0 && relay_wants_read(wire->relay, side)) {
        relay_receive(wire->relay, side, bytes, wire->now_ns);
    }
}

static void act_of(struct wire *wire, enum side side, int act, struct slice *rest) {
    struct wire_end *end = side == SIDE_CLIENT ? &wire->client : &wire->server;
    switch (act) {
    case 'c': {
        const char *const *lines = side == SIDE_CLIENT ? client_lines : server_lines;
        wire_say(end, lines[take_number(rest) % 16]);
        break;
    }
    case 'C':
        buf_put(&end->to_send, take(rest, take_number(rest)));
        break;
    case 'W':
        say_raw(wire, side, take(rest, take_number(rest)));
        break;
    case 'T':
        begin_tls(wire, end);
        break;
    case 'E':
        end->close_after = true;
        break;
    case 'R':
        if (!end->closed) {
            wire_reset(wire, side);
        }
        break;
    default:
        break;
    }
}

// ── the same bytes ──────────────────────────────────────────────────────────────────────────────

static bool bridges_nothing(const struct wire *wire) {
    return wire->config.client_tls == CLIENT_TLS_AUTO &&
           wire->config.server_tls == SERVER_TLS_MIRROR && wire->setup.mode != MODE_SINK;
}

// One side in TLS and the other not: what is TLS to the one is plain bytes to the other.
static bool is_mixed(const struct wire *wire) {
    return (wire->client.tls == NULL) != (wire->server.tls == NULL);
}

static bool is_what_was_said(const struct wire_end *to, const struct wire_end *from,
                             bool proxy_may_speak) {
    struct slice got = buf_slice(&to->got);
    struct slice said = buf_slice(&from->said);
    size_t len = 0;
    while (len < got.len && len < said.len && got.data[len] == said.data[len]) {
        len++;
    }
    // What the server said may begin as the proxy's own words do.
    size_t own = slice_find(slice_from(got, len - (len < 4 ? len : 4)), SLICE("421 "));
    return len == got.len || (proxy_may_speak && own != SLICE_NONE && own <= 4);
}

// Nothing waits where the session is plain and goes on; a first byte of TLS may.
static bool nothing_is_held(const struct wire *wire, const struct wire_end *to,
                            const struct wire_end *from) {
    bool may_wait = wire->client.tls != NULL || wire->server.tls != NULL || wire->unconnected ||
                    relay_is_done(wire->relay) || from->closed || to->closed || to->saw_end ||
                    slice_find_byte(buf_slice(&from->said), 0x16) != SLICE_NONE;
    return may_wait || buf_len(&to->got) >= buf_len(&from->said);
}

// What has come over a session so far.
struct past {
    bool mixed; // bytes past TLS, or TLS on one side alone: they cannot be compared
    bool timed; // the proxy may have ended it
};

static void note(struct past *past, int letter) {
    past->mixed = past->mixed || letter == 'W' || letter == 'V';
    past->timed = past->timed || letter == 'w' || letter == 'i' || letter == 'x';
}

static void check_bytes(const struct wire *wire, struct past *past) {
    bool same = is_what_was_said(&wire->server, &wire->client, false) &&
                is_what_was_said(&wire->client, &wire->server, true);
    past->mixed = past->mixed || (is_mixed(wire) && !same);
    if (past->mixed || !bridges_nothing(wire)) {
        return;
    }
    assert(same);
    assert(past->timed || nothing_is_held(wire, &wire->server, &wire->client));
    assert(past->timed || nothing_is_held(wire, &wire->client, &wire->server));
}

// ── acts ────────────────────────────────────────────────────────────────────────────────────────

static void act(struct wire *wire, struct slice *rest) {
    static const char of_client[] = "cCWTER";
    static const char of_server[] = "sSVter";
    int letter = (int)take_number(rest);
    bool served = !wire->unconnected && wire->setup.mode != MODE_SINK;
    for (size_t i = 0; i < sizeof(of_client) - 1; i++) {
        if (letter == of_client[i]) {
            act_of(wire, SIDE_CLIENT, of_client[i], rest);
        } else if (letter == of_server[i] && served) {
            act_of(wire, SIDE_SERVER, of_client[i], rest);
        }
    }
    act_on_session(wire, letter, rest);
    wire_run(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct wire wire;
    struct slice rest = slice_of(data, size);
    wire_open(&wire);
    set_policy(&wire, take_number(&rest));
    wire_start(&wire);
    struct past past = {.mixed = false};
    while (rest.len > 0 && !relay_is_done(wire.relay)) {
        note(&past, rest.data[0]);
        act(&wire, &rest);
        check_bytes(&wire, &past);
    }
    wire_close(&wire);
    return 0;
}
