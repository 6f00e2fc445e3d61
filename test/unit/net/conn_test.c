// SPDX-License-Identifier: MIT
// A session between two real sockets, with a fake clock and a relay that does what the test says.
#include "net/conn.h"

#include "base/clock.h"
#include "base/memory.h"
#include "fake_clock.h"
#include "net/peer.h"
#include "net/proxy.h"
#include "net/route.h"
#include "net/tunnel.h"
#include "net/worker.h"
#include "relay/relay.h"
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 300, IDLE_MS = 60000 };

static struct {
    struct proxy_options options;
    struct service service;
    struct worker worker;
    struct listen_spec spec;
    struct live arrival;
    struct accepted accepted;
    int peers[2]; // the test's ends, by side
    unsigned ended;
    // What the relay wants …
    bool wants_read[2];
    char output[2][TEXT_MAX];
    bool wants_shutdown[2];
    bool done;
    bool congested;
    int64_t deadline_ns;
    struct observer_counts counts;
    struct relay_dial before_dial; // what it says of a dial that is held
    // … and what it was told.
    struct event_session *session;
    char received[2][TEXT_MAX];
    char failure[TEXT_MAX];
    bool failure_to_client;
    unsigned connected;
    unsigned eofs[2];
    unsigned resets[2];
    size_t received_when_sent; // of both, at the latest relay_sent
    size_t unsent_at_eof;      // to the other peer
    bool stops_server;         // what the client says
    unsigned gone;
    enum outcome turned_away;
    char note[TEXT_MAX];
    unsigned ticks;
    unsigned idles;
    unsigned stops;
    unsigned finished;
} scene;

// ── the relay ───────────────────────────────────────────────────────────────────────────────────

struct relay *relay_new(const struct relay_setup *setup, int64_t at_ns) {
    (void)at_ns;
    scene.session = setup->session;
    return (struct relay *)&scene;
}

void relay_free(struct relay *relay) {
    assert_non_null(relay);
    assert_int_equal(scene.finished, 1);
}

void relay_connected(struct relay *relay, const char *local_address, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    assert_string_equal(local_address, "127.0.0.1");
    scene.connected++;
}

void relay_connect_failed(struct relay *relay, const char *reason, bool tell_client,
                          int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    snprintf(scene.failure, TEXT_MAX, "%s", reason);
    scene.failure_to_client = tell_client;
}

void relay_before_dial(struct relay_dial *out, struct relay *relay, const char *server,
                       int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    assert_string_equal(server, "mail.example.com");
    *out = scene.before_dial;
}

void relay_note(struct relay *relay, const char *text, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    snprintf(scene.note, TEXT_MAX, "%s", text);
}

void relay_turn_away(struct relay *relay, enum outcome outcome, const char *reason, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    scene.turned_away = outcome;
    snprintf(scene.failure, TEXT_MAX, "%s", reason);
}

void relay_receive(struct relay *relay, enum side side, struct slice wire, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    size_t len = strlen(scene.received[side]);
    snprintf(scene.received[side] + len, TEXT_MAX - len, "%.*s", (int)wire.len,
             (const char *)wire.data);
    if (scene.stops_server) {
        scene.wants_read[SIDE_SERVER] = false;
    }
}

void relay_eof(struct relay *relay, enum side side, enum relay_fin fin, int64_t at_ns) {
    (void)fin;
    (void)relay;
    (void)at_ns;
    scene.wants_read[side] = false;
    scene.unsent_at_eof = strlen(scene.output[side_other(side)]);
    scene.eofs[side]++;
}

void relay_client_closed_read(struct relay *relay, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    scene.gone++;
}

void relay_reset(struct relay *relay, enum side side, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    scene.wants_read[side] = false;
    scene.output[side][0] = '\0';
    scene.resets[side]++;
}

bool relay_wants_read(const struct relay *relay, enum side side) {
    (void)relay;
    return scene.wants_read[side];
}

struct slice relay_output(const struct relay *relay, enum side side) {
    (void)relay;
    return slice_of_string(scene.output[side]);
}

void relay_sent(struct relay *relay, enum side side, size_t len, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    memmove(scene.output[side], scene.output[side] + len, TEXT_MAX - len);
    scene.received_when_sent =
        strlen(scene.received[SIDE_CLIENT]) + strlen(scene.received[SIDE_SERVER]);
}

