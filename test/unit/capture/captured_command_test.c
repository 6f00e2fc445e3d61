// SPDX-License-Identifier: MIT
#include "capture/captured_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

static void lays_its_variables_over_the_inherited_ones(void **state) {
    (void)state;
    char *const inherited[] = {(char[]){"PATH=/bin"}, (char[]){"SSL_CERT_FILE=/old"},
                               (char[]){"SSL_CERT_FILE_2=x"}, (char[]){"EMPTY="}, NULL};
    const char *const additions[] = {"SSL_CERT_FILE=/new=1", "MORE=2", NULL};
    char **environment = command_environment(inherited, additions);
    const char *const expected[] = {"PATH=/bin", "SSL_CERT_FILE_2=x",
                                    "EMPTY=", "SSL_CERT_FILE=/new=1", "MORE=2"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_string_equal(environment[i], expected[i]);
    }
    assert_null(environment[5]);
    free(environment);
}

static void leaves_the_environment_without_additions(void **state) {
    (void)state;
    char *const inherited[] = {(char[]){"PATH=/bin"}, NULL};
    char **environment = command_environment(inherited, NULL);
    assert_string_equal(environment[0], "PATH=/bin");
    assert_null(environment[1]);
    free(environment);
}

static void exits_as_shells_do(void **state) {
    (void)state;
    assert_int_equal(command_exec_status(ENOENT), 127);
    assert_int_equal(command_exec_status(EACCES), 126);
    assert_int_equal(command_exec_status(ENOEXEC), 126);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_its_variables_over_the_inherited_ones),
        cmocka_unit_test(leaves_the_environment_without_additions),
        cmocka_unit_test(exits_as_shells_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
