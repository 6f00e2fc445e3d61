// SPDX-License-Identifier: MIT
#include "net/share.h"

#include "base/clock.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct crowd {
    struct share shares[1000];
    unsigned reads[1000];
    size_t count;
    int64_t ns_per_byte;
};

// As the loop does: those that wait are not watched.
static void begin_turn(struct share_turn *turn) {
    share_begin_turn(turn);
    while (share_go_on(turn) != NULL) {
    }
}

// What each peer sends that floods: the time that it costs.
static int64_t read_all(struct crowd *crowd, struct share_turn *turn, size_t unread) {
    int64_t spent_ns = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        if (share_waits(&crowd->shares[i])) {
            continue;
        }
        size_t len = share_take(&crowd->shares[i], turn, unread);
        assert_true(len <= LIMIT_READ);
        assert_int_equal(share_take(&crowd->shares[i], turn, unread), 0);
        if (len > 0) {
            share_spent(&crowd->shares[i], turn, len, (int64_t)len * crowd->ns_per_byte);
            spent_ns += (int64_t)len * crowd->ns_per_byte;
            crowd->reads[i]++;
        }
    }
    return spent_ns;
}

// One turn in which each peer sends as much as is read.
static int64_t flood(struct crowd *crowd, struct share_turn *turn) {
    begin_turn(turn);
    return read_all(crowd, turn, 0);
}

static void cheap_bytes_get_large_reads(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1, .ns_per_byte = 5};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 1000; i++) {
        assert_true(flood(&crowd, &turn) > 0);
    }
    assert_true(crowd.shares[0].len > LIMIT_READ / 2);
}

static void costly_bytes_get_small_ones(void **state) {
    (void)state;
    static const int64_t costs[] = {100, 300, 1000, 3000, 10000};
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        static struct crowd crowd;
        crowd = (struct crowd){.count = 1, .ns_per_byte = costs[i]};
        struct share_turn turn;
        share_turn_init(&turn);
        flood(&crowd, &turn);
        for (int again = 0; again < 20; again++) {
            assert_true(flood(&crowd, &turn) <= 25 * NS_PER_MS);
        }
    }
}

static void say_little(struct share *share, struct share_turn *turn) {
    if (share_take(share, turn, 0) > 0) {
        share_spent(share, turn, 30, 1000);
    }
}

// Where somebody else says a little in each turn, and where nobody does.
static void assert_a_turn_of_floods_has(int64_t most_ns, int64_t ns_per_byte, bool alone) {
    static struct crowd crowd;
    crowd = (struct crowd){.count = 1000, .ns_per_byte = ns_per_byte};
    struct share other = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 3000; i++) {
        int64_t spent_ns = flood(&crowd, &turn);
        assert_true(spent_ns > 0 && (i < 2000 || spent_ns <= most_ns + most_ns / 2));
        if (!alone) {
            say_little(&other, &turn);
        }
    }
}

// Whatever their bytes cost, and however many they are.
static void a_turn_has_a_little_time_for_floods(void **state) {
    (void)state;
    static const int64_t costs[] = {5, 15, 300, 700};
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        assert_a_turn_of_floods_has(SHARE_HEAVY_NS, costs[i], false);
        assert_a_turn_of_floods_has(SHARE_TURN_NS, costs[i], true);
    }
}

// Large mail takes whole turns where nothing else is under way, and the first answer of another
// session ends that.
static void floods_are_alone_until_somebody_speaks(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1000, .ns_per_byte = 15};
    struct share other = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 2000; i++) {
        flood(&crowd, &turn);
    }
    assert_true(flood(&crowd, &turn) > SHARE_TURN_NS / 2);
    say_little(&other, &turn);
    flood(&crowd, &turn); // whose reads were of another size
    for (int i = 0; i < 10; i++) {
        assert_true(flood(&crowd, &turn) <= SHARE_TURN_NS);
        say_little(&other, &turn);
    }
}

static void floods_have_their_reads_by_turns(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1000, .ns_per_byte = 700};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 100; i++) {
        flood(&crowd, &turn);
    }
    memset(crowd.reads, 0, sizeof(crowd.reads));
    uint64_t first = turn.round;
    while (turn.round < first + 10) {
        flood(&crowd, &turn);
    }
    for (size_t i = 0; i < crowd.count; i++) {
        assert_in_range(crowd.reads[i], 9, 11);
    }
}

static void who_sends_little_never_waits_for_them(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1000, .ns_per_byte = 700};
    struct share small = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 1000; i++) {
        flood(&crowd, &turn);
        size_t len = share_take(&small, &turn, 0);
        assert_true(len > 0);
        share_spent(&small, &turn, 30, 20 * NS_PER_MS); // with another process in between
    }
}

// Nor a message that fills two reads.
static void two_long_reads_are_not_heavy(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1000, .ns_per_byte = 700};
    struct share two = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 100; i++) {
        flood(&crowd, &turn);
        size_t len = share_take(&two, &turn, 0);
        assert_true(len > 0);
        share_spent(&two, &turn, i == 50 || i == 51 ? len : 1, NS_PER_MS / 8 - 1);
    }
}