bool relay_wants_shutdown(const struct relay *relay, enum side side) {
    (void)relay;
    return scene.wants_shutdown[side];
}

void relay_shutdown_done(struct relay *relay, enum side side) {
    (void)relay;
    scene.wants_shutdown[side] = false;
}

bool relay_wants_reset(const struct relay *relay, enum side side) {
    (void)relay;
    (void)side;
    return false;
}

bool relay_gave_up(const struct relay *relay, enum side side) {
    (void)relay;
    (void)side;
    return false;
}

bool relay_is_done(const struct relay *relay) {
    (void)relay;
    return scene.done;
}

bool relay_is_congested(const struct relay *relay) {
    (void)relay;
    return scene.congested;
}

int64_t relay_deadline_ns(const struct relay *relay) {
    (void)relay;
    return scene.deadline_ns;
}

void relay_tick(struct relay *relay, int64_t at_ns) {
    (void)relay;
    assert_true(at_ns >= scene.deadline_ns);
    scene.deadline_ns = INT64_MAX;
    scene.ticks++;
}

void relay_idle(struct relay *relay, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    scene.idles++;
}

void relay_stop(struct relay *relay, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    scene.stops++;
}

void relay_finish(struct relay *relay, int64_t at_ns) {
    (void)relay;
    (void)at_ns;
    scene.finished++;
}

struct observer_counts relay_counts(const struct relay *relay) {
    (void)relay;
    return scene.counts;
}

// ── the stage ───────────────────────────────────────────────────────────────────────────────────

static void session_ended(void *proxy) {
    (void)proxy;
    scene.ended++;
}

static void wake_listeners(void *proxy) {
    (void)proxy;
}

static int open_scene(void **state) {
    (void)state;
    memset(&scene, 0, sizeof(scene));
    fake_clock_reset();
    scene.peers[SIDE_CLIENT] = scene.peers[SIDE_SERVER] = -1;
    scene.wants_read[SIDE_CLIENT] = scene.wants_read[SIDE_SERVER] = true;
    scene.deadline_ns = INT64_MAX;
    scene.options = (struct proxy_options){.max_sessions = 10, .idle_timeout_ms = IDLE_MS};
    scene.service.options = &scene.options;
    scene.service.session_ended = session_ended;
    scene.service.wake_listeners = wake_listeners;
    assert_int_equal(worker_init(&scene.worker, &scene.service), 0);
    return 0;
}

static void set_output(enum side side, const char *text) {
    snprintf(scene.output[side], TEXT_MAX, "%s", text);
}

static void turn(void) {
    uv_run(&scene.worker.loop, UV_RUN_NOWAIT);
}

// Its idle time is over, so that the session looks what the relay wants, with nothing read before.
static void wake_session(void) {
    fake_clock_pass_ms(IDLE_MS + 2);
}

static int close_scene(void **state) {
    (void)state;
    scene.done = true;
    if (scene.worker.first != NULL) {
        scene.worker.first->ops->stop(scene.worker.first);
    }
    assert_int_equal(atomic_load(&scene.service.live), 0);
    assert_int_equal(atomic_load(&scene.service.connections), 0);
    assert_int_equal(scene.finished, 1);
    close(scene.peers[SIDE_CLIENT]);
    close(scene.peers[SIDE_SERVER]);
    worker_stop(&scene.worker);
    worker_cleanup(&scene.worker);
    assert_int_equal(fake_clock_armed(), 0);
    return 0;
}

static void begin_held(bool held, int server, const char *early);

static void begin(enum mode mode, const char *early) {
    scene.spec.mode = mode;
    begin_held(false, -1, early);
}

