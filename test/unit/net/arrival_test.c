// SPDX-License-Identifier: MIT
// From the accept to the beginning of a session: real sockets, a fake clock, and stand-ins for the
// session, the dial and who knows the processes.
#include "net/arrival.h"

#include "fake_clock.h"
#include "net/conn.h"
#include "net/identify.h"
#include "net/networks.h"
#include "net/peer.h"
#include "net/route.h"
#include "net/tunnel.h"
#include "net/worker.h"
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 300, IDLE_MS = 1000, PID = 4711, NO_DESCRIPTOR = 1 << 20 };

static struct {
    struct proxy_options options;
    struct service service;
    struct worker worker;
    struct listen_spec spec;
    struct listener listener;
    int client; // the test's end
    // The session that began.
    unsigned sessions;
    struct live live;
    struct accepted session;
    char refusal[TEXT_MAX];
    enum outcome outcome; // of a client that is turned away
    char early[TEXT_MAX];
    struct process_identity process; // as the session has it
    // The dial.
    unsigned dials;
    char dial_host[TEXT_MAX];
    char dial_address[TEXT_MAX];
    uint16_t dial_port;
    bool dial_may_be_own;
    void (*dialled)(void *context, const struct dial_result *result);
    void *dialled_context;
    unsigned cancelled;
    // Who knows the processes.
    struct owner_query *query;
    struct networks balancers;
    unsigned ended; // connections, with or without a session
    char complaint[TEXT_MAX];
    bool claimed; // what a claim finds
    int claimed_fd;
} scene;

void __wrap_conn_begin(struct worker *worker, struct live *arrival, const struct accepted *accepted,
                       const struct turned_away *turned_away, const struct early *said);
struct dial *__wrap_dial_start(uv_loop_t *loop, const struct dial_target *target,
                               void (*done)(void *context, const struct dial_result *result),
                               void *context);
void __wrap_dial_cancel(struct dial *dial);
void __wrap_owner_ask(struct owner *owner, struct owner_query *query);

static void on_identified(void *context, const struct process_identity *found) {
    (void)context;
    scene.session.identification = NULL;
    scene.process = *found;
}

void __wrap_conn_begin(struct worker *worker, struct live *arrival, const struct accepted *accepted,
                       const struct turned_away *turned_away, const struct early *said) {
    struct slice early = said->from[SIDE_CLIENT];
    assert_true(early.len < TEXT_MAX);
    scene.sessions++;
    scene.session = *accepted;
    scene.process = accepted->client.process;
    if (early.len > 0) {
        memcpy(scene.early, early.data, early.len);
    }
    if (turned_away != NULL) {
        scene.outcome = turned_away->outcome;
        snprintf(scene.refusal, sizeof(scene.refusal), "%s", turned_away->reason);
    }
    worker_session_replaced(worker, arrival, &scene.live);
    identify_hand_over(accepted->identification, on_identified, NULL);
}

struct dial *__wrap_dial_start(uv_loop_t *loop, const struct dial_target *target,
                               void (*done)(void *context, const struct dial_result *result),
                               void *context) {
    (void)loop;
    scene.dials++;
    snprintf(scene.dial_host, TEXT_MAX, "%s", target->host == NULL ? "" : target->host);
    if (target->address != NULL) {
        snprintf(scene.dial_address, TEXT_MAX, "%s", address_text(target->address).host);
    }
    scene.dial_port = target->port;
    scene.dial_may_be_own = target->own != NULL;
    scene.dialled = done;
    scene.dialled_context = context;
    return (struct dial *)&scene;
}

void __wrap_dial_cancel(struct dial *dial) {
    scene.cancelled += dial != NULL;
}

void __wrap_owner_ask(struct owner *owner, struct owner_query *query) {
    (void)owner;
    assert_null(scene.query);
    scene.query = query;
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
    scene.client = -1;
    scene.claimed_fd = -1;
    scene.options = (struct proxy_options){.max_sessions = 10, .idle_timeout_ms = IDLE_MS};
    scene.service.options = &scene.options;
    scene.service.session_ended = session_ended;
    scene.service.wake_listeners = wake_listeners;
    assert_int_equal(worker_init(&scene.worker, &scene.service), 0);
    scene.listener = (struct listener){.worker = &scene.worker, .spec = &scene.spec};
    return 0;
}

