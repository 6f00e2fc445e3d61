// SPDX-License-Identifier: MIT
#include "base/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void items_stay_in_their_order_while_it_grows(void **state) {
    (void)state;
    unsigned *numbers = NULL;
    size_t room = 0;
    for (unsigned i = 0; i < 1000; i++) {
        numbers = array_grown(numbers, i, &room, sizeof(*numbers));
        assert_true(room > i);
        numbers[i] = i;
    }
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(numbers[i], i);
    }
    free(numbers);
}

static void growth_is_what_the_next_item_will_cost(void **state) {
    (void)state;
    uint64_t *numbers = NULL;
    size_t room = 0;
    for (size_t i = 0; i < 100; i++) {
        size_t before = room;
        size_t growth = array_growth(i, room, sizeof(*numbers));
        numbers = array_grown(numbers, i, &room, sizeof(*numbers));
        assert_int_equal((room - before) * sizeof(*numbers), growth);
    }
    free(numbers);
}

static void a_queue_keeps_its_order_and_uses_the_room_at_its_front(void **state) {
    (void)state;
    unsigned *numbers = NULL;
    size_t start = 0, end = 0, room = 0;
    for (unsigned i = 0; i < 1000; i++) {
        numbers = array_queue_grown(numbers, &start, &end, &room, sizeof(*numbers));
        numbers[end++] = i;
        assert_int_equal(numbers[end - 1] - numbers[start], end - 1 - start);
        start += i >= 10 ? 1 : 0; // ten wait at a time
    }
    assert_int_equal(numbers[start], 990);
    assert_true(room < 64);
    free(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stay_in_their_order_while_it_grows),
        cmocka_unit_test(a_queue_keeps_its_order_and_uses_the_room_at_its_front),
        cmocka_unit_test(growth_is_what_the_next_item_will_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
