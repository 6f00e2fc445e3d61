// SPDX-License-Identifier: MIT
// What a relay does with bytes, without a socket: each handshake cut at every size, and each kind
// of TLS between the two sides.
#include "relay_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
// cmocka wants the two above first.
#include <cmocka.h>

static void open_and_start(struct wire *wire) {
    wire_open(wire);
    wire_start(wire);
}

static void test_plain_bytes_pass_both_ways(void **state) {
    struct wire wire;
    (void)state;
    open_and_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n");
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO x\r\n");
    wire_close(&wire);
}

static void starttls_in_pieces(size_t piece) {
    struct wire wire;
    wire_open(&wire);
    wire.piece = piece;
    wire_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_say(&wire.client, "STARTTLS\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "STARTTLS\r\n");
    wire_say(&wire.server, "220 go\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n220 go\r\n");
    wire_server_tls(&wire);
    wire_client_tls(&wire, "mail.example.com");
    wire_say(&wire.client, "EHLO inside\r\n");
    wire_say(&wire.server, "250 inside\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO inside\r\n");
    wire_expect(&wire.client, "250 inside\r\n");
    assert_true(wire.client_saw_certificate);
    wire_close(&wire);
}

static void test_starttls_handshake_cut_anywhere(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 5, 7, 11, 64, 100, 250, 1000, 64 * 1024};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        starttls_in_pieces(pieces[i]);
    }
}

static void test_implicit_tls_on_both_sides(void **state) {
    struct wire wire;
    (void)state;
    open_and_start(&wire);
    wire_server_tls(&wire);
    wire_client_tls(&wire, "mail.example.com");
    wire_say(&wire.server, "220 secure\r\n");
    wire_say(&wire.client, "EHLO early\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 secure\r\n");
    wire_expect(&wire.server, "EHLO early\r\n");
    wire_close(&wire);
}

