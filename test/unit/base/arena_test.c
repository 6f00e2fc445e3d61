// SPDX-License-Identifier: MIT
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void what_is_new_is_zeroed_and_aligned(void **state) {
    (void)state;
    struct arena arena = {0};
    for (size_t round = 0; round < 3; round++) {
        for (size_t size = 0; size < 300; size++) {
            uint8_t *memory = arena_new(&arena, 1, size);
            assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(memory[i], 0);
            }
            memset(memory, 0xFF, size);
        }
        arena_clear(&arena);
    }
    arena_cleanup(&arena);
}

static void growth_is_what_is_reserved(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 600, 100000, 3, 70000, 64, 0};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t before = arena.reserved;
        size_t growth = arena_growth(&arena, sizes[i]);
        arena_new(&arena, sizes[i], 1);
        assert_int_equal(arena.reserved, before + growth);
    }
    arena_clear(&arena);
    assert_true(arena.reserved <= 70000 + 64);
    arena_cleanup(&arena);
    assert_int_equal(arena.reserved, 0);
}

static void copies_are_terminated_and_null_stays_null(void **state) {
    (void)state;
    struct arena arena = {0};
    struct slice copy = arena_copy(&arena, slice_of("a\0b", 3));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_false(slice_is_null(arena_copy(&arena, SLICE(""))));
    assert_true(slice_is_null(arena_copy(&arena, (struct slice){0})));
    assert_string_equal(arena_string(&arena, "text"), "text");
    assert_null(arena_string(&arena, NULL));
    arena_cleanup(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_new_is_zeroed_and_aligned),
        cmocka_unit_test(growth_is_what_is_reserved),
        cmocka_unit_test(copies_are_terminated_and_null_stays_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
