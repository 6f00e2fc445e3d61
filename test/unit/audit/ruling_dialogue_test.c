// SPDX-License-Identifier: MIT
#include "written_trial.h"

static const struct audit_case offered = {.id = "extension.no-size",
                                          .expectation = AUDIT_USES_OFFERED};
static const struct audit_case helo = {.id = "extension.helo-only",
                                       .expectation = AUDIT_FALLS_BACK};
static const struct audit_case login = {.id = "auth.refused-535", .expectation = AUDIT_LOGS_IN};
static const struct audit_case later = {.id = "auth.refused-454",
                                        .expectation = AUDIT_LOGS_IN_LATER};
static const struct audit_case injected = {.id = "injection.reply-before-tls",
                                           .expectation = AUDIT_IGNORES_INJECTED};
static const struct audit_case controls = {.id = "injection.control-bytes",
                                           .expectation = AUDIT_SURVIVES};
static const struct audit_case flood = {.id = "injection.100000-lines",
                                        .expectation = AUDIT_SURVIVES_FLOOD};

static struct audit_ruling rule(const struct audit_case *of, const struct trial *control,
                                const struct trial *trial) {
    struct audit_ruling ruling;
    audit_rule(&ruling, &(struct audit_evidence){
                            .of = of, .control = &control->trial, .trial = &trial->trial});
    return ruling;
}

// A control case that delivered one mail and exited 0.
static void init_control(struct trial *control) {
    trial_init(control, 0);
    trial_message(control, AUDIT_IN_TLS, true);
}

static void check(const struct audit_case *of, const struct trial *trial,
                  enum audit_verdict verdict, const char *sentence) {
    struct trial control;
    init_control(&control);
    struct audit_ruling ruling = rule(of, &control, trial);
    check_ruling(&ruling, verdict, sentence);
}

// ── extension ───────────────────────────────────────────────────────────────────────────────────

static void what_is_not_offered_is_not_used(void **state) {
    (void)state;
    struct trial trial;
    init_control(&trial);
    check(&offered, &trial, AUDIT_PASS, "delivered the mail");
    trial_finding(&trial, "extension-not-offered", SEVERITY_ERROR);
    check(&offered, &trial, AUDIT_FAIL, "used what was not offered: the finding's text");
    // What it does in the control case too has another cause.
    struct trial control;
    init_control(&control);
    trial_finding(&control, "extension-not-offered", SEVERITY_ERROR);
    struct audit_ruling ruling = rule(&offered, &control, &trial);
    check_ruling(&ruling, AUDIT_PASS, "delivered the mail");
}

static void a_mail_that_needs_an_extension_may_be_kept(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    check(&offered, &trial, AUDIT_WEAK, "did not deliver the mail and exited 1");
    struct trial control;
    struct event_parameter body = {.keyword = SLICE("BODY"), .value = SLICE("8BITMIME")};
    init_control(&control);
    control.messages[0].event.from_parameters = &body;
    control.messages[0].event.from_parameter_count = 1;
    struct audit_ruling ruling = rule(&offered, &control, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing that was not offered and exited 1");
    body.value = SLICE("7BIT");
    ruling = rule(&offered, &control, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "did not deliver the mail and exited 1");
    control.messages[0].event.smtputf8 = true;
    ruling = rule(&offered, &control, &trial);
    check_ruling(&ruling, AUDIT_PASS, "sent nothing that was not offered and exited 1");
}

static void helo_offers_nothing(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    trial_say(&trial, AUDIT_IN_CLEAR, "MAIL", "FROM:<a@b>", 250);
    trial_message(&trial, AUDIT_IN_CLEAR, true);
    check(&helo, &trial, AUDIT_PASS, "delivered the mail");
    trial_say(&trial, AUDIT_IN_CLEAR, "MAIL", "FROM:<a@b> SIZE=5", 250);
    check(&helo, &trial, AUDIT_FAIL, "sent parameters of extensions after HELO");
    trial_init(&trial, 1);
    check(&helo, &trial, AUDIT_PASS, "gave up and exited 1");
    trial.trial.status = 0;
    check(&helo, &trial, AUDIT_FAIL, "exited 0 though the mail was not taken");
    trial_say(&trial, AUDIT_IN_CLEAR, "AUTH", "PLAIN ********", 503);
    check(&helo, &trial, AUDIT_FAIL, "gave its credential in the clear to a server without AUTH");
}

// ── auth ────────────────────────────────────────────────────────────────────────────────────────

static void a_refused_login_is_reported(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 535);
    check(&login, &trial, AUDIT_PASS, "reported it and exited 1");
    trial.trial.status = 0;
    check(&login, &trial, AUDIT_FAIL, "exited 0 though nothing was taken");
    check(&later, &trial, AUDIT_WEAK, "exited 0 though nothing was taken for now");
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&login, &trial, AUDIT_PASS, "delivered the mail");
}

static void a_mechanism_is_one_that_is_offered(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    trial_finding(&trial, "auth-not-offered", SEVERITY_ERROR);
    check(&login, &trial, AUDIT_WEAK, "tried a mechanism that was not offered: the finding's text");
    trial.trial.status = 0; // what is worse is said
    check(&login, &trial, AUDIT_FAIL, "exited 0 though nothing was taken");
}