// `held`: the dial waits for what the relay says; `server`: a connection that there is already.
static void begin_held(bool held, int server, const char *early) {
    enum mode mode = scene.spec.mode;
    int pair[2];
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof(name);
    tcp_pair(pair);
    scene.peers[SIDE_CLIENT] = pair[0];
    scene.accepted.spec = &scene.spec;
    scene.accepted.accepted_ns = (int64_t)uv_hrtime();
    getsockname(pair[0], (struct sockaddr *)&name, &len);
    union net_address local = address_local(pair[1]);
    client_init(&scene.accepted.client, (struct sockaddr *)&name, &local.any);
    int error = 0;
    scene.accepted.peer = peer_new(&error, &scene.worker.loop, SIDE_CLIENT, pair[1]);
    scene.accepted.route = route_new("mail.example.com", 25);
    scene.accepted.route->held = held;
    if (server >= 0) {
        route_use_peer(scene.accepted.route,
                       peer_new(&error, &scene.worker.loop, SIDE_SERVER, server));
    }
    if (tunnel_protocol_of(mode) != NULL) {
        scene.accepted.tunnel = tunnel_new(tunnel_protocol_of(mode));
        scene.accepted.tunnel->state = TUNNEL_CONNECTING;
    }
    assert_true(worker_take_room(&scene.worker, 2));
    worker_session_began(&scene.worker, &scene.arrival, 2);
    const struct early said = {{[SIDE_CLIENT] = slice_of_string(early)}};
    conn_begin(&scene.worker, &scene.arrival, &scene.accepted, NULL, &said);
}

static void dial_ended(int fd, int error) {
    struct route *route = scene.accepted.route;
    route->dialled = true;
    route->result.peer = fd < 0 ? NULL : peer_new(&error, &scene.worker.loop, SIDE_SERVER, fd);
    route->result.error = error;
    static const struct failure failure = {.text = "cannot connect"};
    route->result.failure = &failure;
    struct sockaddr_storage server;
    address_parse(&server, "192.0.2.7", 25);
    route->result.address = net_address((const struct sockaddr *)&server);
    route->ended(route->context);
}

static void connect_server(void) {
    int pair[2];
    tcp_pair(pair);
    scene.peers[SIDE_SERVER] = pair[0];
    dial_ended(pair[1], 0);
}

static void begin_connected(void) {
    begin(MODE_REVERSE, "");
    connect_server();
}

