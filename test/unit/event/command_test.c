// SPDX-License-Identifier: MIT
#include "event/command.h"

#include "check.h"

static void finds_parameters_by_keyword(void **state) {
    (void)state;
    static struct command command;
    command.parameters[0] = (struct event_parameter){SLICE("size"), SLICE("12")};
    command.parameters[1] = (struct event_parameter){SLICE("SMTPUTF8"), {0}};
    command.parameter_count = 2;
    check_slice(command_parameter(&command, "SIZE")->value, "12");
    check_slice(command_parameter(&command, "smtputf8")->value, NULL);
    assert_null(command_parameter(&command, "BODY"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_parameters_by_keyword),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
