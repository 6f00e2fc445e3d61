// SPDX-License-Identifier: MIT
#include "net/turn_output.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { OWNERS = 4 };

static struct {
    struct turn_outputs outputs;
    struct turn_output owners[OWNERS];
    char sent[OWNERS + 1];
    struct turn_output *leaves; // while the first one sends
} scene;

static void send_one(void *owner) {
    struct turn_output *output = owner;
    const char name[] = {(char)('a' + (output - scene.owners)), '\0'};
    memcpy(scene.sent + strlen(scene.sent), name, sizeof(name));
    if (scene.leaves != NULL) {
        turn_output_remove(scene.leaves);
    }
}

static int open_scene(void **state) {
    (void)state;
    memset(&scene, 0, sizeof(scene));
    turn_outputs_init(&scene.outputs);
    for (size_t i = 0; i < OWNERS; i++) {
        scene.owners[i] = (struct turn_output){.send = send_one, .owner = &scene.owners[i]};
    }
    return 0;
}

static bool add(size_t i, int64_t at_ns) {
    return turn_output_add(&scene.outputs, &scene.owners[i], 1, at_ns);
}

static void assert_sends(const char *expected) {
    scene.sent[0] = '\0';
    turn_outputs_send(&scene.outputs);
    assert_string_equal(scene.sent, expected);
}

static void each_sends_once_in_its_order(void **state) {
    (void)state;
    add(2, 0);
    add(0, 0);
    add(2, 0);
    add(1, 0);
    assert_sends("cab");
    assert_sends("");
    add(0, 0);
    assert_sends("a");
}

static void one_that_was_taken_out_does_not_send(void **state) {
    (void)state;
    turn_output_remove(&scene.owners[0]);
    for (size_t i = 0; i < OWNERS; i++) {
        add(i, 0);
    }
    turn_output_remove(&scene.owners[0]);
    turn_output_remove(&scene.owners[2]);
    turn_output_remove(&scene.owners[3]);
    add(0, 0);
    assert_sends("ba");
}

static void sending_may_end_another(void **state) {
    (void)state;
    add(0, 0);
    add(1, 0);
    add(2, 0);
    scene.leaves = &scene.owners[2];
    assert_sends("ab");
}

static void the_first_does_not_wait_long(void **state) {
    (void)state;
    assert_false(add(0, 1000));
    assert_false(add(1, 1000 + TURN_OUTPUT_NS - 1));
    assert_true(add(2, 1000 + TURN_OUTPUT_NS));
    assert_sends("abc");
    assert_false(add(0, 1000 + TURN_OUTPUT_NS));
}

static void much_does_not_wait(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t half = TURN_OUTPUT_READ / 2;
        assert_false(turn_output_add(&scene.outputs, &scene.owners[0], half, 0));
        assert_true(turn_output_add(&scene.outputs, &scene.owners[1], half, 0));
        assert_sends("ab");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_sends_once_in_its_order, open_scene),
        cmocka_unit_test_setup(one_that_was_taken_out_does_not_send, open_scene),
        cmocka_unit_test_setup(sending_may_end_another, open_scene),
        cmocka_unit_test_setup(the_first_does_not_wait_long, open_scene),
        cmocka_unit_test_setup(much_does_not_wait, open_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
