// SPDX-License-Identifier: MIT
// What one turn of a loop takes of a session that floods it, by the events that it makes, so that
// the other sessions of the loop get their part of every turn.
#include "net/share.h"
#include "relay_wire.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
// cmocka wants the two above first.
#include <cmocka.h>

enum {
    TURNS = 40,
    FIRST_TURNS = 2, // in which the share of a peer that turns costly is found
    NUMBER_LEN = 5,
};
#define EVENT_NS    (10 * NS_PER_US) // dear on purpose: a loaded machine, and many outputs
#define TURN_MAX_NS (25 * NS_PER_MS) // half of what others may have to wait

// ── a sink that counts ──────────────────────────────────────────────────────────────────────────

static void *count_session(void *context) {
    return context;
}

static void count_event(void *events, const struct event *event) {
    (void)event;
    ++*(int64_t *)events;
}

static void count_end(void *events) {
    (void)events;
}

static const struct sink_ops counting = {
    .session_new = count_session, .take = count_event, .session_free = count_end};

// ── two sessions of one loop ────────────────────────────────────────────────────────────────────

struct peer_of_loop {
    struct wire wire;
    struct share share;
    int64_t events;
};

static void begin(struct peer_of_loop *peer) {
    *peer = (struct peer_of_loop){.events = 0};
    wire_open(&peer->wire);
    sink_set_add(peer->wire.config.observer.sinks, &counting, &peer->events);
    wire_start(&peer->wire);
    wire_say(&peer->wire.server, "220 hello\r\n");
    wire_run(&peer->wire);
    wire_expect(&peer->wire.client, "220 hello\r\n");
}

// One read of the client's, as the loop makes it; what it cost.
static int64_t read_once(struct peer_of_loop *peer, struct share_turn *turn, struct slice *flood) {
    int64_t before = peer->events;
    struct slice bytes = slice_sub(*flood, 0, share_take(&peer->share, turn, 0));
    *flood = slice_from(*flood, bytes.len);
    relay_receive(peer->wire.relay, SIDE_CLIENT, bytes, 0);
    assert_int_equal(share_take(&peer->share, turn, 0), 0); // No second one in this turn.
    int64_t spent_ns = (peer->events - before) * EVENT_NS;
    share_spent(&peer->share, turn, bytes.len, spent_ns);
    wire_run(&peer->wire); // The server takes it all.
    buf_clear(&peer->wire.server.got);
    return spent_ns;
}

static void say_one_line(struct peer_of_loop *peer, struct share_turn *turn) {
    size_t len = share_take(&peer->share, turn, 0);
    struct slice line = SLICE("NOOP\r\n");
    assert_true(len >= line.len);
    relay_receive(peer->wire.relay, SIDE_CLIENT, line, 0);
    share_spent(&peer->share, turn, line.len, EVENT_NS);
    wire_run(&peer->wire);
    wire_expect(&peer->wire.server, "NOOP\r\n");
}

// The flood is made of lines with a number each, that of a secret.
static void fill(struct buf *flood, const char *begin, const char *end) {
    buf_init(flood, 8 * MIB);
    for (size_t i = 0; buf_len(flood) < TURNS * LIMIT_READ; i++) {
        buf_put_string(flood, begin);
        if (end[0] != '\n') {
            buf_putf(flood, "%0*zu", NUMBER_LEN, i);
        }
        buf_put_string(flood, end);
    }
}

static void flood_with(const char *begins, const char *ends) {
    struct peer_of_loop flooder;
    struct peer_of_loop other;
    struct share_turn turn;
    struct buf flood;
    share_turn_init(&turn);
    fill(&flood, begins, ends);
    begin(&flooder);
    begin(&other);
    struct slice rest = buf_slice(&flood);
    for (int i = 0; i < TURNS; i++) {
        share_begin_turn(&turn);
        int64_t spent_ns = read_once(&flooder, &turn, &rest);
        assert_true(i < FIRST_TURNS || spent_ns <= TURN_MAX_NS);
        assert_true(rest.len >= buf_len(&flood) - LIMIT_READ_FIRST || i > 0);
        say_one_line(&other, &turn);
    }
    assert_true(rest.len > 0);
    wire_close(&flooder.wire);
    wire_close(&other.wire);
    buf_cleanup(&flood);
}

static void test_empty_lines(void **state) {
    (void)state;
    flood_with("", "\n");
}

static void test_secrets_of_auth(void **state) {
    (void)state;
    flood_with("AUTH PLAIN AGFiY2RlAHNlY3JldC", "\r\n");
}

static void test_secrets_of_xclient(void **state) {
    (void)state;
    flood_with("XCLIENT LOGIN=", "\r\n");
}

static void test_text_that_says_a_secret(void **state) {
    (void)state;
    flood_with("AUTH PLAIN AGFiY2RlAHNlY3JldC0wMDAx\r\nNOOP secret-0001 ", "\r\n");
}

// What waits for a reply, in a filter or in the decoder, is decoded in the turn in which that
// comes.
static void test_what_a_reply_releases(void **state) {
    (void)state;
    enum { PIECE = 4096, LINES = 300000 };
    static const char *const lines[] = {"STARTTLS\r\n", "AUTH X\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct wire wire;
        int64_t events = 0;
        wire_open(&wire);
        wire.piece = PIECE;
        wire.config.client_tls = CLIENT_TLS_NONE;
        sink_set_add(wire.config.observer.sinks, &counting, &events);
        wire_start(&wire);
        wire_say(&wire.server, "220 hello\r\n");
        wire_say(&wire.client, "NOOP\r\n");
        wire_run(&wire);
        wire_say(&wire.client, lines[i]);
        for (int line = 0; line < LINES; line++) {
            wire_say(&wire.client, "\n");
        }
        wire_run(&wire);
        int64_t before = events;
        relay_receive(wire.relay, SIDE_SERVER, SLICE("250 ok\r\n"), 0);
        // An empty line is two events; the reply is a few.
        assert_in_range(events - before, 1, 2 * (LIMIT_UNDECIDED + PIECE) + 16);
        wire_close(&wire);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_lines),
        cmocka_unit_test(test_secrets_of_auth),
        cmocka_unit_test(test_secrets_of_xclient),
        cmocka_unit_test(test_text_that_says_a_secret),
        cmocka_unit_test(test_what_a_reply_releases),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wire_end_world();
    return failed;
}
