// SPDX-License-Identifier: MIT
// The order in which addresses are tried, and the time that each of them gets.
#include "net/dial.h"

#include "base/address.h"
#include "fake_clock.h"
#include "net/lookup.h"
#include "net/own_listeners.h"
#include "net/peer.h"
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES_MAX = 20, PORT = 25, TIMEOUT_MS = 30000 };

// Addresses of 192.0.2.0/24 by their last number: what comes of a connect there.
enum fate { CONNECTS, REFUSES, SWALLOWS };

static struct {
    enum fate outcomes[TRIES_MAX];
    unsigned tried[TRIES_MAX];
    uint64_t tried_at_ms[TRIES_MAX];
    size_t tries;
    unsigned no_descriptors; // so many sockets cannot be had
    unsigned lookups;        // under way
    bool lookup_done;        // which the loop does not know yet
    void (*looked_up)(void *context, int error, const struct addrinfo *list);
    void *looked_up_context;
    uv_loop_t loop;
    unsigned calls;
    struct dial_result result;
    struct failure failure;
    struct sockaddr_in server; // it takes connections
    int server_fd;
    struct sockaddr_in full; // it answers none any more: so many wait to be accepted
    int full_fds[2];
} scene;

int __wrap_uv_tcp_connect(uv_connect_t *connect, uv_tcp_t *tcp, const struct sockaddr *to,
                          uv_connect_cb done);
int __real_uv_tcp_connect(uv_connect_t *connect, uv_tcp_t *tcp, const struct sockaddr *to,
                          uv_connect_cb done);
int __wrap_uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *tcp, unsigned flags);
int __real_uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *tcp, unsigned flags);
struct lookup *__wrap_lookup_start(struct lookups *lookups, uv_loop_t *loop, const char *host,
                                   void (*done)(void *context, int error,
                                                const struct addrinfo *list),
                                   void *context);
void __wrap_lookup_cancel(struct lookup *lookup);
bool __wrap_lookup_is_done(struct lookup *lookup);

int __wrap_uv_tcp_connect(uv_connect_t *connect, uv_tcp_t *tcp, const struct sockaddr *to,
                          uv_connect_cb connected) {
    struct sockaddr_in four;
    memcpy(&four, to, sizeof(four));
    unsigned number = ntohl(four.sin_addr.s_addr) & 0xff;
    assert_int_equal(ntohs(four.sin_port), PORT);
    scene.tried_at_ms[scene.tries] = fake_clock_now_ms();
    scene.tried[scene.tries++] = number;
    if (scene.outcomes[number] == REFUSES) {
        return UV_ECONNREFUSED;
    }
    struct sockaddr_in *name = scene.outcomes[number] == SWALLOWS ? &scene.full : &scene.server;
    return __real_uv_tcp_connect(connect, tcp, (struct sockaddr *)name, connected);
}

int __wrap_uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *tcp, unsigned flags) {
    if (scene.no_descriptors > 0) {
        scene.no_descriptors--;
        return UV_EMFILE;
    }
    return __real_uv_tcp_init_ex(loop, tcp, flags);
}

struct lookup *__wrap_lookup_start(struct lookups *lookups, uv_loop_t *loop, const char *host,
                                   void (*done)(void *context, int error,
                                                const struct addrinfo *list),
                                   void *context) {
    (void)lookups;
    (void)loop;
    (void)host;
    scene.lookups++;
    scene.looked_up = done;
    scene.looked_up_context = context;
    return (struct lookup *)&scene;
}

void __wrap_lookup_cancel(struct lookup *lookup) {
    scene.lookups -= lookup != NULL;
}

bool __wrap_lookup_is_done(struct lookup *lookup) {
    assert_ptr_equal(lookup, &scene);
    return scene.lookup_done;
}

static void done(void *context, const struct dial_result *result) {
    (void)context;
    scene.calls++;
    scene.result = *result;
    if (result->failure != NULL) {
        scene.failure = *result->failure;
    }
}

static int open_scene(void **state) {
    (void)state;
    memset(&scene, 0, sizeof(scene));
    fake_clock_reset();
    uv_loop_init(&scene.loop);
    scene.server_fd = tcp_listen(&scene.server);
    scene.full_fds[0] = tcp_listen(&scene.full);
    listen(scene.full_fds[0], 0);
    scene.full_fds[1] = tcp_connect(&scene.full);
    return 0;
}

static int close_scene(void **state) {
    (void)state;
    peer_close(scene.result.peer);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene.loop), 0);
    assert_int_equal(fake_clock_armed(), 0);
    close(scene.server_fd);
    close(scene.full_fds[0]);
    close(scene.full_fds[1]);
    return 0;
}

