// SPDX-License-Identifier: MIT
#include "net/rate.h"

#include "check.h"

static void expect(struct rate *rate, uint64_t began_ms, uint64_t now_ms, double expected) {
    assert_float_equal(rate_each_second(rate, began_ms, now_ms), expected, 0.001);
}

static void is_nothing_at_first(void **state) {
    (void)state;
    struct rate rate = {0};
    assert_int_equal(rate_window_ms(5000, 5000), 0);
    expect(&rate, 5000, 5000, 0);
}

static void is_from_the_start_for_the_first_seconds(void **state) {
    (void)state;
    struct rate rate = {0};
    rate_count(&rate, 500500, 4);
    rate_count(&rate, 501000, 1);
    assert_int_equal(rate_window_ms(500000, 502000), 2000);
    expect(&rate, 500000, 502000, 2.5);
}

static void is_of_the_last_seconds_then(void **state) {
    (void)state;
    struct rate rate = {0};
    for (uint64_t second = 0; second < 30; second++) {
        rate_count(&rate, second * 1000 + 999, second < 20 ? 100 : 10);
    }
    // From 19.0 s on, of which the second before the last ten is one.
    assert_int_equal(rate_window_ms(0, 29999), 10999);
    expect(&rate, 0, 29999, 200 / 10.999);
    expect(&rate, 0, 30000, 10); // that second is out of it
    expect(&rate, 0, 45000, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_nothing_at_first),
        cmocka_unit_test(is_from_the_start_for_the_first_seconds),
        cmocka_unit_test(is_of_the_last_seconds_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
