// SPDX-License-Identifier: MIT
// When the time of a wait is over.
#include "web/wait.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BEGIN_MS = 5000, WAIT_MS = 300, DUE_MS = BEGIN_MS + WAIT_MS };

struct stage {
    struct store *store;
    struct wait_for *wait;
};

static void stage_open(struct stage *stage) {
    const char *const expectations[] = {"accepted = 1"};
    stage->store = store_new(MIB);
    assert_int_equal(wait_new(&stage->wait, NULL, stage->store, expectations, 1), OK);
    wait_set_time(stage->wait, BEGIN_MS, WAIT_MS);
}

static void stage_close(struct stage *stage) {
    wait_free(stage->wait);
    store_free(stage->store);
}

static void it_is_due_at_its_time(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    assert_int_equal(wait_due_ms(stage.wait), DUE_MS);
    assert_false(wait_is_due(stage.wait, DUE_MS - 1));
    assert_true(wait_is_due(stage.wait, DUE_MS));
    assert_true(wait_is_due(stage.wait, DUE_MS + WEB_LATE_MS));
    stage_close(&stage);
}

static void a_loop_that_was_held_up_waits_as_much_longer(void **state) {
    struct stage stage;
    const uint64_t late_ms = WEB_LATE_MS + 1;
    (void)state;
    stage_open(&stage);
    assert_false(wait_is_due(stage.wait, DUE_MS + late_ms));
    assert_int_equal(wait_due_ms(stage.wait), DUE_MS + 2 * late_ms);
    assert_false(wait_is_due(stage.wait, DUE_MS + 2 * late_ms - 1));
    assert_true(wait_is_due(stage.wait, DUE_MS + 2 * late_ms));
    stage_close(&stage);
}

static void but_only_once_and_not_for_ever(void **state) {
    struct stage stage;
    const uint64_t late_ms = 10 * WEB_LATE_MAX_MS;
    (void)state;
    stage_open(&stage);
    assert_false(wait_is_due(stage.wait, DUE_MS + late_ms));
    assert_int_equal(wait_due_ms(stage.wait), DUE_MS + late_ms + WEB_LATE_MAX_MS);
    assert_true(wait_is_due(stage.wait, DUE_MS + 2 * late_ms));
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_due_at_its_time),
        cmocka_unit_test(a_loop_that_was_held_up_waits_as_much_longer),
        cmocka_unit_test(but_only_once_and_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