static void answer(uint32_t pid) {
    struct owner_query *query = scene.query;
    scene.query = NULL;
    query->found.pid = pid;
    query->answered(query);
}

// The session ends, and the client goes.
static void leave(void) {
    if (scene.query != NULL) {
        answer(0);
        uv_run(&scene.worker.loop, UV_RUN_NOWAIT);
    }
    if (scene.sessions > 0) {
        peer_close(scene.session.peer);
        route_free(scene.session.route);
        tunnel_free(scene.session.tunnel);
        worker_session_ended(&scene.worker, &scene.live, true);
    }
    close(scene.client);
    scene.sessions = 0;
}

static int close_scene(void **state) {
    (void)state;
    leave();
    networks_cleanup(&scene.balancers);
    assert_int_equal(atomic_load(&scene.service.live), 0);
    assert_int_equal(atomic_load(&scene.service.connections), 0);
    worker_stop(&scene.worker);
    worker_cleanup(&scene.worker);
    assert_int_equal(fake_clock_armed(), 0);
    return 0;
}

static void turn(void) {
    uv_run(&scene.worker.loop, UV_RUN_NOWAIT);
}

static void take_room(void) {
    assert_true(worker_take_room(&scene.worker, mode_connections(scene.spec.mode)));
}

static void arrive(enum mode mode) {
    int pair[2];
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof(name);
    tcp_pair(pair);
    scene.client = pair[0];
    getsockname(pair[0], (struct sockaddr *)&name, &len);
    scene.spec.mode = mode;
    take_room();
    arrival_begin(&scene.listener, pair[1], (struct sockaddr *)&name);
    turn();
}

static void arrive_to_be_sent_on(void) {
    scene.spec.server_host = "mail.example.com";
    scene.spec.server_port = 587;
    arrive(MODE_REVERSE);
}

static void until(const unsigned *count) {
    while (*count == 0) {
        uv_run(&scene.worker.loop, UV_RUN_ONCE);
    }
}

static void assert_ended_without_a_session(void) {
    turn();
    assert_int_equal(scene.sessions, 0);
    assert_int_equal(scene.ended, 1);
    assert_int_equal(atomic_load(&scene.service.ended), 0);
    assert_int_equal(atomic_load(&scene.service.live), 0);
    assert_null(scene.worker.first);
    assert_true(tcp_is_closed(scene.client));
}

// ── who it is ───────────────────────────────────────────────────────────────────────────────────

static void the_server_is_dialled_while_the_client_is_identified(void **state) {
    (void)state;
    arrive_to_be_sent_on();
    assert_int_equal(scene.dials, 1);
    assert_string_equal(scene.dial_host, "mail.example.com");
    assert_int_equal(scene.dial_port, 587);
    assert_true(scene.dial_may_be_own);
    assert_int_equal(scene.sessions, 0);
    answer(PID);
    until(&scene.sessions);
    assert_int_equal(scene.process.pid, PID);
    assert_null(scene.session.identification);
    assert_string_equal(scene.refusal, "");
    assert_int_equal(scene.dials, 1);
}

static void a_client_is_identified_for_50_ms(void **state) {
    (void)state;
    arrive_to_be_sent_on();
    fake_clock_pass_ms(49);
    assert_int_equal(scene.sessions, 0);
    fake_clock_pass_ms(4);
    assert_int_equal(scene.sessions, 1);
    assert_int_equal(scene.process.pid, 0);
    answer(PID); // Late: the session gets it.
    assert_non_null(scene.session.identification);
    turn();
    assert_int_equal(scene.process.pid, PID);
}

static void arrive_answered(uint32_t pid) {
    arrive_to_be_sent_on();
    answer(pid);
    until(&scene.sessions);
    assert_int_equal(scene.process.pid, pid);
    leave();
}

static void arrive_unanswered(uint64_t began_after_ms, uint64_t not_after_ms) {
    arrive_to_be_sent_on();
    fake_clock_pass_ms(not_after_ms);
    assert_int_equal(scene.sessions, 0);
    fake_clock_pass_ms(began_after_ms - not_after_ms);
    assert_int_equal(scene.sessions, 1);
    leave();
}

