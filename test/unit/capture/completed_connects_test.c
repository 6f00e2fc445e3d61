// SPDX-License-Identifier: MIT
#include "capture/completed_connects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void remembers_until_it_is_asked(void **state) {
    (void)state;
    struct completed_connects completed;
    completed_connects_init(&completed);
    assert_false(completed_connects_take(&completed, 7));
    assert_false(completed_connects_take(&completed, 0)); // no cookie is no socket
    completed_connects_add(&completed, 7);
    assert_true(completed_connects_has(&completed, 7));
    assert_true(completed_connects_take(&completed, 7));
    assert_false(completed_connects_has(&completed, 7));
    assert_false(completed_connects_take(&completed, 7));
    completed_connects_cleanup(&completed);
}

static void forgets_the_oldest(void **state) {
    (void)state;
    struct completed_connects completed;
    completed_connects_init(&completed);
    for (uint64_t cookie = 1; cookie <= LIMIT_COMPLETED_CONNECTS + 1; cookie++) {
        completed_connects_add(&completed, cookie);
    }
    assert_false(completed_connects_take(&completed, 1));
    assert_true(completed_connects_take(&completed, 2));
    assert_true(completed_connects_take(&completed, LIMIT_COMPLETED_CONNECTS + 1));
    completed_connects_cleanup(&completed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_until_it_is_asked),
        cmocka_unit_test(forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
