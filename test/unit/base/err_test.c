// SPDX-License-Identifier: MIT
#include "base/err.h"

#include "base/memory.h"

#include "check.h"

#undef fail // cmocka has a macro of that name

#include <stdlib.h>
#include <string.h>

static void says_why(void **state) {
    (void)state;
    struct failure failure;
    assert_int_equal(fail(&failure, ERR_INPUT, "%s: line %d", "file", 3), ERR_INPUT);
    assert_string_equal(failure.text, "file: line 3");
    assert_int_equal(fail(NULL, ERR_LIMIT, "nobody asks"), ERR_LIMIT);
    fail(&failure, ERR_USAGE, "%2000d", 1);
    assert_int_equal(strlen(failure.text), FAILURE_MAX - 1);
}

static void has_a_sentence_for_each(void **state) {
    (void)state;
    for (int err = OK; err <= ERR_CRYPTO; err++) {
        assert_non_null(err_text((enum err)err));
        assert_true(strlen(err_text((enum err)err)) > 0);
    }
}

static void allocates_zeroed_memory(void **state) {
    (void)state;
    int *numbers = mem_new_array(10, sizeof(int));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(numbers[i], 0);
    }
    numbers = mem_resize(numbers, 20, sizeof(int));
    mem_wipe(numbers, 20 * sizeof(int));
    assert_int_equal(numbers[19], 0);
    free(numbers);
}

static void copies_strings(void **state) {
    (void)state;
    char *copy = mem_string_of(slice_of("abc", 2));
    char *formatted = mem_format("%s-%d", copy, 7);
    assert_string_equal(copy, "ab");
    assert_string_equal(formatted, "ab-7");
    assert_null(mem_string(NULL));
    assert_null(mem_string_of((struct slice){0}));
    free(copy);
    free(formatted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why),
        cmocka_unit_test(has_a_sentence_for_each),
        cmocka_unit_test(allocates_zeroed_memory),
        cmocka_unit_test(copies_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