// Each wait in vain halves the next one, each answer in time doubles it.
static void waits_in_vain_grow_shorter(void **state) {
    (void)state;
    arrive_unanswered(53, 49);
    arrive_unanswered(29, 24);
    for (int i = 0; i < 10; i++) {
        arrive_unanswered(29, 0);
    }
    arrive_unanswered(4, 0);
    arrive_answered(PID);
    arrive_answered(PID);
    arrive_unanswered(7, 3);
    for (int i = 0; i < 10; i++) {
        arrive_answered(PID);
    }
    arrive_unanswered(53, 49);
}

// Where the loop was busy the first of the two times may find an answer that nothing has taken yet.
static void an_answer_in_time_is_taken_before_the_wait_is_over(void **state) {
    (void)state;
    arrive_to_be_sent_on();
    answer(PID);
    fake_clock_pass_ms(49);
    assert_int_equal(scene.sessions, 0);
    until(&scene.sessions);
    assert_int_equal(scene.process.pid, PID);
}

static void a_dial_that_ended_first_goes_along(void **state) {
    (void)state;
    struct dial_result result = {.error = 111};
    arrive_to_be_sent_on();
    scene.dialled(scene.dialled_context, &result);
    assert_int_equal(scene.sessions, 0);
    answer(PID);
    until(&scene.sessions);
    assert_true(scene.session.route->dialled);
    assert_int_equal(scene.session.route->result.error, 111);
}

static void the_grace_ends_what_has_not_begun(void **state) {
    (void)state;
    arrive_to_be_sent_on();
    worker_stop(&scene.worker);
    assert_int_equal(scene.ended, 0);
    fake_clock_pass_ms(0);
    assert_ended_without_a_session();
    assert_int_equal(scene.cancelled, 1);
}

// ── where it goes ───────────────────────────────────────────────────────────────────────────────

static void a_sink_has_no_server(void **state) {
    (void)state;
    arrive(MODE_SINK);
    answer(PID);
    until(&scene.sessions);
    assert_int_equal(scene.dials, 0);
    assert_string_equal(scene.refusal, "");
}

static void a_redirected_client_is_dialled_for_once_it_is_known(void **state) {
    (void)state;
    scene.listener.port = 1; // not where it was going
    arrive(MODE_TRANSPARENT);
    assert_int_equal(scene.dials, 0);
    answer(PID);
    until(&scene.sessions);
    assert_int_equal(scene.dials, 1);
    assert_string_equal(scene.dial_address, "127.0.0.1");
    assert_false(scene.dial_may_be_own);
}

static void our_own_redirected_connection_is_refused(void **state) {
    (void)state;
    scene.listener.port = 1;
    arrive(MODE_TRANSPARENT);
    answer((uint32_t)getpid());
    until(&scene.sessions);
    assert_int_equal(scene.dials, 0);
    assert_non_null(strstr(scene.refusal, "smtpscope's own to the server"));
}

static void a_client_that_was_not_redirected_is_refused(void **state) {
    (void)state;
    int pair[2];
    struct sockaddr_in name;
    socklen_t len = sizeof(name);
    tcp_pair(pair);
    getsockname(pair[1], (struct sockaddr *)&name, &len);
    scene.client = pair[0];
    scene.spec.mode = MODE_TRANSPARENT;
    scene.listener.port = ntohs(name.sin_port);
    take_room();
    getsockname(pair[0], (struct sockaddr *)&name, &len);
    arrival_begin(&scene.listener, pair[1], (struct sockaddr *)&name);
    turn();
    answer(PID);
    until(&scene.sessions);
    assert_int_equal(scene.dials, 0);
    assert_non_null(strstr(scene.refusal, "use --mode reverse"));
}

static bool claim(void *context, int accepted_fd, struct claimed *out) {
    (void)context;
    (void)accepted_fd;
    *out = (struct claimed){.server_fd = scene.claimed_fd, .client.pid = PID};
    address_parse(&out->server, "192.0.2.7", 465);
    return scene.claimed;
}

static void arrive_by_a_lead(void) {
    static const struct lead lead = {.claim = claim};
    scene.spec.lead = &lead;
    arrive(MODE_RUN);
}

