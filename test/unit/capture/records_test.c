// SPDX-License-Identifier: MIT
#include "capture/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

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
        assert_true(records_take(records, addresses[i], &connection));
        assert_int_equal(connection.client.pid, i);
        assert_false(records_take(records, addresses[i], &connection));
    }
    records_free(records);
}

static void closes_what_nobody_takes(void **state) {
    (void)state;
    struct records *records = records_new();
    int dropped = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int left = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct capture_connection connection = {.server_fd = dropped};
    struct in_addr address = records_add(records, &connection);
    connection.server_fd = left;
    records_add(records, &connection);
    records_drop(records, address);
    assert_int_equal(fcntl(dropped, F_GETFD), -1);
    assert_int_not_equal(fcntl(left, F_GETFD), -1);
    records_free(records);
    assert_int_equal(fcntl(left, F_GETFD), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_record_once),
        cmocka_unit_test(closes_what_nobody_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
