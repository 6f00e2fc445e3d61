// SPDX-License-Identifier: MIT
#include "smtp/queue.h"

#include "smtp/command_parse.h"

#include "check.h"

static void push(struct queue *queue, enum waiting_kind kind, int exchange) {
    queue_push(queue,
               &(struct pending_reply){.kind = kind, .exchange = exchange, .verb = VERB_NOOP});
}

static void is_first_in_first_out(void **state) {
    (void)state;
    struct queue queue = {0};
    struct pending_reply item;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            push(&queue, WAITING_COMMAND, i);
        }
        for (int i = 0; i < 5; i++) {
            assert_int_equal(queue_front(&queue)->exchange, i);
            assert_true(queue_pop(&item, &queue));
            assert_int_equal(item.exchange, i);
        }
        assert_false(queue_pop(&item, &queue));
        assert_null(queue_front(&queue));
        assert_null(queue_back(&queue));
    }
    queue_cleanup(&queue);
}

static void counts_what_is_due(void **state) {
    (void)state;
    struct queue queue = {0};
    push(&queue, WAITING_GREETING, 0);
    push(&queue, WAITING_COMMAND, 1);
    push(&queue, WAITING_MARK, 1);
    push(&queue, WAITING_FINAL, 1);
    assert_int_equal(queue_due(&queue), 3);
    queue_cleanup(&queue);
}

static void the_client_waits_for_its_own_replies_only(void **state) {
    (void)state;
    struct queue queue = {0};
    struct pending_reply item;
    push(&queue, WAITING_MARK, 1);
    queue_push(&queue, &(struct pending_reply){.kind = WAITING_COMMAND, .by_proxy = true});
    queue_push(&queue, &(struct pending_reply){.kind = WAITING_COMMAND, .unended = true});
    assert_int_equal(queue_awaited(&queue).count, 0);
    queue_push(&queue, &(struct pending_reply){
                           .kind = WAITING_FINAL, .exchange = 4, .verb = VERB_DATA, .at_ns = 7});
    push(&queue, WAITING_COMMAND, 5);
    struct event_due due = queue_awaited(&queue);
    assert_int_equal(due.count, 2);
    assert_int_equal(due.exchange, 4);
    assert_int_equal(due.verb, VERB_DATA);
    assert_true(due.final && due.since_ns == 7 && due.message == EVENT_NO_MESSAGE);
    queue_mark(&queue, &queue.items[queue.start + 3]);
    assert_int_equal(queue_awaited(&queue).exchange, 5);
    while (queue_pop(&item, &queue)) {
    }
    assert_int_equal(queue_awaited(&queue).count, 0);
    queue_cleanup(&queue);
}

static void remembers_only_numbers_past_the_cap(void **state) {
    (void)state;
    struct queue queue = {0};
    struct pending_reply item;
    for (int i = 0; i < LIMIT_PIPELINE + 2; i++) {
        push(&queue, WAITING_COMMAND, i + 1);
    }
    assert_int_equal(queue_due(&queue), LIMIT_PIPELINE + 2);
    assert_int_equal(queue_awaited(&queue).count, LIMIT_PIPELINE + 2);
    for (int i = 0; i < LIMIT_PIPELINE; i++) {
        assert_true(queue_pop(&item, &queue));
        assert_int_equal(item.verb, VERB_NOOP);
    }
    push(&queue, WAITING_COMMAND, LIMIT_PIPELINE + 3); // behind those that were lost
    for (int i = 0; i < 3; i++) {
        assert_true(queue_pop(&item, &queue));
        assert_int_equal(item.exchange, LIMIT_PIPELINE + 1 + i);
        assert_int_equal(item.verb, VERB_NONE);
    }
    assert_false(queue_pop(&item, &queue));
    push(&queue, WAITING_COMMAND, LIMIT_PIPELINE + 4);
    assert_true(queue_pop(&item, &queue));
    assert_int_equal(item.verb, VERB_NOOP);
    queue_cleanup(&queue);
}

static void drops_paths_past_their_cap(void **state) {
    (void)state;
    static char line[200000] = "RCPT TO:<";
    struct queue queue = {0};
    struct command command;
    for (size_t i = 9; i + 1 < sizeof(line); i++) {
        line[i] = 'x';
    }
    command_parse(&command, slice_of_string(line));
    for (int i = 0; i < 30; i++) {
        queue_push(&queue, &(struct pending_reply){.kind = WAITING_COMMAND,
                                                   .exchange = i,
                                                   .path = envelope_path_new(&command)});
    }
    assert_true(queue.path_bytes <= LIMIT_PIPELINE_BYTES);
    assert_true(queue_back(&queue)->path_lost);
    assert_false(queue_front(&queue)->path_lost);
    queue_cleanup(&queue);
    assert_int_equal(queue.path_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_first_in_first_out),
        cmocka_unit_test(counts_what_is_due),
        cmocka_unit_test(the_client_waits_for_its_own_replies_only),
        cmocka_unit_test(remembers_only_numbers_past_the_cap),
        cmocka_unit_test(drops_paths_past_their_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