static void a_claimed_client_is_known_and_connected(void **state) {
    (void)state;
    int pair[2];
    tcp_pair(pair);
    scene.claimed = true;
    scene.claimed_fd = pair[1];
    arrive_by_a_lead();
    assert_int_equal(scene.sessions, 1); // Nothing is waited for.
    assert_int_equal(scene.dials, 0);
    assert_int_equal(scene.process.pid, PID);
    assert_int_equal(scene.session.route->port, 465);
    struct peer *server = route_take_peer(scene.session.route);
    assert_int_equal(peer_fd(server), pair[1]);
    peer_close(server);
    close(pair[0]);
}

static void a_claimed_client_without_a_socket_is_dialled_for(void **state) {
    (void)state;
    scene.claimed = true;
    arrive_by_a_lead();
    assert_int_equal(scene.sessions, 1);
    assert_int_equal(scene.dials, 1);
    assert_string_equal(scene.dial_address, "192.0.2.7");
}

static void one_that_comes_to_a_stop_passes_by(void **state) {
    (void)state;
    int pair[2];
    char got[8] = "";
    tcp_pair(pair);
    scene.claimed = true;
    scene.claimed_fd = pair[1];
    scene.worker.stopping = true;
    arrive_by_a_lead();
    assert_int_equal(send(pair[0], "220 x\r\n", 7, MSG_NOSIGNAL), 7);
    while (recv(scene.client, got, sizeof(got), MSG_DONTWAIT) != 7) {
        uv_run(&scene.worker.loop, UV_RUN_NOWAIT);
    }
    assert_string_equal(got, "220 x\r\n");
    assert_int_equal(scene.sessions, 0); // though it is mail
    close(pair[0]);
    shutdown(scene.client, SHUT_WR);
    until(&scene.ended);
}

static void what_is_not_claimed_is_closed(void **state) {
    (void)state;
    arrive_by_a_lead();
    assert_ended_without_a_session();
    assert_int_equal(scene.dials, 0);
}

// ── a socket that the loop cannot have ──────────────────────────────────────────────────────────

static void complain(void *context, const char *sentence) {
    (void)context;
    snprintf(scene.complaint, sizeof(scene.complaint), "%s", sentence);
}

static void a_client_of_such_a_socket_is_refused(void **state) {
    (void)state;
    union net_address name = {.v4 = {.sin_family = AF_INET, .sin_port = htons(4711)}};
    scene.options.complain = complain;
    take_room();
    arrival_begin(&scene.listener, NO_DESCRIPTOR, &name.any);
    turn();
    assert_int_equal(scene.sessions, 0);
    assert_int_equal(atomic_load(&scene.service.live), 0);
    assert_null(scene.worker.first);
    assert_string_equal(scene.complaint, "cannot serve the connection from 0.0.0.0 port 4711, "
                                         "which is closed: Bad file descriptor");
}

static void a_claimed_server_of_such_a_socket_has_failed(void **state) {
    (void)state;
    scene.claimed = true;
    scene.claimed_fd = NO_DESCRIPTOR;
    arrive_by_a_lead();
    assert_int_equal(scene.sessions, 1);
    assert_int_equal(scene.dials, 0);
    assert_null(scene.session.route->result.peer);
    assert_int_equal(scene.session.route->result.error, EBADF);
    assert_non_null(strstr(scene.session.route->failure->text, "Bad file descriptor"));
}

// ── a tunnel ────────────────────────────────────────────────────────────────────────────────────

static void arrive_by_socks5(void) {
    arrive(MODE_SOCKS5);
    answer(PID);
    uv_run(&scene.worker.loop, UV_RUN_ONCE); // takes the answer
}

static void say(const void *bytes, size_t len) {
    assert_int_equal(send(scene.client, bytes, len, MSG_NOSIGNAL), len);
}

#define SAY(literal) say("" literal, sizeof(literal) - 1)

static void assert_heard(const char *bytes, size_t len) {
    char got[TEXT_MAX];
    turn();
    assert_int_equal(recv(scene.client, got, sizeof(got), MSG_DONTWAIT), len);
    assert_memory_equal(got, bytes, len);
}