// Time passes a little at a time, so that what ends in one turn has its next one.
static void pass_ms(uint64_t ms) {
    for (uint64_t passed = 0; passed < ms; passed += 10) {
        fake_clock_pass_ms(10);
        if (scene.tries == 0 || scene.outcomes[scene.tried[scene.tries - 1]] != SWALLOWS) {
            uv_run(&scene.loop, UV_RUN_NOWAIT);
        }
    }
}

// The turn of a loop in which an attempt has ended and the next begins.
static void next_attempt(uint64_t after_ms) {
    size_t tries = scene.tries;
    fake_clock_pass_ms(after_ms);
    uv_run(&scene.loop, UV_RUN_NOWAIT);
    assert_int_equal(scene.tries, tries + 1);
}

static struct dial *start(const char *host, const struct own_listeners *own) {
    struct dial_target target = {
        .host = host,
        .port = PORT,
        .timeout_ms = TIMEOUT_MS,
        .own = own,
    };
    struct dial *dial = dial_start(&scene.loop, &target, done, NULL);
    assert_int_equal(scene.tries, 0);
    assert_int_equal(scene.calls, 0);
    fake_clock_pass_ms(0);
    return dial;
}

static struct dial *start_name(const struct own_listeners *own) {
    struct dial *dial = start("mail.example.com", own);
    assert_int_equal(scene.lookups, 1);
    return dial;
}

// The name has the addresses 192.0.2.1 to `count`.
static void resolve(unsigned count) {
    struct sockaddr_in names[TRIES_MAX] = {0};
    struct addrinfo list[TRIES_MAX] = {0};
    for (unsigned i = 0; i < count; i++) {
        names[i].sin_family = AF_INET;
        names[i].sin_addr.s_addr = htonl(0xc0000201 + i);
        list[i].ai_addr = (struct sockaddr *)&names[i];
        list[i].ai_addrlen = sizeof(names[i]);
        list[i].ai_next = i + 1 < count ? &list[i + 1] : NULL;
    }
    scene.lookups--;
    scene.looked_up(scene.looked_up_context, 0, count == 0 ? NULL : list);
}

static void an_address_is_not_looked_up(void **state) {
    (void)state;
    start("192.0.2.7", NULL);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.lookups, 0);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.tried[0], 7);
    assert_non_null(scene.result.peer);
    struct address_text text = address_text(&scene.result.address.any);
    assert_string_equal(text.host, "192.0.2.7");
    assert_int_equal(text.port, PORT);
}

static void addresses_are_tried_in_their_order_until_one_connects(void **state) {
    (void)state;
    scene.outcomes[1] = scene.outcomes[2] = REFUSES;
    start_name(NULL);
    resolve(4);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.tries, 3);
    for (unsigned i = 0; i < scene.tries; i++) {
        assert_int_equal(scene.tried[i], i + 1);
    }
    assert_int_equal(scene.calls, 1);
    assert_non_null(scene.result.peer);
}

static void the_last_failure_is_what_it_says(void **state) {
    (void)state;
    scene.outcomes[1] = scene.outcomes[2] = REFUSES;
    start_name(NULL);
    resolve(2);
    assert_int_equal(scene.calls, 1);
    assert_null(scene.result.peer);
    assert_int_equal(scene.result.error, ECONNREFUSED);
    assert_string_equal(scene.failure.text,
                        "cannot connect to 'mail.example.com' (192.0.2.2) on port 25: the "
                        "connection was refused: nothing listens there, or a firewall rejects it");
}

// One that swallows packets cannot use up the time of the others.
static void addresses_share_the_time(void **state) {
    (void)state;
    scene.outcomes[1] = scene.outcomes[2] = scene.outcomes[3] = SWALLOWS;
    start_name(NULL);
    uint64_t begun_ms = fake_clock_now_ms();
    resolve(3);
    next_attempt(TIMEOUT_MS / 3 + 1);
    next_attempt(TIMEOUT_MS / 3 + 1);
    fake_clock_pass_ms(TIMEOUT_MS / 3 + 1);
    uv_run(&scene.loop, UV_RUN_NOWAIT);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.result.error, ETIMEDOUT);
    assert_true(scene.tried_at_ms[2] - begun_ms <= 2 * TIMEOUT_MS / 3 + 10);
}

static void what_a_quick_refusal_leaves_goes_to_the_rest(void **state) {
    (void)state;
    scene.outcomes[1] = REFUSES;
    scene.outcomes[2] = SWALLOWS;
    start_name(NULL);
    resolve(2);
    assert_int_equal(scene.tries, 2);
    fake_clock_pass_ms(TIMEOUT_MS - 10);
    assert_int_equal(fake_clock_armed(), 1);
    fake_clock_pass_ms(20);
    uv_run(&scene.loop, UV_RUN_NOWAIT);
    assert_int_equal(scene.result.error, ETIMEDOUT);
}

