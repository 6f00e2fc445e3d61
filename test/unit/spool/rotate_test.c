// SPDX-License-Identifier: MIT
#include "spool/rotate.h"

#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_newest_is_number_one(void **state) {
    (void)state;
    struct failure failure;
    const char *path = in_folder("log");
    const char *texts[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        file_put(path, texts[i]);
        assert_int_equal(rotate_names(&failure, path, 3), OK);
        assert_false(file_exists(path));
    }
    assert_string_equal(file_text(in_folder("log.1")), "d");
    assert_string_equal(file_text(in_folder("log.2")), "c");
    assert_string_equal(file_text(in_folder("log.3")), "b");
    assert_false(file_exists(in_folder("log.4")));
}

static void a_gap_in_the_row_is_no_error(void **state) {
    (void)state;
    struct failure failure;
    file_put(in_folder("log"), "new");
    file_put(in_folder("log.2"), "old");
    assert_int_equal(rotate_names(&failure, in_folder("log"), 5), OK);
    assert_string_equal(file_text(in_folder("log.1")), "new");
    assert_string_equal(file_text(in_folder("log.3")), "old");
}

static void none_kept_is_the_file_taken_away(void **state) {
    (void)state;
    struct failure failure;
    file_put(in_folder("log"), "new");
    assert_int_equal(rotate_names(&failure, in_folder("log"), 0), OK);
    assert_false(file_exists(in_folder("log")));
}

static void a_file_that_is_gone_is_said(void **state) {
    (void)state;
    struct failure failure;
    assert_int_equal(rotate_names(&failure, in_folder("log"), 2), ERR_SYSTEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_is_number_one, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(a_gap_in_the_row_is_no_error, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(none_kept_is_the_file_taken_away, folder_enter,
                                        folder_leave),
        cmocka_unit_test_setup_teardown(a_file_that_is_gone_is_said, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