static void the_request_says_where_it_goes(void **state) {
    (void)state;
    arrive_by_socks5();
    SAY("\x05\x01\x00");
    assert_heard("\x05\x00", 2);
    assert_int_equal(scene.dials, 0);
    SAY("\x05\x01\x00\x03\x0cmail.example\x02\x4b"
        "EHLO early\r\n");
    until(&scene.sessions);
    assert_int_equal(scene.dials, 1);
    assert_string_equal(scene.dial_host, "mail.example");
    assert_int_equal(scene.dial_port, 587);
    assert_string_equal(scene.early, "EHLO early\r\n");
    assert_non_null(scene.session.tunnel); // It waits for what becomes of the dial.
    assert_int_equal(scene.process.pid, PID);
    assert_false(scene.session.peer->reading);
}

static void an_address_in_the_request_is_dialled(void **state) {
    (void)state;
    arrive_by_socks5();
    SAY("\x05\x01\x00"
        "\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x19");
    until(&scene.sessions);
    assert_string_equal(scene.dial_host, "");
    assert_string_equal(scene.dial_address, "192.0.2.7");
    assert_int_equal(scene.dial_port, 25);
}

static void what_is_no_socks5_gets_its_answer_and_the_end(void **state) {
    (void)state;
    arrive_by_socks5();
    SAY("\x05\x01\x02"); // nothing but a password
    until(&scene.ended);
    assert_heard("\x05\xff", 2);
    assert_ended_without_a_session();
    assert_int_equal(scene.dials, 0);
}

static void a_client_that_leaves_before_its_request_is_no_session(void **state) {
    (void)state;
    arrive_by_socks5();
    SAY("\x05");
    shutdown(scene.client, SHUT_WR);
    until(&scene.ended);
    assert_ended_without_a_session();
}

static void a_request_is_not_waited_for_longer_than_the_idle_time(void **state) {
    (void)state;
    arrive_by_socks5();
    fake_clock_pass_ms(IDLE_MS - 1);
    SAY("\x05");
    turn();
    fake_clock_pass_ms(IDLE_MS - 1); // from its last byte on
    assert_int_equal(scene.ended, 0);
    fake_clock_pass_ms(3);
    assert_ended_without_a_session();
}

static void a_request_may_be_waited_for_without_an_end(void **state) {
    (void)state;
    scene.options.idle_timeout_ms = 0;
    arrive_by_socks5();
    fake_clock_pass_ms(1000 * IDLE_MS);
    assert_int_equal(scene.ended, 0);
    shutdown(scene.client, SHUT_WR);
    until(&scene.ended);
}

// ── a balancer's header ─────────────────────────────────────────────────────────────────────────

#define HEADER "PROXY TCP4 203.0.113.9 198.51.100.7 4711 25\r\n"

static void list_balancers(const char *list) {
    assert_true(networks_add(&scene.balancers, slice_of_string(list)));
    scene.options.balancers = &scene.balancers;
}

static void arrive_from_a_balancer(enum mode mode) {
    list_balancers("192.0.2.0/24,127.0.0.0/8");
    scene.spec.server_host = "mail.example.com";
    scene.spec.server_port = 587;
    arrive(mode);
    assert_int_equal(scene.sessions, 0);
    assert_int_equal(scene.dials, 0);
    assert_null(scene.query); // It says itself who the client is.
}

static void a_header_says_who_the_client_is(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    SAY(HEADER "EHLO early\r\n");
    until(&scene.sessions);
    assert_string_equal(scene.session.client.text.host, "203.0.113.9");
    assert_int_equal(scene.session.client.text.port, 4711);
    assert_string_equal(scene.session.client.local_text.host, "198.51.100.7");
    assert_string_equal(scene.early, "EHLO early\r\n");
    assert_int_equal(scene.dials, 1);
    assert_string_equal(scene.dial_host, "mail.example.com");
    assert_string_equal(scene.refusal, "");
    assert_false(scene.session.peer->reading);
}

static void a_header_may_come_in_pieces(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    for (size_t i = 0; i < sizeof(HEADER) - 1; i++) {
        assert_int_equal(scene.sessions, 0);
        say(&HEADER[i], 1);
        turn();
    }
    until(&scene.sessions);
    assert_string_equal(scene.session.client.text.host, "203.0.113.9");
    assert_string_equal(scene.early, "");
}