static void it_grows_again_when_the_flood_is_over(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1, .ns_per_byte = 10000};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 5; i++) {
        flood(&crowd, &turn);
    }
    assert_true(crowd.shares[0].len < LIMIT_READ_FIRST);
    crowd.ns_per_byte = 1;
    for (int i = 0; i < 2000; i++) {
        flood(&crowd, &turn);
    }
    assert_int_equal(crowd.shares[0].len, LIMIT_READ);
}

static void what_was_spent_fades(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1, .ns_per_byte = 700};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 100; i++) {
        flood(&crowd, &turn);
    }
    assert_true(crowd.shares[0].spent_ns >= SHARE_HEAVY_FROM_NS);
    for (int i = 0; i < 500; i++) {
        begin_turn(&turn);
        share_spent(&crowd.shares[0], &turn, share_take(&crowd.shares[0], &turn, 0) / 2, 1000);
    }
    assert_true(crowd.shares[0].spent_ns < SHARE_HEAVY_FROM_NS);
}

static void a_peer_that_sends_little_keeps_its_share(void **state) {
    (void)state;
    struct share share = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 20; i++) {
        begin_turn(&turn);
        assert_int_equal(share_take(&share, &turn, 0), LIMIT_READ_FIRST);
        share_spent(&share, &turn, 30, 1000);
        assert_int_equal(turn.busy, 0);
    }
}

// Many begin to flood in one turn, when nothing is known of them yet.
static void a_late_turn_lets_who_sent_much_wait(void **state) {
    (void)state;
    static struct share shares[100];
    struct share small = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    begin_turn(&turn);
    size_t reads = 0;
    for (size_t i = 0; i < 100; i++) {
        size_t len = share_take(&shares[i], &turn, LIMIT_READ);
        if (len > 0) {
            share_spent(&shares[i], &turn, len, SHARE_LATE_NS / 4);
            reads++;
        }
        assert_int_equal(share_waits(&shares[i]), len == 0);
    }
    assert_true(share_is_late(&turn));
    assert_int_equal(reads, 4);
    assert_true(share_take(&small, &turn, 30) > 0);
}

// In the order in which they came, and each with a short read at first.
static void who_waits_goes_on_in_later_turns(void **state) {
    (void)state;
    static struct share shares[100];
    struct share_turn turn;
    share_turn_init(&turn);
    share_begin_turn(&turn);
    turn.light_ns = SHARE_LATE_NS;
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(share_take(&shares[i], &turn, LIMIT_READ), 0);
    }
    share_forget(&shares[1]); // in the middle
    share_forget(&shares[99]);
    share_begin_turn(&turn);
    assert_ptr_equal(share_go_on(&turn), &shares[0]);
    assert_ptr_equal(share_go_on(&turn), &shares[2]);
    size_t len = share_take(&shares[0], &turn, LIMIT_READ);
    assert_true(len > 0 && len < LIMIT_READ_FIRST);
    size_t more = 2;
    for (int i = 0; i < 100; i++) {
        for (share_begin_turn(&turn); share_go_on(&turn) != NULL;) {
            more++;
        }
    }
    assert_int_equal(more, 98);
    assert_false(share_turn_has_waiting(&turn));
}

static void who_is_not_heavy_goes_first(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1000, .ns_per_byte = 700};
    struct share light = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 2000; i++) {
        flood(&crowd, &turn);
    }
    turn.light_ns = SHARE_LATE_NS;
    assert_int_equal(share_take(&light, &turn, LIMIT_READ), 0);
    share_begin_turn(&turn);
    assert_ptr_equal(share_go_on(&turn), &light);
}

// Floods that all began in late turns are heavy once each has had some reads, however many they
// are: then a mail that comes in such a turn waits for none of them.
static void many_floods_do_not_stay_light(void **state) {
    (void)state;
    static struct crowd crowd = {.count = 1000, .ns_per_byte = 700};
    struct share mail = {0};
    struct share_turn turn;
    share_turn_init(&turn);
    for (int i = 0; i < 20000; i++) {
        begin_turn(&turn);
        turn.light_ns = SHARE_LATE_NS;
        read_all(&crowd, &turn, LIMIT_READ);
    }
    turn.light_ns = SHARE_LATE_NS;
    assert_int_equal(share_take(&mail, &turn, LIMIT_READ), 0);
    share_begin_turn(&turn);
    assert_ptr_equal(share_go_on(&turn), &mail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cheap_bytes_get_large_reads),
        cmocka_unit_test(costly_bytes_get_small_ones),
        cmocka_unit_test(a_turn_has_a_little_time_for_floods),
        cmocka_unit_test(floods_are_alone_until_somebody_speaks),
        cmocka_unit_test(floods_have_their_reads_by_turns),
        cmocka_unit_test(who_sends_little_never_waits_for_them),
        cmocka_unit_test(two_long_reads_are_not_heavy),
        cmocka_unit_test(it_grows_again_when_the_flood_is_over),
        cmocka_unit_test(what_was_spent_fades),
        cmocka_unit_test(a_peer_that_sends_little_keeps_its_share),
        cmocka_unit_test(a_late_turn_lets_who_sent_much_wait),
        cmocka_unit_test(who_waits_goes_on_in_later_turns),
        cmocka_unit_test(who_is_not_heavy_goes_first),
        cmocka_unit_test(many_floods_do_not_stay_light),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
