// SPDX-License-Identifier: MIT
#include "net/share.h"

#include "base/clock.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// One turn in which each of `count` peers sends as much as is read, at `ns_per_byte`: the time that
// it costs.
static int64_t flood(struct share *shares, size_t count, struct share_turn *turn,
                     int64_t ns_per_byte) {
    int64_t spent_ns = 0;
    share_begin_turn(turn);
    for (size_t i = 0; i < count; i++) {
        size_t len = share_take(&shares[i], turn);
        assert_true(len > 0 && len <= LIMIT_READ);
        assert_int_equal(share_take(&shares[i], turn), 0);
        share_spent(&shares[i], turn, len, (int64_t)len * ns_per_byte);
        spent_ns += (int64_t)len * ns_per_byte;
    }
    return spent_ns;
}

static void cheap_bytes_get_whole_reads(void **state) {
    (void)state;
    struct share share = {0};
    struct share_turn turn = {0};
    for (int i = 0; i < 8; i++) {
        flood(&share, 1, &turn, 10);
    }
    assert_int_equal(share.len, LIMIT_READ);
}

static void costly_bytes_get_small_ones(void **state) {
    (void)state;
    static const int64_t costs[] = {100, 300, 1000, 3000, 10000};
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        struct share share = {0};
        struct share_turn turn = {0};
        flood(&share, 1, &turn, costs[i]);
        for (int again = 0; again < 20; again++) {
            assert_true(flood(&share, 1, &turn, costs[i]) <= 25 * NS_PER_MS);
        }
    }
}

static void many_share_one_turn(void **state) {
    (void)state;
    static struct share shares[100];
    struct share_turn turn = {0};
    for (int i = 0; i < 5; i++) {
        flood(shares, 100, &turn, 300);
    }
    for (int i = 0; i < 20; i++) {
        assert_true(flood(shares, 100, &turn, 300) <= 40 * NS_PER_MS);
    }
}

static void it_grows_again_when_the_flood_is_over(void **state) {
    (void)state;
    struct share share = {0};
    struct share_turn turn = {0};
    for (int i = 0; i < 5; i++) {
        flood(&share, 1, &turn, 10000);
    }
    assert_true(share.len < LIMIT_READ_FIRST);
    for (int i = 0; i < 12; i++) {
        flood(&share, 1, &turn, 10);
    }
    assert_int_equal(share.len, LIMIT_READ);
}

static void a_peer_that_sends_little_keeps_its_share(void **state) {
    (void)state;
    struct share share = {0};
    struct share_turn turn = {0};
    for (int i = 0; i < 20; i++) {
        share_begin_turn(&turn);
        assert_int_equal(share_take(&share, &turn), LIMIT_READ_FIRST);
        share_spent(&share, &turn, 30, 1000);
        assert_int_equal(turn.busy, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cheap_bytes_get_whole_reads),
        cmocka_unit_test(costly_bytes_get_small_ones),
        cmocka_unit_test(many_share_one_turn),
        cmocka_unit_test(it_grows_again_when_the_flood_is_over),
        cmocka_unit_test(a_peer_that_sends_little_keeps_its_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
