// SPDX-License-Identifier: MIT
#include "written_trial.h"

static bool applies(unsigned needs, const struct trial *control, const char *reason) {
    struct audit_ruling ruling = {.verdict = AUDIT_PASS};
    struct audit_case of = {.id = "group.case", .needs = needs};
    bool does = audit_applies(&ruling, &of, &control->trial);
    if (!does) {
        check_ruling(&ruling, AUDIT_NOT_APPLICABLE, reason);
    }
    return does;
}

static void a_case_applies_to_what_the_control_shows(void **state) {
    (void)state;
    struct trial plain;
    trial_init(&plain, 0);
    trial_message(&plain, AUDIT_IN_CLEAR, true);
    plain.messages[0].event.recipient_count = 1;
    assert_true(applies(0, &plain, NULL));
    assert_false(applies(AUDIT_NEEDS_TLS, &plain, "the command uses no TLS"));
    assert_false(applies(AUDIT_NEEDS_STARTTLS, &plain, "the command uses no STARTTLS"));
    assert_false(applies(AUDIT_NEEDS_AUTH, &plain, "the command gives no credential"));
    assert_false(applies(AUDIT_NEEDS_SEVERAL, &plain, "the mail has one recipient"));
    struct trial starttls;
    trial_init(&starttls, 0);
    trial_tls(&starttls, "TLSv1.3", true);
    trial_say(&starttls, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    assert_true(
        applies(AUDIT_NEEDS_STARTTLS | AUDIT_NEEDS_TLS | AUDIT_NEEDS_AUTH, &starttls, NULL));
    assert_false(applies(AUDIT_NEEDS_IMPLICIT, &starttls, "the command uses no implicit TLS"));
    starttls.tls.starttls = false;
    assert_true(applies(AUDIT_NEEDS_IMPLICIT, &starttls, NULL));
    assert_false(applies(AUDIT_NEEDS_STARTTLS, &starttls, "the command uses no STARTTLS"));
}

static void check_refusal(const struct trial *trial, enum audit_verdict verdict,
                          const char *sentence) {
    struct audit_case of = {.id = "delivery.x", .expectation = AUDIT_REPORTS_REFUSAL};
    struct audit_ruling ruling;
    struct trial control;
    trial_init(&control, 0);
    trial_message(&control, AUDIT_IN_CLEAR, true);
    audit_rule(&ruling, &(struct audit_evidence){
                            .of = &of, .control = &control.trial, .trial = &trial->trial});
    check_ruling(&ruling, verdict, sentence);
}

static void a_refusal_is_to_be_reported(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    check_refusal(&trial, AUDIT_PASS, "reported it and exited 1");
    trial_init(&trial, 0);
    check_refusal(&trial, AUDIT_FAIL, "exited 0 though nothing was taken");
    trial_message(&trial, AUDIT_IN_CLEAR, true); // on another way
    check_refusal(&trial, AUDIT_PASS, "delivered the mail in another way and exited 0");
    trial_init(&trial, 128 + 15);
    trial.trial.timed_out = true;
    check_refusal(&trial, AUDIT_WEAK, "did not end by itself");
    trial_init(&trial, 128 + 11);
    check_refusal(&trial, AUDIT_FAIL, "crashed and ended by signal 11");
}

static void the_findings_of_its_rules_judge_a_message(void **state) {
    (void)state;
    struct audit_case of = {
        .id = "message.x", .expectation = AUDIT_CLEAN_MESSAGE, .rules = {"bare-lf", "bare-cr"}};
    struct audit_ruling ruling;
    struct trial trial;
    trial_init(&trial, 0);
    trial_finding(&trial, "header-missing", SEVERITY_ERROR);
    audit_rule(&ruling,
               &(struct audit_evidence){.of = &of, .control = &trial.trial, .trial = &trial.trial});
    check_ruling(&ruling, AUDIT_PASS, "sent it well");
    trial_finding(&trial, "bare-lf", SEVERITY_WARNING);
    audit_rule(&ruling,
               &(struct audit_evidence){.of = &of, .control = &trial.trial, .trial = &trial.trial});
    check_ruling(&ruling, AUDIT_WEAK, "sent it with a flaw, bare-lf: the finding's text");
    trial_finding(&trial, "bare-cr", SEVERITY_ERROR);
    audit_rule(&ruling,
               &(struct audit_evidence){.of = &of, .control = &trial.trial, .trial = &trial.trial});
    check_ruling(&ruling, AUDIT_FAIL, "sent it with a flaw, bare-cr: the finding's text");
}

static void check_message(const struct trial *trial, unsigned needs, enum audit_verdict verdict,
                          const char *sentence) {
    struct audit_case of = {.id = "message.x",
                            .expectation = AUDIT_CLEAN_MESSAGE,
                            .needs = needs,
                            .rules = {"data-8bit"}};
    struct audit_ruling ruling;
    audit_rule(&ruling, &(struct audit_evidence){
                            .of = &of, .control = &trial->trial, .trial = &trial->trial});
    check_ruling(&ruling, verdict, sentence);
}

static void a_case_of_dots_or_bytes_is_for_a_mail_that_has_them(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_CLEAR, true);
    trial.messages[0].body = SLICE("a.\r\n b\r\n");
    check_message(&trial, AUDIT_NEEDS_DOT, AUDIT_NOT_APPLICABLE,
                  "no line of the mail begins with a dot");
    check_message(&trial, AUDIT_NEEDS_8BIT, AUDIT_NOT_APPLICABLE, "the mail has no byte over 127");
    trial.messages[0].body = SLICE("a\r\n.b \xc3\xa9\r\n");
    check_message(&trial, AUDIT_NEEDS_DOT, AUDIT_PASS, "sent it well");
    check_message(&trial, AUDIT_NEEDS_8BIT, AUDIT_PASS, "sent it well");
    trial_finding(&trial, "data-8bit", SEVERITY_INFO);
    check_message(&trial, AUDIT_NEEDS_8BIT, AUDIT_PASS, "sent it well");
    trial_finding(&trial, "data-8bit", SEVERITY_WARNING);
    check_message(&trial, AUDIT_NEEDS_8BIT, AUDIT_WEAK,
                  "sent it with a flaw, data-8bit: the finding's text");
    trial.messages[0].body = SLICE(""); // the header has them
    trial_finding(&trial, "data-8bit", SEVERITY_ERROR);
    check_message(&trial, AUDIT_NEEDS_8BIT, AUDIT_FAIL,
                  "sent it with a flaw, data-8bit: the finding's text");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_applies_to_what_the_control_shows),
        cmocka_unit_test(a_refusal_is_to_be_reported),
        cmocka_unit_test(the_findings_of_its_rules_judge_a_message),
        cmocka_unit_test(a_case_of_dots_or_bytes_is_for_a_mail_that_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
