// SPDX-License-Identifier: MIT
// Where the page listens, and what becomes of clients for whom there is no room.
#include "web/entrance.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

enum { SWEEPS = 100 }; // more than a client has time for that is turned away

struct door {
    uv_loop_t loop;
    struct entrance *entrance;
    struct sockaddr_in name;
    size_t calls;
};

static void address_of(char out[static 64], const struct entrance *entrance) {
    struct buf address;
    buf_init(&address, 64);
    entrance_put_address(&address, entrance);
    buf_put_byte(&address, '\0');
    memcpy(out, buf_slice(&address).data, buf_len(&address));
    buf_cleanup(&address);
}

static bool full(void *context, int fd, const struct sockaddr *peer, socklen_t len) {
    struct door *door = context;
    (void)fd;
    (void)len;
    assert_int_equal(peer->sa_family, AF_INET);
    door->calls++;
    return false;
}

static int open_door(void **state) {
    static struct door door;
    struct failure failure;
    char address[64];
    unsigned port = 0;
    door.calls = 0;
    assert_int_equal(entrance_new(&door.entrance, &failure, "127.0.0.1", 0), OK);
    address_of(address, door.entrance);
    assert_int_equal(sscanf(address, "127.0.0.1:%u", &port), 1);
    door.name = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    door.name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(uv_loop_init(&door.loop), 0);
    assert_int_equal(
        entrance_start(door.entrance, &door.loop, &(struct entrance_events){full, &door}), 0);
    *state = &door;
    return 0;
}

static int close_door(void **state) {
    struct door *door = *state;
    entrance_close(door->entrance);
    uv_run(&door->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&door->loop), 0);
    entrance_free(door->entrance);
    return 0;
}

static int client_of(const struct door *door) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&door->name, sizeof(door->name)), 0);
    return fd;
}

static void until_calls(struct door *door, size_t calls) {
    while (door->calls < calls) {
        uv_run(&door->loop, UV_RUN_ONCE);
    }
    assert_int_equal(door->calls, calls);
}

static void is_told_that_there_is_no_room(int client) {
    char answer[1024];
    ssize_t len = recv(client, answer, sizeof(answer) - 1, MSG_WAITALL); // to its end
    assert_true(len > 0);
    answer[len] = '\0';
    assert_non_null(strstr(answer, "HTTP/1.1 429 Too Many Requests\r\n"));
    assert_non_null(strstr(answer, "128 connections are open"));
}

// What it still sends is read, else the reset would take the answer away.
static void who_finds_no_room_gets_an_answer_and_time_to_read_it(void **state) {
    struct door *door = *state;
    int clients[2] = {client_of(door), client_of(door)};
    until_calls(door, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(send(clients[i], "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL), 16);
    }
    uv_run(&door->loop, UV_RUN_ONCE);
    is_told_that_there_is_no_room(clients[0]);
    is_told_that_there_is_no_room(clients[1]);
    close(clients[0]); // the one that came first leaves first
    uv_run(&door->loop, UV_RUN_ONCE);
    close(clients[1]);
}

static void who_stays_all_the_same_is_closed(void **state) {
    struct door *door = *state;
    int client = client_of(door);
    until_calls(door, 1);
    is_told_that_there_is_no_room(client);
    assert_int_equal(send(client, "x", 1, MSG_NOSIGNAL), 1);
    for (int i = 0; i < SWEEPS; i++) {
        entrance_sweep(door->entrance);
    }
    uv_run(&door->loop, UV_RUN_NOWAIT);
    ssize_t sent = 1;
    for (int i = 0; i < 1000 && sent == 1; i++) { // the reset comes back on the loopback
        sent = send(client, "x", 1, MSG_NOSIGNAL);
    }
    assert_int_equal(sent, -1);
    close(client);
}

static void without_descriptors_it_looks_again_at_the_next_sweep(void **state) {
    struct door *door = *state;
    struct rlimit before;
    struct rlimit none = {.rlim_cur = 0};
    int client = client_of(door);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    uv_run(&door->loop, UV_RUN_ONCE);
    uv_run(&door->loop, UV_RUN_NOWAIT); // it does not spin
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    uv_run(&door->loop, UV_RUN_NOWAIT);
    assert_int_equal(door->calls, 0);
    entrance_sweep(door->entrance);
    until_calls(door, 1);
    close(client);
}

static void listens(const char *host, const char *shown, bool loopback) {
    struct entrance *entrance = NULL;
    struct failure failure;
    char address[64];
    if (entrance_new(&entrance, &failure, host, 0) != OK) {
        assert_non_null(strchr(host, ':')); // a machine without IPv6
        return;
    }
    address_of(address, entrance);
    assert_int_equal(strncmp(address, shown, strlen(shown)), 0);
    assert_int_equal(entrance_is_loopback(entrance), loopback);
    entrance_free(entrance);
}

static void only_loopback_addresses_are_for_this_machine_alone(void **state) {
    (void)state;
    listens("127.0.0.1", "127.0.0.1:", true);
    listens("127.1.2.3", "127.1.2.3:", true);
    listens("0.0.0.0", "0.0.0.0:", false);
    listens("::1", "[::1]:", true);
    listens("::", "[::]:", false);
}

static void where_it_cannot_listen_it_is_said(void **state) {
    const struct door *door = *state;
    struct entrance *entrance = NULL;
    struct failure failure;
    uint16_t port = ntohs(door->name.sin_port);
    assert_int_equal(entrance_new(&entrance, &failure, "127.0.0.1", port), ERR_SYSTEM);
    assert_non_null(strstr(failure.text, "another program listens there; give --web another port"));
    assert_int_equal(entrance_new(&entrance, &failure, "no..name", 0), ERR_SYSTEM);
    assert_int_equal(strncmp(failure.text, "--web: cannot listen on 'no..name': ", 36), 0);
}

int main(void) {
#define AT_DOOR(test) cmocka_unit_test_setup_teardown(test, open_door, close_door)
    const struct CMUnitTest tests[] = {
        AT_DOOR(who_finds_no_room_gets_an_answer_and_time_to_read_it),
        AT_DOOR(who_stays_all_the_same_is_closed),
        AT_DOOR(without_descriptors_it_looks_again_at_the_next_sweep),
        cmocka_unit_test(only_loopback_addresses_are_for_this_machine_alone),
        AT_DOOR(where_it_cannot_listen_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