static void an_own_listener_is_passed_over(void **state) {
    (void)state;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct sockaddr_storage address = {0};
    name.sin_addr.s_addr = htonl(0xc0000201);
    memcpy(&address, &name, sizeof(name));
    struct own_listeners own = {.addresses = &address, .count = 1};
    start_name(&own);
    resolve(2);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.tries, 1);
    assert_int_equal(scene.tried[0], 2);
    assert_non_null(scene.result.peer);
}

static void it_waits_for_a_descriptor(void **state) {
    (void)state;
    scene.no_descriptors = 3;
    start("192.0.2.7", NULL);
    assert_int_equal(scene.tries, 0);
    pass_ms(250);
    assert_int_equal(scene.tries, 0);
    pass_ms(100);
    assert_int_equal(scene.tries, 1);
    assert_int_equal(scene.calls, 1);
    assert_non_null(scene.result.peer);
}

static void a_name_is_not_waited_for_any_longer(void **state) {
    (void)state;
    start_name(NULL);
    fake_clock_pass_ms(TIMEOUT_MS - 1);
    assert_int_equal(scene.calls, 0);
    fake_clock_pass_ms(1);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.lookups, 0);
    assert_string_equal(scene.failure.text, "the name 'mail.example.com' was not resolved in time");
}

// The loop comes to its timers later than to what came in time, and its own clock is behind.
static void a_connection_that_a_late_loop_has_yet_to_see_is_made(void **state) {
    (void)state;
    scene.outcomes[1] = CONNECTS;
    start_name(NULL);
    resolve(2);
    fake_clock_pass_ms(TIMEOUT_MS + 1);
    assert_int_equal(scene.tries, 1);
    assert_int_equal(scene.calls, 0);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.calls, 1);
    assert_non_null(scene.result.peer);
    assert_int_equal(scene.tries, 1);
}

static void a_name_that_a_late_loop_has_yet_to_see_is_resolved(void **state) {
    (void)state;
    start_name(NULL);
    scene.lookup_done = true;
    fake_clock_pass_ms(TIMEOUT_MS + 1);
    assert_int_equal(scene.calls, 0);
    resolve(1);
    fake_clock_pass_ms(1);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.tries, 1);
}

static void a_dial_of_a_late_loop_has_all_of_its_time(void **state) {
    (void)state;
    scene.outcomes[7] = SWALLOWS;
    fake_clock_late_ms(TIMEOUT_MS);
    start("192.0.2.7", NULL);
    fake_clock_pass_ms(TIMEOUT_MS - 1);
    assert_int_equal(scene.calls, 0);
    fake_clock_pass_ms(1);
    assert_int_equal(scene.calls, 1);
}

static void a_name_of_a_late_loop_is_not_waited_for_for_ever(void **state) {
    (void)state;
    struct dial_target target = {.host = "mail.example.com", .timeout_ms = TIMEOUT_MS};
    dial_start(&scene.loop, &target, done, NULL);
    fake_clock_late_ms(TIMEOUT_MS + 10);
    fake_clock_pass_ms(1);
    assert_int_equal(scene.calls, 1);
}

static void a_name_without_addresses_fails(void **state) {
    (void)state;
    start_name(NULL);
    resolve(0);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.result.error, 0);
    assert_non_null(strstr(scene.failure.text, "does not resolve"));
}

static void a_name_that_no_thread_looks_up_fails(void **state) {
    (void)state;
    start_name(NULL);
    scene.lookups--;
    scene.looked_up(scene.looked_up_context, LOOKUP_NO_THREAD, NULL);
    assert_int_equal(scene.calls, 1);
    assert_non_null(strstr(scene.failure.text, "lets smtpscope start no thread"));
}

static void a_cancelled_dial_says_nothing(void **state) {
    (void)state;
    dial_cancel(start_name(NULL));
    assert_int_equal(scene.lookups, 0);
    scene.outcomes[7] = SWALLOWS;
    dial_cancel(start("192.0.2.7", NULL));
    dial_cancel(NULL);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.calls, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_address_is_not_looked_up, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(addresses_are_tried_in_their_order_until_one_connects,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(the_last_failure_is_what_it_says, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(addresses_share_the_time, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(what_a_quick_refusal_leaves_goes_to_the_rest, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(an_own_listener_is_passed_over, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(it_waits_for_a_descriptor, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_name_is_not_waited_for_any_longer, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_connection_that_a_late_loop_has_yet_to_see_is_made,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_name_that_a_late_loop_has_yet_to_see_is_resolved,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_dial_of_a_late_loop_has_all_of_its_time, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_name_of_a_late_loop_is_not_waited_for_for_ever,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_name_without_addresses_fails, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_name_that_no_thread_looks_up_fails, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_cancelled_dial_says_nothing, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
