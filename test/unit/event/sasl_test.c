// SPDX-License-Identifier: MIT
#include "event/sasl.h"

#include "check.h"

static void knows_the_names_of_auth(void **state) {
    (void)state;
    assert_int_equal(sasl_command_len(SLICE("AUTH PLAIN")), 4);
    assert_int_equal(sasl_command_len(SLICE("authenticate")), 4);
    assert_int_equal(sasl_command_len(SLICE("XAUTH")), 5);
    assert_int_equal(sasl_command_len(SLICE("x-auth=LOGIN")), 6);
    assert_int_equal(sasl_command_len(SLICE("X-EXPS GSSAPI")), 6);
    assert_int_equal(sasl_command_len(SLICE("X-Mine-Auth2 a")), 11);
    assert_int_equal(sasl_command_len(SLICE("Proxy-Authorization: Basic a")), 10);
}

static void knows_what_is_none(void **state) {
    (void)state;
    static const char *const others[] = {
        "",        "AUT",    "XCLIENT LOGIN=auth", "NOOP AUTH", "X AUTH", "EXPS", "X",
        "X-EXP S", "UNAUTH", "XFORWARD a"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(sasl_command_len(slice_of_string(others[i])), 0);
    }
    assert_int_equal(sasl_command_len(SLICE("X---------------------------------AUTH")), 0);
}

static void reads_what_is_asked_for(void **state) {
    (void)state;
    assert_int_equal(sasl_challenge_asks(SLICE("VXNlcm5hbWU6")), SASL_ASKS_NAME);
    assert_int_equal(sasl_challenge_asks(SLICE(" VXNlciBOYW1lAA== ")), SASL_ASKS_NAME);
    assert_int_equal(sasl_challenge_asks(SLICE("Username:")), SASL_ASKS_NAME);
    assert_int_equal(sasl_challenge_asks(SLICE("UGFzc3dvcmQ6")), SASL_ASKS_PASSWORD);
    assert_int_equal(sasl_challenge_asks(SLICE("UGFzc3dvcmQA")), SASL_ASKS_PASSWORD);
    assert_int_equal(sasl_challenge_asks(SLICE("")), SASL_ASKS_NOTHING);
    assert_int_equal(sasl_challenge_asks(SLICE("S2VubndvcnQ6")), SASL_ASKS_UNKNOWN); // Kennwort:
    assert_int_equal(sasl_challenge_asks(SLICE("secret of the user")), SASL_ASKS_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_names_of_auth),
        cmocka_unit_test(knows_what_is_none),
        cmocka_unit_test(reads_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
