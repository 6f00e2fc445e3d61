// SPDX-License-Identifier: MIT
#include "written_trial.h"

static const struct audit_case expired = {.id = "certificate.expired",
                                          .expectation = AUDIT_REFUSES_SERVER};
static const struct audit_case disputed = {.id = "certificate.sha1",
                                           .expectation = AUDIT_REFUSES_LAX,
                                           .right_peer = true,
                                           .graver = "certificate.expired"};
static const struct audit_case stripped = {.id = "downgrade.not-offered",
                                           .expectation = AUDIT_NOT_IN_CLEAR};
static const struct audit_case old = {.id = "version.tls-1.0",
                                      .expectation = AUDIT_REFUSES_VERSION};
static const struct audit_case new = {.id = "version.tls-1.3", .expectation = AUDIT_TAKES_VERSION};
static const struct audit_case stalls = {.id = "version.stalls", .expectation = AUDIT_GIVES_UP};

static const struct audit_case too_deep = {
    .id = "certificate.wildcard-too-deep", .expectation = AUDIT_REFUSES_SERVER, .right_peer = true};

static struct audit_ruling rule(const struct audit_case *of, const struct trial *trial) {
    struct audit_ruling ruling;
    struct trial control;
    trial_init(&control, 0);
    audit_rule(&ruling, &(struct audit_evidence){
                            .of = of, .control = &control.trial, .trial = &trial->trial});
    return ruling;
}

static void a_client_that_sends_nothing_is_right(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    trial_say(&trial, AUDIT_IN_CLEAR, "STARTTLS", NULL, 220);
    struct audit_ruling ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing and exited 1");
    trial.trial.status = 0; // a user takes the mail for sent
    ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "sent nothing, and exited 0 as if it had");
    trial.trial.session_count = 0;
    ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_PASS, "did not connect");
}

static void a_credential_inside_that_tls_is_lost(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    struct audit_ruling ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_FAIL, "gave its credential to that server");
    assert_true(ruling.credential_lost);
    ruling = rule(&too_deep, &trial);
    check_ruling(&ruling, AUDIT_FAIL, "gave its credential to that server");
    assert_false(ruling.credential_lost);
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "LOGIN", 334);
    ruling = rule(&expired, &trial); // only the mechanism so far
    check_ruling(&ruling, AUDIT_WEAK, "sent nothing, and exited 0 as if it had");
    trial_sasl(&trial, AUDIT_IN_TLS, 334);
    ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_FAIL, "gave its credential to that server");
}

static void a_mail_without_a_credential_is_weak(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 250);
    struct audit_ruling ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "gave sender and recipients to that server");
    trial_message(&trial, AUDIT_IN_TLS, true);
    ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "sent the message to that server");
    assert_false(ruling.credential_lost);
}

static void what_goes_in_the_clear_instead_counts_too(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_CLEAR, true);
    struct audit_ruling ruling = rule(&expired, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "sent the message without encryption");
    ruling = rule(&stripped, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "sent the message without encryption");
    trial_say(&trial, AUDIT_IN_CLEAR, "AUTH", "PLAIN ********", 235);
    ruling = rule(&stripped, &trial);
    check_ruling(&ruling, AUDIT_FAIL, "gave its credential without encryption");
    assert_true(ruling.credential_lost);
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true); // STARTTLS though it was not offered
    ruling = rule(&stripped, &trial);
    check_ruling(&ruling, AUDIT_PASS, "delivered the mail inside TLS");
    trial_init(&trial, 255);
    ruling = rule(&stripped, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing and exited 255");
}

static struct audit_ruling rule_disputed(const struct trial *graver, const struct trial *trial) {
    struct audit_ruling ruling;
    struct trial control;
    trial_init(&control, 0);
    audit_rule(&ruling, &(struct audit_evidence){.of = &disputed,
                                                 .control = &control.trial,
                                                 .trial = &trial->trial,
                                                 .graver = &graver->trial});
    return ruling;
}

