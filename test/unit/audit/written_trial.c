// SPDX-License-Identifier: MIT
#include "written_trial.h"

#include <string.h>

void trial_init(struct trial *trial, int status) {
    memset(trial, 0, sizeof(*trial));
    trial->session.exchanges = trial->exchanges;
    trial->session.messages = trial->messages;
    trial->session.findings = trial->findings;
    trial->session.faults = trial->faults;
    trial->sessions[0] = &trial->session;
    trial->fields[0].name = SLICE("From");
    trial->fields[1].name = SLICE("To");
    trial->fields[2].name = SLICE("Subject");
    trial->trial =
        (struct audit_trial){.sessions = trial->sessions, .session_count = 1, .status = status};
}

void trial_tls(struct trial *trial, const char *version, bool starttls) {
    trial->tls = (struct event_tls){.starttls = starttls, .version = version};
    trial->session.tls[SIDE_CLIENT] = &trial->tls;
}

static struct record_exchange *add(struct trial *trial, enum audit_part part, int code) {
    size_t n = trial->session.exchange_count++;
    struct record_exchange *exchange = &trial->exchanges[n];
    assert_true(n < TRIAL_EXCHANGES);
    trial->replies[n].code = code;
    *exchange = (struct record_exchange){.n = (int)n + 1,
                                         .command = &trial->commands[n],
                                         .reply = code == 0 ? NULL : &trial->replies[n],
                                         .tls = part == AUDIT_IN_TLS};
    return exchange;
}

void trial_say(struct trial *trial, enum audit_part part, const char *verb, const char *argument,
               int code) {
    struct record_exchange *exchange = add(trial, part, code);
    exchange->command->verb = slice_of_string(verb);
    exchange->command->argument = slice_of_string(argument);
}

void trial_sasl(struct trial *trial, enum audit_part part, int code) {
    struct record_exchange *exchange = add(trial, part, code);
    exchange->continuation = true;
    exchange->command->continuation = true;
    exchange->command->line.text = SLICE("********");
}

void trial_pipelined(struct trial *trial) {
    trial->commands[trial->session.exchange_count - 1].pipelined = true;
}

void trial_message(struct trial *trial, enum audit_part part, bool accepted) {
    size_t n = trial->session.message_count++;
    assert_true(n < TRIAL_MESSAGES);
    trial_say(trial, part, "DATA", NULL, 354);
    trial->messages[n].event.message = (int)n + 1;
    trial->messages[n].event.accepted = accepted;
    trial->messages[n].event.code = accepted ? 250 : 554;
    trial->messages[n].event.content.bytes = TRIAL_BYTES;
    trial->messages[n].fields = trial->fields;
    trial->messages[n].field_count = TRIAL_FIELDS;
}

void trial_finding(struct trial *trial, const char *rule, enum severity severity) {
    size_t n = trial->session.finding_count++;
    assert_true(n < TRIAL_MESSAGES);
    trial->findings[n] = (struct event_finding){
        .rule = rule, .severity = severity, .text = SLICE("the finding's text")};
}

void check_ruling(const struct audit_ruling *ruling, enum audit_verdict verdict,
                  const char *sentence) {
    assert_string_equal(ruling->sentence, sentence);
    assert_string_equal(audit_verdict_name(ruling->verdict), audit_verdict_name(verdict));
}
