// SPDX-License-Identifier: MIT
#include "capture/pending_connects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

enum { SEVERAL = 200 };

static void gives_each_record_once(void **state) {
    (void)state;
    struct pending_connects *pending = pending_connects_new();
    struct in_addr addresses[SEVERAL];
    struct capture_connection connection = {.server_fd = -1};
    for (uint32_t i = 0; i < SEVERAL; i++) {
        connection.client.pid = i;
        addresses[i] = pending_connects_add(pending, &connection);
        assert_int_equal(ntohl(addresses[i].s_addr) >> 24, 127);
        assert_true(ntohl(addresses[i].s_addr) > INADDR_LOOPBACK);
    }
    for (uint32_t i = 0; i < SEVERAL; i++) {
        struct pending_key key = pending_key_of_loopback(addresses[i]);
        assert_true(pending_connects_take(pending, &key, &connection));
        assert_int_equal(connection.client.pid, i);
        assert_false(pending_connects_take(pending, &key, &connection));
    }
    pending_connects_free(pending);
}

static void tells_clients_of_ipv6_apart(void **state) {
    (void)state;
    struct pending_connects *pending = pending_connects_new();
    struct capture_connection connection = {.server_fd = -1};
    struct sockaddr_in6 client = {.sin6_family = AF_INET6, .sin6_port = htons(4711)};
    client.sin6_addr = in6addr_loopback;
    struct pending_key key = pending_key_of_client(&client);
    pending_connects_add_at(pending, &connection, &key);
    client.sin6_port = htons(4712);
    struct pending_key other = pending_key_of_client(&client);
    assert_false(pending_connects_take(pending, &other, &connection));
    assert_true(pending_connects_take(pending, &key, &connection));
    pending_connects_free(pending);
}

static void closes_what_nobody_takes(void **state) {
    (void)state;
    struct pending_connects *pending = pending_connects_new();
    int left = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct capture_connection connection = {.server_fd = left};
    pending_connects_add(pending, &connection);
    assert_int_not_equal(fcntl(left, F_GETFD), -1);
    pending_connects_free(pending);
    assert_int_equal(fcntl(left, F_GETFD), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_record_once),
        cmocka_unit_test(tells_clients_of_ipv6_apart),
        cmocka_unit_test(closes_what_nobody_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
