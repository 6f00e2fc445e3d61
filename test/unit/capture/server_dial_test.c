// SPDX-License-Identifier: MIT
#include "capture/server_dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

static bool goes_on(void *context) {
    (void)context;
    return true;
}

static const struct dial_patience patient = {.wait_ms = 30000, .go_on = goes_on};

// A bound socket and its name; it listens where `listens`.
static int open_server(struct sockaddr_storage *out_name, bool listens) {
    struct sockaddr_in *name = (struct sockaddr_in *)out_name;
    socklen_t len = sizeof(*out_name);
    *name = (struct sockaddr_in){.sin_family = AF_INET};
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)name, sizeof(*name)), 0);
    assert_true(!listens || listen(fd, 1) == 0);
    getsockname(fd, (struct sockaddr *)name, &len);
    return fd;
}

static void connects(void **state) {
    (void)state;
    struct sockaddr_storage name = {0};
    struct server_dial result;
    int server = open_server(&name, true);
    assert_int_equal(dial(&result, &name, -1, &patient), DIAL_CONNECTED);
    assert_true(result.fd >= 0);
    close(result.fd);
    close(server);
}

// A thread that comes to it after its time, as one that was stopped.
static void a_connection_that_a_late_thread_has_yet_to_see_is_made(void **state) {
    (void)state;
    struct sockaddr_storage name = {0};
    struct server_dial result;
    const struct dial_patience over = {.wait_ms = 0, .go_on = goes_on};
    int server = open_server(&name, true);
    assert_int_equal(dial(&result, &name, -1, &over), DIAL_CONNECTED);
    close(result.fd);
    close(server);
}

static void takes_over_the_address_of_the_socket_it_stands_for(void **state) {
    (void)state;
    struct sockaddr_storage name = {0};
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct sockaddr_in seen = {.sin_family = AF_INET};
    socklen_t len = sizeof(seen);
    struct server_dial result;
    int server = open_server(&name, true);
    int like = socket(AF_INET, SOCK_STREAM, 0);
    own.sin_addr.s_addr = htonl(0x7f000009);
    assert_int_equal(bind(like, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(dial(&result, &name, like, &patient), DIAL_CONNECTED);
    getsockname(result.fd, (struct sockaddr *)&seen, &len);
    assert_int_equal(ntohl(seen.sin_addr.s_addr), 0x7f000009);
    close(result.fd);
    close(like);
    close(server);
}

static void says_why_it_failed(void **state) {
    (void)state;
    struct sockaddr_storage name = {0};
    struct server_dial result;
    int server = open_server(&name, false);
    assert_int_equal(dial(&result, &name, -1, &patient), DIAL_FAILED);
    assert_int_equal(result.error, ECONNREFUSED);
    assert_int_equal(result.fd, -1);
    close(server);
    ((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(INADDR_BROADCAST);
    assert_int_equal(dial(&result, &name, -1, &patient), DIAL_FAILED);
    assert_true(result.failed_at_once);
}

static bool gives_up(void *context) {
    ++*(int *)context;
    return false;
}

// A listener whose queue is full answers no SYN: the nearest thing to a server that is silent.
static void gives_up_when_told_to(void **state) {
    (void)state;
    struct sockaddr_storage name = {0};
    struct server_dial result;
    int asked = 0;
    int filler = -1;
    struct dial_patience impatient = {.wait_ms = 30000, .go_on = gives_up, .context = &asked};
    int server = open_server(&name, true);
    listen(server, 0);
    filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(filler, (struct sockaddr *)&name, sizeof(struct sockaddr_in));
    assert_int_equal(dial(&result, &name, -1, &impatient), DIAL_PENDING);
    assert_int_equal(asked, 1);
    assert_int_equal(result.fd, -1);
    close(filler);
    close(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects),
        cmocka_unit_test(a_connection_that_a_late_thread_has_yet_to_see_is_made),
        cmocka_unit_test(takes_over_the_address_of_the_socket_it_stands_for),
        cmocka_unit_test(says_why_it_failed),
        cmocka_unit_test(gives_up_when_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