// The balancer's own client may be on this machine too: it is looked for by the header's addresses.
static void a_client_on_this_machine_is_identified_behind_a_balancer(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    SAY("PROXY TCP4 127.0.0.1 127.0.0.1 4711 25\r\nEHLO early\r\n");
    while (scene.query == NULL) {
        uv_run(&scene.worker.loop, UV_RUN_ONCE);
    }
    assert_int_equal(address_text((struct sockaddr *)&scene.query->client).port, 4711);
    assert_int_equal(address_text((struct sockaddr *)&scene.query->server).port, 25);
    assert_int_equal(scene.dials, 1);
    answer(PID);
    until(&scene.sessions);
    assert_int_equal(scene.process.pid, PID);
    assert_string_equal(scene.early, "EHLO early\r\n");
}

static void a_header_without_addresses_leaves_the_sockets(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    SAY("PROXY UNKNOWN\r\n");
    while (scene.query == NULL) {
        uv_run(&scene.worker.loop, UV_RUN_ONCE);
    }
    answer(PID);
    until(&scene.sessions);
    assert_string_equal(scene.session.client.text.host, "127.0.0.1");
    assert_int_equal(scene.session.client.header, PROXY_HEADER_NONE);
    assert_int_equal(scene.dials, 1);
}

static void a_header_says_where_a_redirected_client_was_going(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_TRANSPARENT);
    SAY(HEADER);
    until(&scene.sessions);
    assert_int_equal(scene.dials, 1);
    assert_string_equal(scene.dial_address, "198.51.100.7");
    assert_int_equal(scene.dial_port, 25);
    assert_true(scene.dial_may_be_own);
    assert_string_equal(scene.refusal, "");
}

static void our_own_connection_that_a_balancer_led_back_is_refused(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_TRANSPARENT);
    SAY("PROXY TCP4 127.0.0.1 127.0.0.1 4711 25\r\n");
    while (scene.query == NULL) {
        uv_run(&scene.worker.loop, UV_RUN_ONCE);
    }
    answer((uint32_t)getpid());
    until(&scene.sessions);
    assert_int_equal(scene.dials, 0);
    assert_non_null(strstr(scene.refusal, "a balancer led back"));
}

static void a_request_may_follow_a_header(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_SOCKS5);
    SAY(HEADER "\x05\x01\x00"
               "\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x19"
               "EHLO early\r\n");
    until(&scene.sessions);
    assert_string_equal(scene.dial_address, "192.0.2.7");
    assert_string_equal(scene.early, "EHLO early\r\n");
    assert_string_equal(scene.session.client.text.host, "203.0.113.9");
}

static void assert_turned_away(enum outcome outcome, const char *words) {
    assert_int_equal(scene.sessions, 1);
    assert_int_equal(scene.dials, 0);
    assert_int_equal(scene.outcome, outcome);
    assert_non_null(strstr(scene.refusal, words));
    assert_string_equal(scene.early, "");
    assert_string_equal(scene.session.client.text.host, "127.0.0.1");
}

static void what_is_no_header_is_turned_away(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    SAY("EHLO client.example.com\r\n");
    until(&scene.sessions);
    assert_turned_away(OUTCOME_PROTOCOL, "does not begin with a PROXY protocol header");
}

static void a_broken_header_is_turned_away(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_TRANSPARENT);
    SAY("PROXY TCP4 203.0.113.9 198.51.100.7 4711 port\r\n");
    until(&scene.sessions);
    assert_turned_away(OUTCOME_PROTOCOL, "127.0.0.1 is broken: it has a port");
}

static void a_balancer_that_leaves_is_turned_away(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    SAY("PROXY TCP4 ");
    shutdown(scene.client, SHUT_WR);
    until(&scene.sessions);
    assert_turned_away(OUTCOME_CLIENT_CLOSED, "in the middle of its PROXY protocol header");
}

