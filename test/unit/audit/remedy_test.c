// SPDX-License-Identifier: MIT
#include "audit/remedy.h"

#include "written_trial.h"

static const char *runtime_of(const char *agent, const char *program, char *const *command) {
    struct trial trial;
    struct record_field field = {.name = SLICE("X-Mailer"), .value = slice_of_string(agent)};
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_CLEAR, true);
    trial.messages[0].fields = &field;
    trial.messages[0].field_count = agent == NULL ? 0 : 1;
    trial.session.session.client.program = program;
    const struct audit_runtime *runtime = audit_runtime_find(command, &trial.trial);
    return runtime == NULL ? "" : runtime->name;
}

static void the_mail_goes_before_the_process_and_that_before_the_words(void **state) {
    (void)state;
    char *const python[] = {(char[]){"/usr/bin/python3.11"}, (char[]){"send.py"}, NULL};
    char *const script[] = {(char[]){"./send.rb"}, NULL};
    char *const other[] = {(char[]){"./mailer"}, NULL};
    assert_string_equal(runtime_of("git-send-email 2.39.5", "perl", other), "git send-email");
    assert_string_equal(runtime_of("swaks v20201014.0", "swaks", other), "swaks");
    assert_string_equal(runtime_of(NULL, "perl", other), "Perl Net::SMTP");
    assert_string_equal(runtime_of("My own", "java", python), "JavaMail");
    assert_string_equal(runtime_of(NULL, NULL, python), "Python smtplib");
    assert_string_equal(runtime_of(NULL, NULL, script), "Ruby Net::SMTP");
    assert_string_equal(runtime_of(NULL, "mailer", other), "");
    assert_string_equal(runtime_of(NULL, "curlew", other), "");
}

static void count(void *context, const char *remedy) {
    assert_non_null(remedy);
    ++*(size_t *)context;
}

static size_t remedies(const char *id, enum audit_verdict verdict) {
    char *const curl[] = {(char[]){"curl"}, NULL};
    struct trial trial;
    struct audit_case of = {.id = id};
    struct audit_row row = {.of = &of, .ruling = {.verdict = verdict}};
    size_t found = 0;
    trial_init(&trial, 0);
    audit_remedies(audit_runtime_find(curl, &trial.trial), &row, 1, count, &found);
    return found;
}

static void a_remedy_is_for_what_was_found(void **state) {
    (void)state;
    assert_int_equal(remedies("certificate.expired", AUDIT_FAIL), 1);
    assert_int_equal(remedies("downgrade.preauth", AUDIT_WEAK), 1);
    assert_int_equal(remedies("certificate.expired", AUDIT_PASS), 0);
    assert_int_equal(remedies("delivery.data-451", AUDIT_FAIL), 0);
    size_t none = 0;
    audit_remedies(NULL, NULL, 0, count, &none);
    assert_int_equal(none, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mail_goes_before_the_process_and_that_before_the_words),
        cmocka_unit_test(a_remedy_is_for_what_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
