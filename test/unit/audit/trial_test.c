// SPDX-License-Identifier: MIT
#include "written_trial.h"

static void tells_a_credential_from_the_name_of_a_mechanism(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "LOGIN", 334);
    assert_false(audit_deeds_in(&trial.trial, AUDIT_IN_TLS).credential);
    trial_sasl(&trial, AUDIT_IN_TLS, 334);
    assert_true(audit_deeds_in(&trial.trial, AUDIT_IN_TLS).credential);
    assert_false(audit_deeds_in(&trial.trial, AUDIT_IN_CLEAR).credential);
}

static void a_cancelled_login_gives_nothing(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN", 334);
    trial_sasl(&trial, AUDIT_IN_TLS, 501);
    trial.commands[1].line.text = SLICE("*");
    assert_false(audit_deeds_in(&trial.trial, AUDIT_IN_TLS).credential);
}

static void a_message_is_one_that_was_let_begin(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_CLEAR, "DATA", NULL, 451);
    assert_false(audit_deeds_in(&trial.trial, AUDIT_IN_CLEAR).message);
    trial_message(&trial, AUDIT_IN_CLEAR, false);
    assert_true(audit_deeds_in(&trial.trial, AUDIT_IN_CLEAR).message);
    assert_int_equal(audit_accepted(&trial.trial), 0);
    assert_null(audit_delivered(&trial.trial));
    trial_message(&trial, AUDIT_IN_CLEAR, true);
    assert_int_equal(audit_accepted(&trial.trial), 1);
    assert_ptr_equal(audit_delivered(&trial.trial), &trial.messages[1]);
}

static void what_the_proxy_says_is_no_deed(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_CLEAR, "MAIL", "FROM:<a@b>", 250);
    trial.commands[0].by_proxy = true;
    assert_false(audit_deeds_in(&trial.trial, AUDIT_IN_CLEAR).mail);
}

static void a_crash_is_a_signal_of_its_own(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 128 + 11);
    assert_true(audit_crashed(&trial.trial));
    trial.trial.status = 128 + 15;
    assert_false(audit_crashed(&trial.trial));
    trial.trial.status = 128 + 6;
    trial.trial.timed_out = true; // it was told to end
    assert_false(audit_crashed(&trial.trial));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_credential_from_the_name_of_a_mechanism),
        cmocka_unit_test(a_cancelled_login_gives_nothing),
        cmocka_unit_test(a_message_is_one_that_was_let_begin),
        cmocka_unit_test(what_the_proxy_says_is_no_deed),
        cmocka_unit_test(a_crash_is_a_signal_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