static void a_balancer_that_says_nothing_is_turned_away(void **state) {
    (void)state;
    scene.options.idle_timeout_ms = 0;
    arrive_from_a_balancer(MODE_REVERSE);
    fake_clock_pass_ms(4999);
    SAY("PROXY TCP4 "); // It has no more time for this.
    turn();
    assert_int_equal(scene.sessions, 0);
    fake_clock_pass_ms(3);
    assert_turned_away(OUTCOME_TIMEOUT, "no whole PROXY protocol header came");
}

// The loop comes to its timers later than the header came.
static void a_header_that_is_yet_unread_is_no_silence(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    SAY(HEADER);
    fake_clock_pass_ms(IDLE_MS + 2);
    until(&scene.sessions);
    assert_string_equal(scene.session.client.text.host, "203.0.113.9");
}

static void a_balancer_has_no_more_than_the_idle_time(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    fake_clock_pass_ms(IDLE_MS + 2);
    assert_turned_away(OUTCOME_TIMEOUT, "no PROXY protocol header came");
}

static void the_grace_ends_what_awaits_a_header(void **state) {
    (void)state;
    arrive_from_a_balancer(MODE_REVERSE);
    worker_stop(&scene.worker);
    fake_clock_pass_ms(0);
    assert_ended_without_a_session();
}

static void a_client_that_is_not_listed_sends_no_header(void **state) {
    (void)state;
    list_balancers("192.0.2.0/24");
    arrive_to_be_sent_on();
    assert_int_equal(scene.dials, 1);
    answer(PID);
    SAY(HEADER);
    until(&scene.sessions);
    assert_string_equal(scene.session.client.text.host, "127.0.0.1");
    assert_string_equal(scene.early, ""); // It is the client's stream, which the session reads.
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCENE(the_server_is_dialled_while_the_client_is_identified),
        IN_SCENE(a_client_is_identified_for_50_ms),
        IN_SCENE(waits_in_vain_grow_shorter),
        IN_SCENE(an_answer_in_time_is_taken_before_the_wait_is_over),
        IN_SCENE(a_dial_that_ended_first_goes_along),
        IN_SCENE(the_grace_ends_what_has_not_begun),
        IN_SCENE(a_sink_has_no_server),
        IN_SCENE(a_redirected_client_is_dialled_for_once_it_is_known),
        IN_SCENE(our_own_redirected_connection_is_refused),
        IN_SCENE(a_client_that_was_not_redirected_is_refused),
        IN_SCENE(a_claimed_client_is_known_and_connected),
        IN_SCENE(a_claimed_client_without_a_socket_is_dialled_for),
        IN_SCENE(one_that_comes_to_a_stop_passes_by),
        IN_SCENE(what_is_not_claimed_is_closed),
        IN_SCENE(a_client_of_such_a_socket_is_refused),
        IN_SCENE(a_claimed_server_of_such_a_socket_has_failed),
        IN_SCENE(the_request_says_where_it_goes),
        IN_SCENE(an_address_in_the_request_is_dialled),
        IN_SCENE(what_is_no_socks5_gets_its_answer_and_the_end),
        IN_SCENE(a_client_that_leaves_before_its_request_is_no_session),
        IN_SCENE(a_request_is_not_waited_for_longer_than_the_idle_time),
        IN_SCENE(a_request_may_be_waited_for_without_an_end),
        IN_SCENE(a_header_says_who_the_client_is),
        IN_SCENE(a_header_may_come_in_pieces),
        IN_SCENE(a_client_on_this_machine_is_identified_behind_a_balancer),
        IN_SCENE(a_header_without_addresses_leaves_the_sockets),
        IN_SCENE(a_header_says_where_a_redirected_client_was_going),
        IN_SCENE(our_own_connection_that_a_balancer_led_back_is_refused),
        IN_SCENE(a_request_may_follow_a_header),
        IN_SCENE(what_is_no_header_is_turned_away),
        IN_SCENE(a_broken_header_is_turned_away),
        IN_SCENE(a_balancer_that_leaves_is_turned_away),
        IN_SCENE(a_balancer_that_says_nothing_is_turned_away),
        IN_SCENE(a_balancer_has_no_more_than_the_idle_time),
        IN_SCENE(a_header_that_is_yet_unread_is_no_silence),
        IN_SCENE(the_grace_ends_what_awaits_a_header),
        IN_SCENE(a_client_that_is_not_listed_sends_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
