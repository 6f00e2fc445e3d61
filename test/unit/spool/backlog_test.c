// SPDX-License-Identifier: MIT
#include "spool/backlog.h"

#include "base/clock.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { CAP = 1000 };

static struct backlog new_backlog(void) {
    struct backlog backlog;
    backlog_init(&backlog, CAP);
    return backlog;
}

static bool admit(struct backlog *backlog, size_t cost, int64_t now_ns) {
    uint64_t untold = 0;
    return backlog_admit(backlog, &untold, cost, now_ns);
}

static void a_writer_that_gets_ahead_is_waited_for_and_loses_nothing(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    assert_false(backlog_is_congested(&backlog, 0));
    assert_true(admit(&backlog, CAP / 2, 0));
    assert_false(backlog_is_congested(&backlog, 0));
    assert_true(admit(&backlog, 1, 0));
    assert_true(backlog_is_congested(&backlog, 0));
    assert_true(admit(&backlog, CAP, AHEAD_NS / 2));
    backlog_wrote(&backlog, 64 * KIB, AHEAD_NS / 2);
    assert_true(backlog_is_congested(&backlog, AHEAD_NS));
    assert_int_equal(backlog.lost, 0);
    backlog_release(&backlog, CAP + 1);
    assert_false(backlog_is_congested(&backlog, AHEAD_NS));
}

static void a_writer_that_makes_no_progress_is_not_waited_for(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    assert_true(admit(&backlog, CAP, 0));
    assert_true(backlog_is_congested(&backlog, AHEAD_NS - 1));
    assert_false(backlog_is_congested(&backlog, AHEAD_NS));
    assert_false(admit(&backlog, 1, AHEAD_NS));
}

static void a_trickle_is_as_good_as_nothing(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    assert_true(admit(&backlog, CAP, 0));
    backlog_wrote(&backlog, 4096, AHEAD_NS / 2);
    assert_false(backlog_is_congested(&backlog, AHEAD_NS));
}

static void a_failing_output_loses_past_the_cap_at_once(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    backlog_set_failing(&backlog, true);
    assert_true(admit(&backlog, CAP - 1, 0));
    assert_false(backlog_is_congested(&backlog, 0));
    assert_true(admit(&backlog, 1, 0));
    assert_false(admit(&backlog, 1, 0));
}

static void what_was_lost_is_reported_once_half_of_it_is_free(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    uint64_t untold = 0;
    backlog_set_failing(&backlog, true);
    assert_true(admit(&backlog, CAP, 0));
    assert_false(backlog_admit(&backlog, &untold, 1, 0));
    backlog_lose(&backlog, 5);
    backlog_release(&backlog, CAP / 2);
    assert_false(backlog_admit(&backlog, &untold, 1, 0));
    backlog_lose(&backlog, 2);
    assert_int_equal(untold, 0);
    backlog_release(&backlog, 1);
    assert_true(backlog_admit(&backlog, &untold, 1, 0));
    assert_int_equal(untold, 7);
    assert_true(backlog_admit(&backlog, &untold, 1, 0));
    assert_int_equal(untold, 0);
    assert_int_equal(backlog.lost, 7);
}

static void one_piece_over_the_cap_is_taken_when_nothing_waits(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    backlog_set_failing(&backlog, true);
    assert_true(admit(&backlog, CAP * 2, 0));
    assert_false(admit(&backlog, 1, 0));
}

// A long silence is no lack of progress.
static void time_counts_from_the_first_that_waits(void **state) {
    (void)state;
    struct backlog backlog = new_backlog();
    assert_true(admit(&backlog, CAP, 100 * AHEAD_NS));
    assert_true(backlog_is_congested(&backlog, 100 * AHEAD_NS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_that_gets_ahead_is_waited_for_and_loses_nothing),
        cmocka_unit_test(a_writer_that_makes_no_progress_is_not_waited_for),
        cmocka_unit_test(a_trickle_is_as_good_as_nothing),
        cmocka_unit_test(a_failing_output_loses_past_the_cap_at_once),
        cmocka_unit_test(what_was_lost_is_reported_once_half_of_it_is_free),
        cmocka_unit_test(one_piece_over_the_cap_is_taken_when_nothing_waits),
        cmocka_unit_test(time_counts_from_the_first_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
