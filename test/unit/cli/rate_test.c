// SPDX-License-Identifier: MIT
#include "cli/rate.h"

#include "check.h"

static void expect(const struct rate *rate, struct rate_sample now, const char *text) {
    struct buf out;
    buf_init(&out, 1000);
    rate_put(&out, rate, &now);
    check_slice(buf_slice(&out), text);
    buf_cleanup(&out);
}

static void is_nothing_at_first(void **state) {
    (void)state;
    struct rate rate = {0};
    expect(&rate, (struct rate_sample){5000, 7, 9},
           "0.0 sessions and 0.0 messages a second (over 0 s)");
}

static void is_from_the_start_for_the_first_seconds(void **state) {
    (void)state;
    struct rate rate = {0};
    rate_add(&rate, &(struct rate_sample){1000, 0, 0});
    rate_add(&rate, &(struct rate_sample){2000, 4, 1});
    expect(&rate, (struct rate_sample){3000, 5, 1},
           "2.5 sessions and 0.5 messages a second (over 2 s)");
}

static void is_of_the_last_seconds_then(void **state) {
    (void)state;
    struct rate rate = {0};
    for (uint64_t i = 0; i < 30; i++) {
        rate_add(&rate, &(struct rate_sample){i * 1000, i < 20 ? 100 : 100 + i, 3});
    }
    // The oldest of the eleven samples kept is that of 19 s.
    expect(&rate, (struct rate_sample){29500, 205, 3},
           "10.0 sessions and 0.0 messages a second (over 10 s)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_nothing_at_first),
        cmocka_unit_test(is_from_the_start_for_the_first_seconds),
        cmocka_unit_test(is_of_the_last_seconds_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
