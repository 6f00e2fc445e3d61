// SPDX-License-Identifier: MIT
#include "written_trial.h"

static const struct audit_case refused = {.id = "delivery.mail-refused",
                                          .expectation = AUDIT_REPORTS_REFUSAL};
static const struct audit_case deferred = {.id = "delivery.recipients-450",
                                           .expectation = AUDIT_REPORTS_LATER};
static const struct audit_case recipient = {.id = "delivery.one-recipient-refused",
                                            .expectation = AUDIT_REPORTS_RECIPIENT};
static const struct audit_case lost = {.id = "delivery.lost-after-dot",
                                       .expectation = AUDIT_REPORTS_UNKNOWN};
static const struct audit_case quit = {.id = "delivery.quit-unanswered",
                                       .expectation = AUDIT_REPORTS_DELIVERY};
static const struct audit_case odd_reply = {.id = "reply.no-text", .expectation = AUDIT_AS_CONTROL};
static const struct audit_case slow = {.id = "delivery.slow-answer", .expectation = AUDIT_WAITS};

// Against a control case that exited with this status and delivered one mail.
static void check_against(int control_status, const struct audit_case *of,
                          const struct trial *trial, enum audit_verdict verdict,
                          const char *sentence) {
    struct audit_ruling ruling;
    struct trial control;
    trial_init(&control, control_status);
    trial_message(&control, AUDIT_IN_TLS, true);
    audit_rule(&ruling, &(struct audit_evidence){
                            .of = of, .control = &control.trial, .trial = &trial->trial});
    check_ruling(&ruling, verdict, sentence);
}

static void check(const struct audit_case *of, const struct trial *trial,
                  enum audit_verdict verdict, const char *sentence) {
    check_against(0, of, trial, verdict, sentence);
}

static void a_refusal_is_a_status_that_is_not_0(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 550);
    check(&refused, &trial, AUDIT_PASS, "reported it and exited 1");
    trial.trial.status = 0;
    check(&refused, &trial, AUDIT_FAIL, "exited 0 though nothing was taken");
    check(&deferred, &trial, AUDIT_WEAK, "exited 0 though nothing was taken for now");
}

static void a_crash_is_no_report(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 128 + 11);
    check(&refused, &trial, AUDIT_FAIL, "crashed and ended by signal 11");
    check(&odd_reply, &trial, AUDIT_FAIL, "crashed and ended by signal 11");
    check(&lost, &trial, AUDIT_FAIL, "crashed and ended by signal 11");
    check(&recipient, &trial, AUDIT_FAIL, "crashed and ended by signal 11");
}

static void a_command_that_tries_again_is_right_where_it_may(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial.trial.timed_out = true;
    trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 450);
    check(&deferred, &trial, AUDIT_WEAK, "did not end by itself");
    trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 450);
    check(&deferred, &trial, AUDIT_PASS, "was still trying again when its time was over");
    check(&lost, &trial, AUDIT_PASS, "was still trying again when its time was over");
    check(&refused, &trial, AUDIT_WEAK, "did not end by itself");
}

static void a_status_that_never_changes_says_nothing(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 3);
    check_against(3, &refused, &trial, AUDIT_NOT_APPLICABLE,
                  "the command exits 3 in the control case too");
    check_against(3, &lost, &trial, AUDIT_NOT_APPLICABLE,
                  "the command exits 3 in the control case too");
    check_against(0, &refused, &trial, AUDIT_PASS, "reported it and exited 3");
    trial_init(&trial, 0);
    trial.trial.session_count = 0;
    check(&refused, &trial, AUDIT_NOT_APPLICABLE, "the command did not connect");
}

static void a_mail_that_came_all_the_same_is_well(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&refused, &trial, AUDIT_PASS, "delivered the mail in another way and exited 0");
}

static void one_recipient_of_several_is_to_be_reported(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&recipient, &trial, AUDIT_WEAK,
          "delivered the mail to the others and exited 0 though a recipient was refused");
    trial.trial.status = 1;
    check(&recipient, &trial, AUDIT_PASS,
          "delivered the mail to the others, reported it and exited 1");
    trial_init(&trial, 1); // it gave up for all
    check(&recipient, &trial, AUDIT_PASS, "reported it and exited 1");
    trial.trial.status = 0;
    check(&recipient, &trial, AUDIT_FAIL, "exited 0 though nothing was taken");
}

static void without_an_answer_nothing_was_sent(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    trial_message(&trial, AUDIT_IN_TLS, true); // the server's view
    check(&lost, &trial, AUDIT_PASS, "reported it and exited 1");
    trial_message(&trial, AUDIT_IN_TLS, true); // again: no double delivery that it could know of
    check(&lost, &trial, AUDIT_PASS, "reported it and exited 1");
    trial.trial.status = 0;
    check(&lost, &trial, AUDIT_FAIL, "exited 0 though no answer to the message had come");
}