// What some client that checks takes by its defaults is no failure of it.
static void what_is_disputed_is_weak_of_a_client_that_refuses_what_is_graver(void **state) {
    (void)state;
    struct trial graver, trial;
    trial_init(&graver, 1);
    trial_init(&trial, 1);
    struct audit_ruling ruling = rule_disputed(&graver, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing and exited 1");
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    ruling = rule_disputed(&graver, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "gave its credential to that server");
    assert_false(ruling.credential_lost);
    ruling = rule(&disputed, &trial); // nothing is known of the graver case
    check_ruling(&ruling, AUDIT_WEAK, "gave its credential to that server");
    trial_say(&trial, AUDIT_IN_CLEAR, "AUTH", "PLAIN ********", 235);
    ruling = rule_disputed(&graver, &trial);
    check_ruling(&ruling, AUDIT_FAIL, "gave its credential without encryption");
    assert_true(ruling.credential_lost);
}

static void what_is_disputed_fails_with_a_client_that_takes_what_is_graver(void **state) {
    (void)state;
    struct trial graver, trial;
    trial_init(&graver, 0);
    trial_say(&graver, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    struct audit_ruling ruling = rule_disputed(&graver, &trial);
    check_ruling(&ruling, AUDIT_FAIL, "gave its credential to that server");
    assert_false(ruling.credential_lost); // the server is the one that was meant
    trial_init(&trial, 1);
    ruling = rule_disputed(&graver, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing and exited 1");
    trial_message(&trial, AUDIT_IN_TLS, true);
    ruling = rule_disputed(&graver, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "sent the message to that server");
}

static void check_applies(unsigned needs, const struct trial *control, const char *reason) {
    struct audit_case of = {.id = "certificate.x", .needs = needs};
    struct audit_ruling ruling;
    bool applies = audit_applies(&ruling, &of, &control->trial);
    assert_int_equal(applies, reason == NULL);
    if (reason != NULL) {
        check_ruling(&ruling, AUDIT_NOT_APPLICABLE, reason);
    }
}

static void a_case_applies_by_what_the_control_session_was(void **state) {
    (void)state;
    struct trial plain, starttls, implicit;
    trial_init(&plain, 0);
    trial_init(&starttls, 0);
    trial_tls(&starttls, "TLSv1.3", true);
    trial_init(&implicit, 0);
    trial_tls(&implicit, "TLSv1.3", false);
    implicit.tls.sni = "mail.example.com";
    check_applies(AUDIT_NEEDS_TLS, &plain, "the command uses no TLS");
    check_applies(AUDIT_NEEDS_TLS, &implicit, NULL);
    check_applies(AUDIT_NEEDS_STARTTLS, &implicit, "the command uses no STARTTLS");
    check_applies(AUDIT_NEEDS_STARTTLS, &starttls, NULL);
    check_applies(AUDIT_NEEDS_IMPLICIT, &plain, "the command uses no implicit TLS");
    check_applies(AUDIT_NEEDS_IMPLICIT, &starttls, "the command uses no implicit TLS");
    check_applies(AUDIT_NEEDS_CLEAR_START, &plain, NULL);
    check_applies(AUDIT_NEEDS_CLEAR_START, &starttls, NULL);
    check_applies(AUDIT_NEEDS_CLEAR_START, &implicit, "the command uses implicit TLS");
    check_applies(AUDIT_NEEDS_NAME, &starttls, "the command names no server in TLS (SNI)");
    check_applies(AUDIT_NEEDS_NAME, &implicit, NULL);
}

static void old_versions_are_weak_and_new_ones_are_taken(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_tls(&trial, "TLSv1", true);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    trial_message(&trial, AUDIT_IN_TLS, true);
    struct audit_ruling ruling = rule(&old, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "took TLSv1 and sent its credential");
    assert_false(ruling.credential_lost);
    ruling = rule(&new, &trial);
    check_ruling(&ruling, AUDIT_PASS, "delivered the mail");
    trial_init(&trial, 1);
    ruling = rule(&old, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing and exited 1");
    ruling = rule(&new, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "did not deliver the mail and exited 1");
}

static void a_client_has_to_end_by_itself(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    struct audit_ruling ruling = rule(&stalls, &trial);
    check_ruling(&ruling, AUDIT_PASS, "gave up by itself and exited 1");
    trial.trial.timed_out = true;
    ruling = rule(&stalls, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "waited without end, and had to be stopped");
}

// Whatever the case, and though nothing was sent.
static void a_crash_fails(void **state) {
    (void)state;
    const struct audit_case *const cases[] = {&expired, &disputed, &stripped, &old, &new, &stalls};
    struct trial crashed;
    struct trial control;
    struct audit_ruling ruling;
    trial_init(&control, 128 + 6);
    trial_init(&crashed, 128 + 11);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ruling = rule(cases[i], &crashed);
        check_ruling(&ruling, AUDIT_FAIL, "crashed and ended by signal 11");
        assert_false(ruling.credential_lost);
    }
    crashed.trial.status = control.trial.status; // it does so by itself
    audit_rule(&ruling, &(struct audit_evidence){
                            .of = &expired, .control = &control.trial, .trial = &crashed.trial});
    check_ruling(&ruling, AUDIT_PASS, "sent nothing and ended by signal 6");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_fails),
        cmocka_unit_test(a_client_that_sends_nothing_is_right),
        cmocka_unit_test(a_credential_inside_that_tls_is_lost),
        cmocka_unit_test(a_mail_without_a_credential_is_weak),
        cmocka_unit_test(what_goes_in_the_clear_instead_counts_too),
        cmocka_unit_test(what_is_disputed_is_weak_of_a_client_that_refuses_what_is_graver),
        cmocka_unit_test(what_is_disputed_fails_with_a_client_that_takes_what_is_graver),
        cmocka_unit_test(a_case_applies_by_what_the_control_session_was),
        cmocka_unit_test(old_versions_are_weak_and_new_ones_are_taken),
        cmocka_unit_test(a_client_has_to_end_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
