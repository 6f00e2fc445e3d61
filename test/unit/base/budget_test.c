// SPDX-License-Identifier: MIT
#include "base/budget.h"

#include "check.h"

enum { OWNERS = 10 };

struct fixture {
    struct budget budget;
    struct budget_share shares[OWNERS];
};

static void join_all(struct fixture *fixture) {
    budget_init(&fixture->budget, 1000, 10);
    for (int i = 0; i < OWNERS; i++) {
        budget_join(&fixture->shares[i], &fixture->budget);
    }
}

static void one_owner_may_have_half(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    assert_true(budget_allows(&fixture.shares[0], 500));
    assert_false(budget_allows(&fixture.shares[0], 501));
    budget_hold(&fixture.shares[0], 400);
    assert_true(budget_allows(&fixture.shares[0], 100));
    assert_false(budget_allows(&fixture.shares[0], 101));
}

static void who_comes_late_has_a_share(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    budget_hold(&fixture.shares[0], 500);
    for (int i = 1; i < OWNERS; i++) {
        assert_true(budget_allows(&fixture.shares[i], 50));
        assert_false(budget_allows(&fixture.shares[i], 51));
        budget_hold(&fixture.shares[i], 50);
    }
    budget_hold(&fixture.shares[0], 0);
    assert_true(budget_allows(&fixture.shares[1], 50));
}

static void nobody_is_given_more_than_all_but_the_floor(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    budget_hold(&fixture.shares[0], 995);
    assert_true(budget_allows(&fixture.shares[1], 10));
    assert_false(budget_allows(&fixture.shares[1], 11));
}

static void what_was_held_is_given_back(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    for (int i = 0; i < OWNERS; i++) {
        budget_hold(&fixture.shares[i], 70);
        budget_hold(&fixture.shares[i], 30);
    }
    assert_int_equal(fixture.budget.used, 30 * OWNERS);
    for (int i = 0; i < OWNERS; i++) {
        budget_leave(&fixture.shares[i]);
    }
    assert_int_equal(fixture.budget.used, 0);
    assert_int_equal(fixture.budget.owners, 0);
}

static void no_budget_allows_all(void **state) {
    (void)state;
    struct budget_share share = {0};
    assert_true(budget_allows(NULL, SIZE_MAX));
    assert_true(budget_allows(&share, SIZE_MAX));
    budget_hold(&share, 1);
    budget_leave(&share);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_owner_may_have_half),
        cmocka_unit_test(who_comes_late_has_a_share),
        cmocka_unit_test(nobody_is_given_more_than_all_but_the_floor),
        cmocka_unit_test(what_was_held_is_given_back),
        cmocka_unit_test(no_budget_allows_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
