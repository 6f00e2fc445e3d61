// SPDX-License-Identifier: MIT
#include "base/budget.h"

#include "check.h"

enum { OWNERS = 10 };

struct fixture {
    struct budget budget;
    struct budget_share shares[OWNERS];
};

static void join_all(struct fixture *fixture) {
    budget_init(&fixture->budget, 100000, 10);
    for (int i = 0; i < OWNERS; i++) {
        budget_join(&fixture->shares[i], &fixture->budget);
    }
}

static void one_owner_may_have_half(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    assert_true(budget_allows(&fixture.shares[0], 50000));
    assert_false(budget_allows(&fixture.shares[0], 50001));
    budget_hold(&fixture.shares[0], 40000);
    assert_true(budget_allows(&fixture.shares[0], 10000));
    assert_false(budget_allows(&fixture.shares[0], 10001));
}

static void fill(struct budget_share *share) {
    while (budget_allows(share, 1)) {
        budget_hold(share, share->used + 1);
    }
}

// Those who were first were few, and took what few may have.
static void an_owner_who_comes_late_has_a_part(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    for (int i = 0; i + 1 < OWNERS; i++) {
        fill(&fixture.shares[i]);
    }
    assert_true(fixture.budget.used > 50000 + 300 * (OWNERS - 2));
    assert_true(budget_allows(&fixture.shares[OWNERS - 1], 300));
    assert_false(budget_allows(&fixture.shares[OWNERS - 1], 400));
    budget_hold(&fixture.shares[0], 0);
    assert_true(budget_allows(&fixture.shares[OWNERS - 1], 40000));
}

static void no_more_than_all_is_given_but_the_floor(void **state) {
    (void)state;
    struct fixture fixture;
    join_all(&fixture);
    budget_hold(&fixture.shares[0], 99995);
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
        cmocka_unit_test(an_owner_who_comes_late_has_a_part),
        cmocka_unit_test(no_more_than_all_is_given_but_the_floor),
        cmocka_unit_test(what_was_held_is_given_back),
        cmocka_unit_test(no_budget_allows_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
