// SPDX-License-Identifier: MIT
#include "capture/settled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void remembers_until_it_is_asked(void **state) {
    (void)state;
    struct settled settled;
    settled_init(&settled);
    assert_false(settled_take(&settled, 7));
    assert_false(settled_take(&settled, 0)); // no cookie is no socket
    settled_add(&settled, 7);
    assert_true(settled_has(&settled, 7));
    assert_true(settled_take(&settled, 7));
    assert_false(settled_has(&settled, 7));
    assert_false(settled_take(&settled, 7));
    settled_cleanup(&settled);
}

static void forgets_the_oldest(void **state) {
    (void)state;
    struct settled settled;
    settled_init(&settled);
    for (uint64_t cookie = 1; cookie <= SETTLED_MAX + 1; cookie++) {
        settled_add(&settled, cookie);
    }
    assert_false(settled_take(&settled, 1));
    assert_true(settled_take(&settled, 2));
    assert_true(settled_take(&settled, SETTLED_MAX + 1));
    settled_cleanup(&settled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_until_it_is_asked),
        cmocka_unit_test(forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
