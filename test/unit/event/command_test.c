// SPDX-License-Identifier: MIT
#include "event/command.h"
#include "event/event.h"

#include "check.h"

static void finds_parameters_by_keyword(void **state) {
    (void)state;
    const struct command command = {.parameters = SLICE(" size=12\tSMTPUTF8  body= SIZE=13 ")};
    struct event_parameter parameter;
    assert_true(command_parameter(&parameter, &command, "SIZE")); // the first one
    check_slice(parameter.keyword, "size");
    check_slice(parameter.value, "12");
    assert_true(command_parameter(&parameter, &command, "smtputf8"));
    check_slice(parameter.value, NULL);
    assert_true(command_parameter(&parameter, &command, "BODY"));
    check_slice(parameter.value, "");
    assert_false(command_parameter(&parameter, &command, "12"));
    assert_false(command_has_parameter(&(struct command){0}, "SIZE"));
}

static void takes_one_parameter_after_the_other(void **state) {
    (void)state;
    struct slice rest = SLICE("A=b=c  =d ");
    struct event_parameter parameter;
    assert_true(command_next_parameter(&parameter, &rest));
    check_slice(parameter.keyword, "A");
    check_slice(parameter.value, "b=c");
    assert_true(command_next_parameter(&parameter, &rest));
    check_slice(parameter.keyword, "");
    check_slice(parameter.value, "d");
    assert_false(command_next_parameter(&parameter, &rest));
}

// Each session has one while its bytes are read.
static void an_event_is_small(void **state) {
    (void)state;
    assert_true(sizeof(struct event) < 512);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_parameters_by_keyword),
        cmocka_unit_test(takes_one_parameter_after_the_other),
        cmocka_unit_test(an_event_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