// What stands behind STARTTLS in the clear goes ahead of the handshake, in the clear.
static void test_plain_bytes_behind_starttls(void **state) {
    struct wire wire;
    (void)state;
    open_and_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_say(&wire.client, "STARTTLS\r\nRSET\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "220 go\r\n250 early\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "STARTTLS\r\nRSET\r\n");
    wire_expect(&wire.client, "220 hello\r\n220 go\r\n250 early\r\n");
    wire_server_tls(&wire);
    wire_client_tls(&wire, NULL);
    wire_say(&wire.client, "NOOP\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "NOOP\r\n");
    wire_close(&wire);
}

// The server has greeted in TLS, and the client has said nothing yet.
static void open_to_tls_server(struct wire *wire) {
    wire_open(wire);
    wire->config.server_tls = SERVER_TLS_IMPLICIT;
    wire_start(wire);
    wire_server_tls(wire);
    wire_say(&wire->server, "220 secure\r\n");
    wire_run(wire);
}

static void test_plain_client_to_tls_server(void **state) {
    struct wire wire;
    (void)state;
    open_to_tls_server(&wire);
    wire_expect(&wire.client, "");
    wire_wait(&wire); // The client is silent: it is a plain one.
    wire_expect(&wire.client, "220 secure\r\n");
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO x\r\n");
    wire_say(&wire.server, "250-x\r\n250 SIZE 10\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250-x\r\n250-STARTTLS\r\n250 SIZE 10\r\n");
    wire_say(&wire.client, "STARTTLS\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 2.0.0 Ready to start TLS\r\n");
    wire_client_tls(&wire, "mail.example.com");
    wire_say(&wire.client, "EHLO inside\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO inside\r\n");
    wire_say(&wire.server, "250-x\r\n250-STARTTLS\r\n250 SIZE 10\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250-x\r\n250 SIZE 10\r\n");
    wire_close(&wire);
}

static void test_own_starttls_towards_the_server(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.server_tls = SERVER_TLS_STARTTLS;
    wire_start(&wire);
    wire_say(&wire.client, "EHLO eager\r\n"); // It spoke: it is plain, and nothing is waited for.
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO [192.0.2.1]\r\n");
    wire_say(&wire.server, "250-x\r\n250 STARTTLS\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "STARTTLS\r\n");
    wire_expect(&wire.client, "");
    wire_say(&wire.server, "220 go\r\n");
    wire.server.tls_after = true;
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n");
    wire_expect(&wire.server, "EHLO eager\r\n");
    wire_close(&wire);
}

// ── replies to EHLO, in every form and cut at every byte ────────────────────────────────────────

struct edited_reply {
    const char *server;
    const char *client;
};

// The server says what follows the reply only when it is asked again: nothing else is to come.
static void ehlo_in_pieces(const struct edited_reply *reply, enum client_tls client_tls,
                           size_t piece) {
    struct wire wire;
    wire_open(&wire);
    wire.config.client_tls = client_tls;
    wire.config.server_tls = SERVER_TLS_NONE;
    wire.piece = piece;
    wire_start(&wire);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n");
    wire_say(&wire.server, reply->server);
    wire_run(&wire);
    wire_expect(&wire.client, reply->client);
    wire_say(&wire.client, "NOOP\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO x\r\nNOOP\r\n");
    wire_say(&wire.server, "250 ok\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250 ok\r\n");
    wire_close(&wire);
}

static void ehlo_cut_anywhere(const struct edited_reply *replies, size_t count,
                              enum client_tls client_tls) {
    for (size_t i = 0; i < count; i++) {
        for (size_t piece = 1; piece <= strlen(replies[i].server); piece++) {
            ehlo_in_pieces(&replies[i], client_tls, piece);
        }
    }
}

static void test_starttls_taken_out_of_every_reply(void **state) {
    (void)state;
    static const struct edited_reply replies[] = {
        {"250-x\r\n250-STARTTLS\r\n250 A\r\n", "250-x\r\n250 A\r\n"},
        {"250-x\r\n250 STARTTLS\r\n", "250 x\r\n"},
        {"250-x\n250 STARTTLS\n", "250 x\n"},
        {"250-x\r\nodd\r\n250 STARTTLS\r\n", "250-x\r\nodd\r\n250 \r\n"},
        {"odd\r\n250-x\r\n250\tSTARTTLS\r\n", "odd\r\n250 x\r\n"},
    };
    ehlo_cut_anywhere(replies, sizeof(replies) / sizeof(replies[0]), CLIENT_TLS_NONE);
}

static void test_starttls_added_to_every_reply(void **state) {
    (void)state;
    static const struct edited_reply replies[] = {
        {"250-x\r\n250 A\r\n", "250-x\r\n250-STARTTLS\r\n250 A\r\n"},
        {"250 x\r\n", "250-x\r\n250 STARTTLS\r\n"},
        {"250\n", "250-\n250 STARTTLS\r\n"},
        {"250\tx\r\n", "250-\tx\r\n250 STARTTLS\r\n"},
        {"250mx\r\n", "250-mx\r\n250 STARTTLS\r\n"},
        {"odd\r\n250 x\r\n", "odd\r\n250-x\r\n250 STARTTLS\r\n"},
        {"250-x\r\n250 STARTTLS\r\n", "250-x\r\n250 STARTTLS\r\n"},
    };
    ehlo_cut_anywhere(replies, sizeof(replies) / sizeof(replies[0]), CLIENT_TLS_AUTO);
}

// ── plain text after a 220 to STARTTLS that is the proxy's own ──────────────────────────────────

static void starttls_over(struct wire *wire, enum server_tls server_tls) {
    wire_open(wire);
    wire->config.server_tls = server_tls;
    wire_start(wire);
    if (server_tls == SERVER_TLS_IMPLICIT) {
        wire_server_tls(wire);
    }
    wire_say(&wire->client, "STARTTLS\r\n");
    wire_say(&wire->server, "220 hello\r\n");
    wire_run(wire);
    wire_expect(&wire->client, "220 hello\r\n220 2.0.0 Ready to start TLS\r\n");
}

// The server's side is plain too: there is a way in the clear, and the bridge stands in it.
static void test_plain_text_after_starttls_is_served(void **state) {
    struct wire wire;
    (void)state;
    starttls_over(&wire, SERVER_TLS_NONE);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO x\r\n");
    wire_say(&wire.server, "250 x\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250-x\r\n250 STARTTLS\r\n");
    wire_say(&wire.client, "NOOP\r\nSTARTTLS\r\nNOOP\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "NOOP\r\n");
    wire_say(&wire.server, "250 ok\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250 ok\r\n220 2.0.0 Ready to start TLS\r\n");
    wire_expect(&wire.server, "NOOP\r\n");
    wire_client_tls(&wire, NULL);
    wire_say(&wire.client, "NOOP\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "NOOP\r\n");
    wire_close(&wire);
}

// The server's side is TLS, so the plain text can go nowhere.
static void test_plain_text_after_starttls_is_answered(void **state) {
    struct wire wire;
    (void)state;
    starttls_over(&wire, SERVER_TLS_IMPLICIT);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "");
    wire_expect(&wire.client, "");
    wire_wait(&wire);
    assert_true(slice_starts_with(buf_slice(&wire.client.got), SLICE("421 4.7.0 ")));
    assert_true(wire.client.saw_end && wire.server.saw_end);
    wire_close(&wire);
}

static void test_plain_text_ahead_of_a_late_handshake(void **state) {
    struct wire wire;
    (void)state;
    starttls_over(&wire, SERVER_TLS_IMPLICIT);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_client_tls(&wire, NULL);
    wire_say(&wire.client, "NOOP\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "NOOP\r\n");
    assert_true(relay_deadline_ns(wire.relay) == INT64_MAX);
    wire_close(&wire);
}

// RFC 3207 4.2: what comes in the clear with the server's 220 goes nowhere.
static void test_plain_text_with_the_220_of_the_server(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.server_tls = SERVER_TLS_STARTTLS;
    wire_start(&wire);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "250-x\r\n250 STARTTLS\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO [192.0.2.1]\r\nSTARTTLS\r\n");
    wire_say(&wire.server, "220 go\r\n250 evil\r\n");
    wire.server.tls_after = true;
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n");
    wire_expect(&wire.server, "EHLO x\r\n");
    wire_close(&wire);
}

// The client's bytes, and the end of its stream, wait for the proxy's own steps and are not lost.
static void test_early_bytes_and_end_wait_for_own_steps(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.server_tls = SERVER_TLS_STARTTLS;
    wire_start(&wire);
    wire_say(&wire.client, "EHLO eager\r\nQUIT\r\n");
    wire.client.close_after = true;
    wire_run(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "250-x\r\n250 STARTTLS\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO [192.0.2.1]\r\nSTARTTLS\r\n");
    assert_false(wire.server.saw_end);
    wire_say(&wire.server, "220 go\r\n");
    wire.server.tls_after = true;
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO eager\r\nQUIT\r\n");
    assert_true(wire.server.saw_end);
    wire_close(&wire);
}

static void test_no_starttls_to_give_means_no_mail(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.server_tls = SERVER_TLS_STARTTLS;
    wire.config.client_tls = CLIENT_TLS_NONE;
    wire_start(&wire);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "EHLO [192.0.2.1]\r\n");
    wire_say(&wire.server, "250-x\r\n250 SIZE 1\r\n");
    wire_run(&wire);
    struct slice got = buf_slice(&wire.client.got);
    assert_true(slice_starts_with(got, SLICE("421 4.4.1 ")));
    wire_expect(&wire.server, "");
    assert_true(wire.server.saw_end);
    wire_close(&wire);
}

static void test_client_tls_none_answers_starttls_itself(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.client_tls = CLIENT_TLS_NONE;
    wire_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "250-x\r\n250-PIPELINING\r\n250 STARTTLS\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n250-x\r\n250 PIPELINING\r\n");
    // Pipelined: our answer comes behind the server's answer to NOOP, and NOOP 2 goes on after it.
    wire_say(&wire.client, "NOOP 1\r\nSTARTTLS\r\nNOOP 2\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "");
    wire_expect(&wire.server, "EHLO x\r\nNOOP 1\r\n");
    wire_say(&wire.server, "250 one\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "NOOP 2\r\n");
    struct slice got = buf_slice(&wire.client.got);
    assert_true(slice_starts_with(got, SLICE("250 one\r\n502 5.5.1 ")));
    wire_close(&wire);
}

static void test_half_close_passes(void **state) {
    struct wire wire;
    (void)state;
    open_and_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_say(&wire.client, "QUIT\r\n");
    wire.client.close_after = true;
    wire_run(&wire);
    wire_expect(&wire.server, "QUIT\r\n");
    assert_true(wire.server.saw_end);
    assert_false(wire.client.saw_end);
    wire_say(&wire.server, "221 bye\r\n");
    wire.server.close_after = true;
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n221 bye\r\n");
    assert_true(wire.client.saw_end);
    assert_true(relay_is_done(wire.relay));
    wire_close(&wire);
}

// How many findings a client makes that closes without a word, so long behind its handshake.
static uint64_t findings_of_silent_close(int64_t after_ns) {
    struct wire wire;
    open_and_start(&wire);
    wire_server_tls(&wire);
    wire_client_tls(&wire, "mail.example.com");
    wire_run(&wire);
    uint64_t before = relay_counts(wire.relay).findings;
    relay_eof(wire.relay, SIDE_CLIENT, RELAY_FIN, wire.now_ns + after_ns);
    uint64_t found = relay_counts(wire.relay).findings - before;
    wire_close(&wire);
    return found;
}

static void test_a_silent_close_is_distrust_at_once_only(void **state) {
    (void)state;
    assert_int_equal(findings_of_silent_close(NS_PER_S), 1);
    assert_int_equal(findings_of_silent_close(60 * NS_PER_S), 0);
}

// --grace is over: peers that do not close get no time that a user could notice.
static void test_a_stop_waits_for_no_peer(void **state) {
    struct wire wire;
    (void)state;
    open_and_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    relay_idle(wire.relay, wire.now_ns); // It is ending already, with more time for the peers.
    assert_true(relay_deadline_ns(wire.relay) == wire.now_ns + RELAY_LINGER_NS);
    relay_stop(wire.relay, wire.now_ns);
    assert_true(relay_deadline_ns(wire.relay) == wire.now_ns + RELAY_STOP_LINGER_NS);
    assert_true(RELAY_STOP_LINGER_NS < 200 * NS_PER_MS);
    relay_tick(wire.relay, wire.now_ns + RELAY_STOP_LINGER_NS);
    while (relay_output(wire.relay, SIDE_CLIENT).len > 0) {
        relay_sent(wire.relay, SIDE_CLIENT, relay_output(wire.relay, SIDE_CLIENT).len, wire.now_ns);
    }
    assert_true(relay_is_done(wire.relay));
    wire_close(&wire);
}

// The client is gone, the server says nothing: that is the end, once the server was told of it.
static void test_a_client_that_is_gone_ends_the_session(void **state) {
    struct wire wire;
    (void)state;
    open_and_start(&wire);
    wire_say(&wire.server, "220 hello\r\n");
    wire_say(&wire.client, "MAIL FROM:<a@example.com>\r\n");
    wire.client.close_after = true;
    wire_run(&wire);
    assert_true(wire.server.saw_end);
    assert_true(relay_deadline_ns(wire.relay) == INT64_MAX); // It may wait for its answer.
    relay_client_closed_read(wire.relay, wire.now_ns);
    wire_wait(&wire);
    wire_wait(&wire);
    assert_true(relay_is_done(wire.relay));
    wire_close(&wire);
}

static void test_sink_answers_plain_and_in_tls(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.setup.mode = MODE_SINK;
    wire.session.mode = MODE_SINK;
    wire.session.has_server = false;
    wire_start(&wire);
    wire_client_tls(&wire, "sink.example.com");
    wire_say(&wire.client, "QUIT\r\n");
    wire_run(&wire);
    struct slice got = buf_slice(&wire.client.got);
    assert_true(slice_starts_with(got, SLICE("220 ")));
    assert_true(slice_find(got, SLICE("\r\n221 ")) != SLICE_NONE);
    wire_close(&wire);
}

static void test_sink_without_tls_greets_at_once(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.client_tls = CLIENT_TLS_NONE;
    wire.setup.mode = MODE_SINK;
    wire.session.mode = MODE_SINK;
    wire.session.has_server = false;
    wire_start(&wire);
    wire_run(&wire);
    assert_true(slice_starts_with(buf_slice(&wire.client.got), SLICE("220 ")));
    wire_close(&wire);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_bytes_pass_both_ways),
        cmocka_unit_test(test_starttls_handshake_cut_anywhere),
        cmocka_unit_test(test_implicit_tls_on_both_sides),
        cmocka_unit_test(test_plain_bytes_behind_starttls),
        cmocka_unit_test(test_plain_client_to_tls_server),
        cmocka_unit_test(test_own_starttls_towards_the_server),
        cmocka_unit_test(test_starttls_taken_out_of_every_reply),
        cmocka_unit_test(test_starttls_added_to_every_reply),
        cmocka_unit_test(test_plain_text_after_starttls_is_served),
        cmocka_unit_test(test_plain_text_after_starttls_is_answered),
        cmocka_unit_test(test_plain_text_ahead_of_a_late_handshake),
        cmocka_unit_test(test_plain_text_with_the_220_of_the_server),
        cmocka_unit_test(test_early_bytes_and_end_wait_for_own_steps),
        cmocka_unit_test(test_no_starttls_to_give_means_no_mail),
        cmocka_unit_test(test_client_tls_none_answers_starttls_itself),
        cmocka_unit_test(test_half_close_passes),
        cmocka_unit_test(test_a_silent_close_is_distrust_at_once_only),
        cmocka_unit_test(test_a_stop_waits_for_no_peer),
        cmocka_unit_test(test_a_client_that_is_gone_ends_the_session),
        cmocka_unit_test(test_sink_answers_plain_and_in_tls),
        cmocka_unit_test(test_sink_without_tls_greets_at_once),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wire_end_world();
    return failed;
}
