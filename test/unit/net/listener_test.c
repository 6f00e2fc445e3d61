// SPDX-License-Identifier: MIT
// When a listener accepts, and when it lets clients wait: real sockets, a fake clock, and what is
// accepted goes no further than here.
#include "net/arrival.h"

#include "fake_clock.h"
#include "net/worker.h"
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CLIENTS_MAX = 200, ACCEPTS_A_TURN_MAX = 4 };

static struct {
    struct proxy_options options;
    struct service service;
    struct worker worker;
    struct listen_spec spec;
    struct sockaddr_in name;
    int clients[CLIENTS_MAX];
    size_t client_count;
    int accepted[CLIENTS_MAX];
    size_t accepted_count;
    int accept_error; // of the next accept
    size_t accepts;   // calls
    uint64_t descriptors_max;
    unsigned complaints;
} scene;

void __wrap_arrival_begin(struct listener *listener, int fd, const struct sockaddr *client);
int __wrap_accept4(int fd, struct sockaddr *name, socklen_t *len, int flags);
int __real_accept4(int fd, struct sockaddr *name, socklen_t *len, int flags);
int __wrap_getrlimit(int resource, struct rlimit *out);
int __real_getrlimit(int resource, struct rlimit *out);

void __wrap_arrival_begin(struct listener *listener, int fd, const struct sockaddr *client) {
    assert_ptr_equal(listener->worker, &scene.worker);
    assert_int_equal(client->sa_family, AF_INET);
    scene.accepted[scene.accepted_count++] = fd;
}

int __wrap_accept4(int fd, struct sockaddr *name, socklen_t *len, int flags) {
    scene.accepts++;
    errno = scene.accept_error;
    scene.accept_error = 0;
    return errno != 0 ? -1 : __real_accept4(fd, name, len, flags);
}

// The sanitizers' runtime asks too, before the test begins.
int __wrap_getrlimit(int resource, struct rlimit *out) {
    if (resource != RLIMIT_NOFILE || scene.descriptors_max == 0) {
        return __real_getrlimit(resource, out);
    }
    *out = (struct rlimit){.rlim_cur = scene.descriptors_max, .rlim_max = scene.descriptors_max};
    return 0;
}

static void wake_listeners(void *proxy) {
    (void)proxy;
    for (size_t i = 0; i < scene.worker.listener_count; i++) {
        listener_resume(scene.worker.listeners[i]);
    }
}

static void complain(void *context, const char *sentence) {
    (void)context;
    assert_non_null(strstr(sentence, "out of file descriptors"));
    scene.complaints++;
}

static int open_scene(void **state) {
    (void)state;
    memset(&scene, 0, sizeof(scene));
    scene.spec.mode = MODE_SINK;
    fake_clock_reset();
    scene.options = (struct proxy_options){.max_sessions = 1000, .complain = complain};
    scene.descriptors_max = RLIM_INFINITY;
    scene.service.options = &scene.options;
    scene.service.wake_listeners = wake_listeners;
    assert_int_equal(worker_init(&scene.worker, &scene.service), 0);
    assert_int_equal(worker_add_listener(&scene.worker, &scene.spec, tcp_listen(&scene.name)), 0);
    return 0;
}

static int close_scene(void **state) {
    (void)state;
    for (size_t i = 0; i < scene.client_count; i++) {
        close(scene.clients[i]);
    }
    for (size_t i = 0; i < scene.accepted_count; i++) {
        close(scene.accepted[i]);
    }
    worker_stop(&scene.worker);
    worker_cleanup(&scene.worker);
    return 0;
}

// A session ends.
static void end_one(void) {
    worker_give_room(&scene.worker, mode_connections(scene.spec.mode));
}

static void connect_clients(size_t count) {
    for (size_t i = 0; i < count; i++) {
        scene.clients[scene.client_count++] = tcp_connect(&scene.name);
    }
}

static void turn(void) {
    uv_run(&scene.worker.loop, UV_RUN_NOWAIT);
}

static void until_accepted(size_t count) {
    while (scene.accepted_count < count) {
        uv_run(&scene.worker.loop, UV_RUN_ONCE);
    }
    turn();
    assert_int_equal(scene.accepted_count, count);
}

static void more_than_max_sessions_wait_until_one_ends(void **state) {
    (void)state;
    scene.options.max_sessions = 2;
    connect_clients(4);
    until_accepted(2);
    assert_int_equal(atomic_load(&scene.service.live), 2);
    end_one();
    until_accepted(3);
    end_one();
    until_accepted(4);
}

static void a_turn_accepts_one_and_more_where_many_come(void **state) {
    (void)state;
    connect_clients(100);
    turn();
    assert_int_equal(scene.accepted_count, 1);
    for (size_t most = 1; most <= ACCEPTS_A_TURN_MAX / 2; most *= 2) {
        turn();
        assert_int_equal(scene.accepted_count, 2 * most);
    }
    for (size_t turns = 2; turns < 10; turns++) {
        turn();
        assert_int_equal(scene.accepted_count, turns * ACCEPTS_A_TURN_MAX);
    }
}

static void clients_that_come_one_by_one_cost_one_accept_each(void **state) {
    (void)state;
    for (size_t i = 1; i <= 3; i++) {
        connect_clients(1);
        turn();
        assert_int_equal(scene.accepted_count, i);
        assert_int_equal(scene.accepts, i);
        fake_clock_pass_ms(10);
    }
}

