// SPDX-License-Identifier: MIT
// Who comes first leaves first, and any may leave before.
#include "base/fifo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { ITEMS = 5 };

struct queue {
    struct fifo fifo;
    struct fifo_item items[ITEMS];
};

static void fill(struct queue *queue) {
    memset(queue, 0, sizeof(*queue));
    fifo_init(&queue->fifo);
    for (size_t i = 0; i < ITEMS; i++) {
        fifo_add(&queue->fifo, &queue->items[i]);
    }
}

// Takes all out, the oldest first, and compares them: bit i of `expected` is item i.
static void assert_leave(struct queue *queue, unsigned expected) {
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(fifo_has(&queue->items[i]), (expected >> i) & 1U);
        if ((expected >> i) & 1U) {
            assert_ptr_equal(fifo_oldest(&queue->fifo), &queue->items[i]);
            fifo_remove(&queue->items[i]);
        }
    }
    assert_true(fifo_is_empty(&queue->fifo));
    assert_null(fifo_oldest(&queue->fifo));
}

static void take_out(struct queue *queue, unsigned gone, bool from_the_front) {
    for (size_t i = 0; i < ITEMS; i++) {
        size_t which = from_the_front ? i : ITEMS - 1 - i;
        if ((gone >> which) & 1U) {
            fifo_remove(&queue->items[which]);
            fifo_remove(&queue->items[which]);
        }
    }
}

static void any_may_leave_before(void **state) {
    (void)state;
    const unsigned all = (1U << ITEMS) - 1;
    for (unsigned gone = 0; gone <= all; gone++) {
        for (int from_the_front = 0; from_the_front <= 1; from_the_front++) {
            struct queue queue;
            fill(&queue);
            take_out(&queue, gone, from_the_front != 0);
            assert_leave(&queue, all & ~gone);
        }
    }
}

static void one_that_waits_keeps_its_place(void **state) {
    (void)state;
    struct queue queue;
    fill(&queue);
    fifo_add(&queue.fifo, &queue.items[0]);
    fifo_add(&queue.fifo, &queue.items[ITEMS - 1]);
    assert_leave(&queue, (1U << ITEMS) - 1);
}

static void one_that_left_comes_last(void **state) {
    (void)state;
    struct queue queue;
    fill(&queue);
    fifo_remove(&queue.items[0]);
    fifo_add(&queue.fifo, &queue.items[0]);
    assert_ptr_equal(fifo_oldest(&queue.fifo), &queue.items[1]);
    take_out(&queue, ((1U << ITEMS) - 1) & ~1U, true);
    assert_leave(&queue, 1U);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_may_leave_before),
        cmocka_unit_test(one_that_waits_keeps_its_place),
        cmocka_unit_test(one_that_left_comes_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
