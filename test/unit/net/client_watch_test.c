// SPDX-License-Identifier: MIT
#include "net/client_watch.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_client_in_sight_is_not_looked_at(void **state) {
    struct client_watch watch = {0};
    (void)state;
    assert_int_equal(client_watch_deadline_ns(&watch), INT64_MAX);
    client_watch_set(&watch, true, 0);
    client_watch_set(&watch, false, 1);
    assert_int_equal(client_watch_deadline_ns(&watch), INT64_MAX);
}

// At 10, 30, 70 ms and so on, and then once a second.
static void it_is_looked_at_soon_and_then_less_often(void **state) {
    struct client_watch watch = {0};
    int64_t wait_ns = 10 * NS_PER_MS;
    int64_t now_ns = 0;
    (void)state;
    client_watch_set(&watch, true, now_ns);
    for (int looks = 0; looks < 20; looks++) {
        client_watch_set(&watch, true, now_ns + 1); // changes nothing
        assert_int_equal(client_watch_deadline_ns(&watch), now_ns + wait_ns);
        now_ns += wait_ns;
        client_watch_looked(&watch, now_ns);
        wait_ns = 2 * wait_ns < NS_PER_S ? 2 * wait_ns : NS_PER_S;
    }
    client_watch_set(&watch, false, now_ns);
    client_watch_set(&watch, true, now_ns);
    assert_int_equal(client_watch_deadline_ns(&watch), now_ns + 10 * NS_PER_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_in_sight_is_not_looked_at),
        cmocka_unit_test(it_is_looked_at_soon_and_then_less_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