static void the_answer_to_quit_changes_nothing(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&quit, &trial, AUDIT_PASS, "delivered the mail");
    trial.trial.status = 1;
    check(&quit, &trial, AUDIT_WEAK, "delivered the mail and exited 1, as if it had not");
    trial.trial.timed_out = true;
    check(&quit, &trial, AUDIT_PASS, "delivered the mail, and waited until its time was over");
}

static void a_client_may_do_as_in_the_control_case(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&odd_reply, &trial, AUDIT_PASS, "delivered the mail");
    trial.trial.timed_out = true;
    check(&odd_reply, &trial, AUDIT_WEAK, "delivered the mail, and did not end by itself");
    trial.trial.timed_out = false;
    trial.trial.status = 1;
    check(&odd_reply, &trial, AUDIT_WEAK, "delivered the mail and exited 1, as if it had not");
    check_against(1, &odd_reply, &trial, AUDIT_PASS, "delivered the mail");
    trial_init(&trial, 1);
    check(&odd_reply, &trial, AUDIT_WEAK, "did not deliver the mail and exited 1");
    trial.trial.status = 0;
    check(&odd_reply, &trial, AUDIT_FAIL, "exited 0 though the mail was not taken");
}

static void a_mail_comes_once_and_whole(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    trial.messages[0].event.content.bytes = TRIAL_BYTES / 2 - 1;
    check(&odd_reply, &trial, AUDIT_FAIL, "delivered the message without half of it");
    trial.messages[0].event.content.bytes = TRIAL_BYTES / 2;
    check(&odd_reply, &trial, AUDIT_PASS, "delivered the mail");
    trial.fields[1].name = SLICE("X-To");
    check(&odd_reply, &trial, AUDIT_FAIL, "delivered the message without To");
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&odd_reply, &trial, AUDIT_FAIL, "delivered the mail 2 times in place of 1");
}

static void a_slow_server_is_waited_for(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&slow, &trial, AUDIT_PASS, "delivered the mail");
    trial.trial.status = 1; // the server took it: the client does not know
    check(&slow, &trial, AUDIT_WEAK,
          "gave up before the time that the RFC gives a server and exited 1");
    trial.trial.timed_out = true;
    check(&slow, &trial, AUDIT_PASS, "was still waiting when its time was over");
}

// The case is about replies that come together, which they do only to commands sent together.
static void a_case_of_pipelining_is_for_a_client_that_pipelines(void **state) {
    (void)state;
    static const struct audit_case together = {.id = "reply.several-in-one-segment",
                                               .needs = AUDIT_NEEDS_PIPELINING,
                                               .expectation = AUDIT_AS_CONTROL};
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 250);
    trial_say(&trial, AUDIT_IN_TLS, "RCPT", "TO:<c@d>", 250);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&together, &trial, AUDIT_NOT_APPLICABLE, "the command waits for each reply");
    trial.commands[1].pipelined = true;
    check(&together, &trial, AUDIT_PASS, "delivered the mail");
    trial.commands[1].pipelined = false;
    trial.messages[0].event.accepted = false; // what went wrong is said in any case
    check(&together, &trial, AUDIT_FAIL, "exited 0 though the mail was not taken");
}

static void a_mail_that_never_came_before_the_time_was_over_is_weak(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 128 + 15);
    trial.trial.timed_out = true;
    trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 250);
    check(&odd_reply, &trial, AUDIT_WEAK, "did not deliver the mail, and did not end by itself");
    trial.trial.timed_out = false;
    trial.trial.session_count = 0;
    check_against(128 + 15, &odd_reply, &trial, AUDIT_NOT_APPLICABLE,
                  "the command did not connect");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_a_status_that_is_not_0),
        cmocka_unit_test(a_crash_is_no_report),
        cmocka_unit_test(a_command_that_tries_again_is_right_where_it_may),
        cmocka_unit_test(a_status_that_never_changes_says_nothing),
        cmocka_unit_test(a_mail_that_came_all_the_same_is_well),
        cmocka_unit_test(one_recipient_of_several_is_to_be_reported),
        cmocka_unit_test(without_an_answer_nothing_was_sent),
        cmocka_unit_test(the_answer_to_quit_changes_nothing),
        cmocka_unit_test(a_client_may_do_as_in_the_control_case),
        cmocka_unit_test(a_mail_comes_once_and_whole),
        cmocka_unit_test(a_slow_server_is_waited_for),
        cmocka_unit_test(a_case_of_pipelining_is_for_a_client_that_pipelines),
        cmocka_unit_test(a_mail_that_never_came_before_the_time_was_over_is_weak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