static void three_of_five_clients_find_descriptors(unsigned each) {
    scene.service.own_descriptors = 10;
    scene.descriptors_max = 10 + 16 + 3 * each;
    connect_clients(5);
    until_accepted(3);
    assert_int_equal(atomic_load(&scene.service.live), 3);
    assert_int_equal(scene.complaints, 1);
    fake_clock_pass_ms(100);
    turn();
    assert_int_equal(scene.accepted_count, 3);
    assert_int_equal(scene.complaints, 1);
    end_one();
    turn();
    assert_int_equal(scene.accepted_count, 3); // until it is looked again
    fake_clock_pass_ms(100);
    until_accepted(4);
}

// Each session needs a second descriptor, for its server.
static void clients_wait_while_their_servers_would_get_no_descriptor(void **state) {
    (void)state;
    scene.spec.mode = MODE_REVERSE;
    three_of_five_clients_find_descriptors(2);
}

static void a_client_of_the_embedded_server_takes_one_descriptor(void **state) {
    (void)state;
    three_of_five_clients_find_descriptors(1);
}

// One session is always possible, however low the limit.
static void the_first_session_is_not_refused(void **state) {
    (void)state;
    scene.descriptors_max = 1;
    connect_clients(2);
    until_accepted(1);
}

static void out_of_descriptors_it_accepts_again_later(void **state) {
    (void)state;
    scene.accept_error = EMFILE;
    connect_clients(1);
    while (scene.complaints == 0) {
        uv_run(&scene.worker.loop, UV_RUN_ONCE);
    }
    turn();
    assert_int_equal(scene.accepted_count, 0);
    assert_int_equal(atomic_load(&scene.service.live), 0);
    fake_clock_pass_ms(99);
    turn();
    assert_int_equal(scene.accepted_count, 0);
    fake_clock_pass_ms(1);
    until_accepted(1);
}

static void a_client_that_left_already_is_none(void **state) {
    (void)state;
    scene.accept_error = ECONNABORTED;
    connect_clients(1);
    until_accepted(1);
    assert_int_equal(atomic_load(&scene.service.live), 1);
    assert_int_equal(scene.complaints, 0);
}

// Its servers were dialled before they came here.
static void what_the_command_of_run_has_connected_is_accepted_at_a_stop(void **state) {
    (void)state;
    scene.spec.mode = MODE_RUN;
    connect_clients(3);
    worker_stop(&scene.worker);
    assert_int_equal(scene.accepted_count, 3);
}

static void no_other_client_is_accepted_at_a_stop(void **state) {
    (void)state;
    connect_clients(3);
    worker_stop(&scene.worker);
    assert_int_equal(scene.accepted_count, 0);
}

// ── where it listens ────────────────────────────────────────────────────────────────────────────

static uint16_t port_of(int fd) {
    struct sockaddr_in name = {.sin_port = 0};
    socklen_t len = sizeof(name);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    return ntohs(name.sin_port);
}

static void a_name_is_as_good_as_an_address(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct listen_spec spec = {.mode = MODE_REVERSE, .host = hosts[i]};
        struct failure failure;
        uint16_t port = 0;
        int fd = -1;
        assert_int_equal(listener_bind(&fd, &failure, &spec, &port, false), OK);
        assert_int_not_equal(port, 0);
        assert_int_equal(port_of(fd), port);
        close(fd);
    }
}

static void cannot_listen(const char *host, uint16_t port, const char *sentence) {
    struct listen_spec spec = {.mode = MODE_REVERSE, .host = host};
    struct failure failure;
    int fd = -1;
    assert_int_equal(listener_bind(&fd, &failure, &spec, &port, false), ERR_SYSTEM);
    assert_int_equal(strncmp(failure.text, sentence, strlen(sentence)), 0);
}

static void where_it_cannot_listen_it_says_what_helps(void **state) {
    (void)state;
    struct sockaddr_in name;
    char sentence[160];
    int other = tcp_listen(&name);
    (void)snprintf(sentence, sizeof(sentence),
                   "cannot listen on 127.0.0.1 port %u: Address already in use: another program "
                   "listens there; choose another port",
                   ntohs(name.sin_port));
    cannot_listen("127.0.0.1", ntohs(name.sin_port), sentence);
    cannot_listen("192.0.2.1", 0,
                  "cannot listen on 192.0.2.1 port 0: Cannot assign requested address: this "
                  "machine has no such address");
    cannot_listen("no..name", 0, "cannot listen on 'no..name': the name does not resolve (");
    close(other);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCENE(more_than_max_sessions_wait_until_one_ends),
        IN_SCENE(a_turn_accepts_one_and_more_where_many_come),
        IN_SCENE(clients_that_come_one_by_one_cost_one_accept_each),
        IN_SCENE(clients_wait_while_their_servers_would_get_no_descriptor),
        IN_SCENE(a_client_of_the_embedded_server_takes_one_descriptor),
        IN_SCENE(the_first_session_is_not_refused),
        IN_SCENE(out_of_descriptors_it_accepts_again_later),
        IN_SCENE(a_client_that_left_already_is_none),
        IN_SCENE(what_the_command_of_run_has_connected_is_accepted_at_a_stop),
        IN_SCENE(no_other_client_is_accepted_at_a_stop),
        cmocka_unit_test(a_name_is_as_good_as_an_address),
        cmocka_unit_test(where_it_cannot_listen_it_says_what_helps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