static void a_login_is_not_tried_without_end(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    for (size_t i = 0; i < 20; i++) {
        trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 535);
    }
    check(&login, &trial, AUDIT_PASS, "reported it and exited 1");
    trial_say(&trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 535);
    check(&login, &trial, AUDIT_WEAK, "tried to log in 21 times");
    trial.trial.timed_out = true;
    check(&login, &trial, AUDIT_FAIL, "tried to log in 21 times");
}

// ── injection ───────────────────────────────────────────────────────────────────────────────────

// `early`: AUTH came before the answer to EHLO inside TLS.
static void say_hello(struct trial *trial, bool early) {
    trial_say(trial, AUDIT_IN_CLEAR, "EHLO", "x", 250);
    trial_say(trial, AUDIT_IN_CLEAR, "STARTTLS", NULL, 220);
    trial_say(trial, AUDIT_IN_TLS, "EHLO", "x", 250);
    trial_say(trial, AUDIT_IN_TLS, "AUTH", "PLAIN ********", 235);
    if (early) {
        trial_pipelined(trial);
    }
    trial_say(trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 250);
    trial_say(trial, AUDIT_IN_TLS, "RCPT", "TO:<a@b>", 250);
    trial_pipelined(trial); // which is nothing odd
}

static void who_goes_on_early_believed_the_reply(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 0);
    say_hello(&trial, false);
    trial_message(&trial, AUDIT_IN_TLS, true);
    check(&injected, &trial, AUDIT_PASS, "did not believe it, delivered the mail and exited 0");
    struct trial control;
    trial_init(&control, 0);
    say_hello(&control, true);
    trial_message(&control, AUDIT_IN_TLS, true);
    check(&injected, &control, AUDIT_FAIL,
          "believed the injected reply: it sent AUTH before EHLO was answered inside TLS");
    struct audit_ruling ruling = rule(&injected, &control, &control);
    check_ruling(&ruling, AUDIT_NOT_APPLICABLE, "the command never waits for the answer to EHLO");
}

static void who_ends_at_an_injected_reply_is_right(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    trial_say(&trial, AUDIT_IN_CLEAR, "STARTTLS", NULL, 220);
    check(&injected, &trial, AUDIT_PASS, "reported it and exited 1");
    trial_message(&trial, AUDIT_IN_CLEAR, true);
    check(&injected, &trial, AUDIT_WEAK, "sent the message without encryption");
    trial_say(&trial, AUDIT_IN_CLEAR, "AUTH", "PLAIN ********", 235);
    check(&injected, &trial, AUDIT_FAIL, "gave its credential without encryption");
}

static void a_flood_may_be_taken_or_refused(void **state) {
    (void)state;
    struct trial trial;
    trial_init(&trial, 1);
    check(&flood, &trial, AUDIT_PASS, "reported it and exited 1");
    trial.trial.status = 128 + 11;
    check(&flood, &trial, AUDIT_FAIL, "crashed and ended by signal 11");
    trial.trial.status = 128 + 9;
    check(&flood, &trial, AUDIT_FAIL, "was killed, as for its memory");
    trial.trial.timed_out = true;
    check(&flood, &trial, AUDIT_NOT_APPLICABLE,
          "the command was not done with it when its time was over");
    check(&controls, &trial, AUDIT_WEAK, "did not end by itself");
    init_control(&trial);
    check(&flood, &trial, AUDIT_PASS, "delivered the mail and exited 0");
    trial.trial.status = 128 + 6;
    check(&flood, &trial, AUDIT_FAIL, "crashed and ended by signal 6");
    trial.trial.timed_out = true;
    check(&flood, &trial, AUDIT_NOT_APPLICABLE,
          "the command was not done with it when its time was over");
}

static void a_flood_is_not_to_fill_the_memory(void **state) {
    (void)state;
    struct trial control, trial;
    init_control(&control);
    init_control(&trial);
    control.trial.memory = 20 * MIB;
    trial.trial.memory = control.trial.memory + AUDIT_FLOOD_MEMORY;
    struct audit_ruling ruling = rule(&flood, &control, &trial);
    check_ruling(&ruling, AUDIT_PASS, "delivered the mail and exited 0");
    trial.trial.memory++;
    ruling = rule(&flood, &control, &trial);
    check_ruling(&ruling, AUDIT_WEAK, "took over 256 MiB more memory than in the control case");
    control.trial.memory = 0; // not known
    ruling = rule(&flood, &control, &trial);
    check_ruling(&ruling, AUDIT_PASS, "delivered the mail and exited 0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_offered_is_not_used),
        cmocka_unit_test(a_mail_that_needs_an_extension_may_be_kept),
        cmocka_unit_test(helo_offers_nothing),
        cmocka_unit_test(a_refused_login_is_reported),
        cmocka_unit_test(a_mechanism_is_one_that_is_offered),
        cmocka_unit_test(a_login_is_not_tried_without_end),
        cmocka_unit_test(who_goes_on_early_believed_the_reply),
        cmocka_unit_test(who_ends_at_an_injected_reply_is_right),
        cmocka_unit_test(a_flood_may_be_taken_or_refused),
        cmocka_unit_test(a_flood_is_not_to_fill_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
