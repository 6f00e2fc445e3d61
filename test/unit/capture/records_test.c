// SPDX-License-Identifier: MIT
#include "capture/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

enum { SEVERAL = 200 };

static void gives_each_record_once(void **state) {
    (void)state;
    struct records *records = records_new();
    struct in_addr addresses[SEVERAL];
    struct capture_connection connection = {.server_fd = -1};
    for (uint32_t i = 0; i < SEVERAL; i++) {
        connection.client.pid = i;
        addresses[i] = records_add(records, &connection);
        assert_int_equal(ntohl(addresses[i].s_addr) >> 24, 127);
        assert_true(ntohl(addresses[i].s_addr) > INADDR_LOOPBACK);
    }
    for (uint32_t i = 0; i < SEVERAL; i++) {
        struct record_key key = record_key_of_loopback(addresses[i]);
        assert_true(records_take(records, &key, &connection));
        assert_int_equal(connection.client.pid, i);
        assert_false(records_take(records, &key, &connection));
    }
    records_free(records);
}

static void tells_clients_of_ipv6_apart(void **state) {
    (void)state;
    struct records *records = records_new();
    struct capture_connection connection = {.server_fd = -1};
    struct sockaddr_in6 client = {.sin6_family = AF_INET6, .sin6_port = htons(4711)};
    client.sin6_addr = in6addr_loopback;
    struct record_key key = record_key_of_client(&client);
    records_add_at(records, &connection, &key);
    client.sin6_port = htons(4712);
    struct record_key other = record_key_of_client(&client);
    assert_false(records_take(records, &other, &connection));
    assert_true(records_take(records, &key, &connection));
    records_free(records);
}

static void closes_what_nobody_takes(void **state) {
    (void)state;
    struct records *records = records_new();
    int left = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct capture_connection connection = {.server_fd = left};
    records_add(records, &connection);
    assert_int_not_equal(fcntl(left, F_GETFD), -1);
    records_free(records);
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