static void say(enum side side, const char *text) {
    assert_int_equal(send(scene.peers[side], text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void assert_heard(enum side side, const char *bytes, size_t len) {
    char got[TEXT_MAX];
    assert_int_equal(recv(scene.peers[side], got, sizeof(got), MSG_DONTWAIT), len);
    assert_memory_equal(got, bytes, len);
}

static void assert_hears_nothing(enum side side) {
    char byte;
    assert_int_equal(recv(scene.peers[side], &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

// ── tests ───────────────────────────────────────────────────────────────────────────────────────

static void bytes_go_to_the_relay_and_from_it(void **state) {
    (void)state;
    begin(MODE_REVERSE, "early ");
    say(SIDE_CLIENT, "EHLO\r\n");
    set_output(SIDE_CLIENT, "220 hello\r\n");
    set_output(SIDE_SERVER, "kept until there is one");
    turn();
    assert_string_equal(scene.received[SIDE_CLIENT], "early EHLO\r\n");
    assert_heard(SIDE_CLIENT, "220 hello\r\n", 11);
    connect_server();
    assert_int_equal(scene.connected, 1);
    assert_string_equal(scene.session->server.address, "192.0.2.7");
    assert_heard(SIDE_SERVER, "kept until there is one", 23);
    say(SIDE_SERVER, "250\r\n");
    turn();
    assert_string_equal(scene.received[SIDE_SERVER], "250\r\n");
}

static void a_header_goes_ahead_of_what_the_client_said(void **state) {
    (void)state;
    scene.options.send_header = PROXY_HEADER_V1;
    set_output(SIDE_SERVER, "EHLO\r\n");
    begin(MODE_REVERSE, "");
    connect_server();
    char expected[TEXT_MAX];
    const struct client *client = &scene.accepted.client;
    int len = snprintf(expected, TEXT_MAX, "PROXY TCP4 127.0.0.1 127.0.0.1 %u %u\r\nEHLO\r\n",
                       client->text.port, client->local_text.port);
    assert_heard(SIDE_SERVER, expected, (size_t)len);
    assert_non_null(strstr(scene.note, "to the server: version 1, client 127.0.0.1 port "));
}

static void a_dial_that_is_not_to_be_fails_without_one(void **state) {
    (void)state;
    scene.before_dial = (struct relay_dial){
        .what = RELAY_DIAL_FAILS, .error = ECONNREFUSED, .reason = "not dialled"};
    scene.spec.mode = MODE_REVERSE;
    begin_held(true, -1, "");
    assert_string_equal(scene.failure, "not dialled");
    assert_true(scene.failure_to_client);
}

static void a_tunnel_is_told_of_a_dial_that_is_not_to_be(void **state) {
    (void)state;
    scene.before_dial = (struct relay_dial){
        .what = RELAY_DIAL_FAILS, .error = ECONNREFUSED, .reason = "not dialled"};
    scene.spec.mode = MODE_SOCKS5;
    begin_held(true, -1, "");
    assert_heard(SIDE_CLIENT, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", 10);
}

static void a_connection_that_is_held_is_used_when_its_time_has_come(void **state) {
    int pair[2];
    (void)state;
    tcp_pair(pair);
    scene.peers[SIDE_SERVER] = pair[0];
    scene.before_dial = (struct relay_dial){.what = RELAY_DIAL_LATER, .due_ns = 500 * NS_PER_MS};
    scene.spec.mode = MODE_RUN;
    begin_held(true, pair[1], "");
    fake_clock_pass_ms(499);
    assert_int_equal(scene.connected, 0);
    fake_clock_pass_ms(2);
    assert_int_equal(scene.connected, 1);
}

static void a_failed_dial_is_for_the_relay_to_tell(void **state) {
    (void)state;
    begin(MODE_REVERSE, "");
    dial_ended(-1, ECONNREFUSED);
    assert_string_equal(scene.failure, "cannot connect");
    assert_true(scene.failure_to_client);
}

static void socks5_tells_a_failed_dial_itself(void **state) {
    (void)state;
    begin(MODE_SOCKS5, "");
    assert_hears_nothing(SIDE_CLIENT);
    dial_ended(-1, ECONNREFUSED);
    assert_heard(SIDE_CLIENT, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", 10);
    assert_false(scene.failure_to_client);
}

static void socks5_answers_before_the_session_says_a_word(void **state) {
    char got[TEXT_MAX];
    (void)state;
    begin(MODE_SOCKS5, "");
    set_output(SIDE_CLIENT, "220 hello\r\n");
    connect_server();
    assert_int_equal(recv(scene.peers[SIDE_CLIENT], got, sizeof(got), MSG_DONTWAIT), 10 + 11);
    assert_memory_equal(got, "\x05\x00\x00\x01", 4);
    assert_memory_equal(got + 10, "220 hello\r\n", 11);
}

static void a_session_is_idle_when_neither_side_says_anything(void **state) {
    (void)state;
    begin_connected();
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        fake_clock_pass_ms(IDLE_MS - 1);
        say(side, "x");
        turn();
    }
    fake_clock_pass_ms(IDLE_MS - 1);
    assert_int_equal(scene.idles, 0);
    fake_clock_pass_ms(3);
    assert_int_equal(scene.idles, 1);
    fake_clock_pass_ms(IDLE_MS + 1);
    assert_int_equal(scene.idles, 2);
}

static void relay_is_due_in_ms(int64_t ms) {
    int64_t now_ns = (int64_t)fake_clock_now_ms() * NS_PER_MS;
    scene.deadline_ns = now_ns - scene.accepted.accepted_ns + ms * NS_PER_MS;
    say(SIDE_CLIENT, "y"); // The session takes it over.
    turn();
}

// The loop comes to its timers later than the bytes came.
static void a_peer_is_not_silent_whose_bytes_are_yet_unread(void **state) {
    (void)state;
    begin_connected();
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        say(side, "x");
        fake_clock_pass_ms(IDLE_MS + 2);
        assert_int_equal(scene.idles, 0);
        turn();
        assert_string_equal(scene.received[side], "x");
    }
    scene.deadline_ns = INT64_MAX;
    fake_clock_pass_ms(IDLE_MS + 2);
    assert_int_equal(scene.idles, 1);
}

static void the_relay_gets_unread_bytes_before_its_time(void **state) {
    (void)state;
    begin_connected();
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        relay_is_due_in_ms(10);
        say(side, "x");
        fake_clock_pass_ms(11);
        assert_int_equal(scene.ticks, side);
        turn();
        assert_non_null(strchr(scene.received[side], 'x'));
        fake_clock_pass_ms(1);
        assert_int_equal(scene.ticks, side + 1);
    }
}

static void a_peer_that_never_pauses_holds_no_time_up(void **state) {
    (void)state;
    begin_connected();
    relay_is_due_in_ms(10);
    fake_clock_late_ms(10);
    say(SIDE_CLIENT, "x");
    turn();
    say(SIDE_CLIENT, "x");
    fake_clock_pass_ms(2);
    assert_int_equal(scene.ticks, 1);
}

static void the_end_of_a_stream_that_is_yet_unread_is_no_silence(void **state) {
    (void)state;
    begin_connected();
    shutdown(scene.peers[SIDE_CLIENT], SHUT_WR);
    fake_clock_pass_ms(IDLE_MS + 2);
    assert_int_equal(scene.idles, 0);
}

static void the_relay_is_told_its_time(void **state) {
    (void)state;
    begin_connected();
    scene.deadline_ns = 5000 * NS_PER_MS;
    say(SIDE_CLIENT, "x"); // it asks for it in an event
    turn();
    fake_clock_pass_ms(4999);
    assert_int_equal(scene.ticks, 0);
    fake_clock_pass_ms(2);
    assert_int_equal(scene.ticks, 1);
}

static void a_congested_session_is_not_read_until_it_is_free(void **state) {
    (void)state;
    begin_connected();
    scene.congested = true;
    say(SIDE_CLIENT, "a");
    turn();
    say(SIDE_CLIENT, "b");
    fake_clock_pass_ms(1000);
    turn();
    assert_string_equal(scene.received[SIDE_CLIENT], "a");
    scene.congested = false;
    fake_clock_pass_ms(11);
    turn();
    assert_string_equal(scene.received[SIDE_CLIENT], "ab");
}

static void reset_server(void) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(scene.peers[SIDE_SERVER], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(scene.peers[SIDE_SERVER]);
    scene.peers[SIDE_SERVER] = -1;
}

// What it said lies unread in the socket, while a write already fails.
static void the_last_words_of_a_peer_that_broke_off_are_read(void **state) {
    (void)state;
    begin_connected();
    say(SIDE_SERVER, "552 too much\r\n");
    reset_server();
    set_output(SIDE_SERVER, "more mail");
    wake_session();
    assert_string_equal(scene.received[SIDE_SERVER], "552 too much\r\n");
    assert_int_equal(scene.resets[SIDE_SERVER], 1);
}

static void the_streams_end_when_the_relay_wants_it(void **state) {
    char byte;
    (void)state;
    begin_connected();
    scene.wants_shutdown[SIDE_SERVER] = true;
    say(SIDE_CLIENT, "QUIT\r\n");
    turn();
    turn();
    assert_int_equal(recv(scene.peers[SIDE_SERVER], &byte, 1, MSG_DONTWAIT), 0);
    assert_hears_nothing(SIDE_CLIENT);
}

// Its kernel has closed the socket, though no read shows more than the end of the stream.
static void a_client_that_closed_is_gone_and_one_that_listens_is_not(void **state) {
    (void)state;
    begin_connected();
    shutdown(scene.peers[SIDE_CLIENT], SHUT_WR);
    turn();
    assert_int_equal(scene.eofs[SIDE_CLIENT], 1);
    fake_clock_pass_ms(5000);
    assert_int_equal(scene.gone, 0);
    close(scene.peers[SIDE_CLIENT]);
    scene.peers[SIDE_CLIENT] = -1;
    fake_clock_pass_ms(1001);
    assert_int_equal(scene.gone, 1);
    fake_clock_pass_ms(5000);
    assert_int_equal(scene.gone, 1);
}

static void what_both_say_in_a_turn_is_taken_before_any_is_sent(void **state) {
    (void)state;
    begin_connected();
    say(SIDE_CLIENT, "NOOP\r\n");
    say(SIDE_SERVER, "250\r\n");
    set_output(SIDE_SERVER, "NOOP\r\n");
    turn();
    assert_heard(SIDE_SERVER, "NOOP\r\n", 6);
    assert_int_equal(scene.received_when_sent, 11);
}

static void what_came_before_an_end_is_sent_before_it(void **state) {
    (void)state;
    begin_connected();
    say(SIDE_CLIENT, "QUIT\r\n");
    shutdown(scene.peers[SIDE_SERVER], SHUT_WR);
    set_output(SIDE_CLIENT, "the rest");
    turn();
    assert_string_equal(scene.received[SIDE_CLIENT], "QUIT\r\n");
    assert_int_equal(scene.eofs[SIDE_SERVER], 1);
    assert_int_equal(scene.unsent_at_eof, 0);
    assert_heard(SIDE_CLIENT, "the rest", 8);
}

static void a_peer_is_not_read_that_the_other_has_stopped_in_this_turn(void **state) {
    (void)state;
    begin_connected();
    scene.stops_server = true;
    say(SIDE_CLIENT, "much");
    say(SIDE_SERVER, "more");
    turn();
    assert_string_equal(scene.received[SIDE_CLIENT], "much");
    assert_string_equal(scene.received[SIDE_SERVER], "");
    scene.stops_server = false;
    scene.wants_read[SIDE_SERVER] = true;
    say(SIDE_CLIENT, ".");
    turn();
    turn();
    assert_string_equal(scene.received[SIDE_SERVER], "more");
}

static void a_session_that_is_done_ends_and_is_counted(void **state) {
    (void)state;
    begin_connected();
    scene.counts = (struct observer_counts){.messages = 2, .findings = 3};
    say(SIDE_CLIENT, "x");
    turn();
    assert_int_equal(atomic_load(&scene.service.messages), 2);
    scene.counts.messages = 3;
    scene.done = true;
    wake_session();
    assert_int_equal(scene.ended, 1);
    assert_int_equal(atomic_load(&scene.service.ended), 1);
    assert_int_equal(atomic_load(&scene.service.messages), 3);
    assert_int_equal(atomic_load(&scene.service.findings), 3);
    assert_true(tcp_is_closed(scene.peers[SIDE_CLIENT]));
    assert_true(tcp_is_closed(scene.peers[SIDE_SERVER]));
}

static void the_end_of_the_grace_stops_it(void **state) {
    (void)state;
    begin_connected();
    worker_stop(&scene.worker);
    fake_clock_pass_ms(0);
    assert_int_equal(scene.stops, 1);
    assert_int_equal(scene.ended, 0); // The relay has words to say first.
}

static void a_connect_that_failed_is_a_session_of_its_own(void **state) {
    (void)state;
    struct failed_dial failed = {
        .client = {.pid = 4711},
        .asked_monotonic_ns = (int64_t)uv_hrtime() - NS_PER_S,
        .error = ECONNREFUSED,
    };
    address_parse(&failed.server, "192.0.2.7", 25);
    conn_record_failed(&scene.worker, &failed);
    assert_int_equal(atomic_load(&scene.service.ended), 1);
    assert_string_equal(scene.failure,
                        "cannot connect to 192.0.2.7 on port 25: the connection was refused: "
                        "nothing listens there, or a firewall rejects it");
    assert_false(scene.failure_to_client);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCENE(bytes_go_to_the_relay_and_from_it),
        IN_SCENE(a_header_goes_ahead_of_what_the_client_said),
        IN_SCENE(a_dial_that_is_not_to_be_fails_without_one),
        IN_SCENE(a_tunnel_is_told_of_a_dial_that_is_not_to_be),
        IN_SCENE(a_connection_that_is_held_is_used_when_its_time_has_come),
        IN_SCENE(a_failed_dial_is_for_the_relay_to_tell),
        IN_SCENE(socks5_tells_a_failed_dial_itself),
        IN_SCENE(socks5_answers_before_the_session_says_a_word),
        IN_SCENE(a_session_is_idle_when_neither_side_says_anything),
        IN_SCENE(a_peer_is_not_silent_whose_bytes_are_yet_unread),
        IN_SCENE(the_relay_gets_unread_bytes_before_its_time),
        IN_SCENE(a_peer_that_never_pauses_holds_no_time_up),
        IN_SCENE(the_end_of_a_stream_that_is_yet_unread_is_no_silence),
        IN_SCENE(the_relay_is_told_its_time),
        IN_SCENE(a_congested_session_is_not_read_until_it_is_free),
        IN_SCENE(the_last_words_of_a_peer_that_broke_off_are_read),
        IN_SCENE(the_streams_end_when_the_relay_wants_it),
        IN_SCENE(a_client_that_closed_is_gone_and_one_that_listens_is_not),
        IN_SCENE(what_both_say_in_a_turn_is_taken_before_any_is_sent),
        IN_SCENE(what_came_before_an_end_is_sent_before_it),
        IN_SCENE(a_peer_is_not_read_that_the_other_has_stopped_in_this_turn),
        IN_SCENE(a_session_that_is_done_ends_and_is_counted),
        IN_SCENE(the_end_of_the_grace_stops_it),
        IN_SCENE(a_connect_that_failed_is_a_session_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
