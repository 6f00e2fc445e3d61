// SPDX-License-Identifier: MIT
// written_trial: trials written by hand, for the tests of the judge.
//
//   struct trial trial;
//   trial_init(&trial, 1);                     it exited 1
//   trial_say(&trial, AUDIT_IN_TLS, "MAIL", "FROM:<a@b>", 250);
#ifndef SCOPE_TEST_UNIT_AUDIT_WRITTEN_TRIAL_H
#define SCOPE_TEST_UNIT_AUDIT_WRITTEN_TRIAL_H

#include "audit/ruling.h"
#include "check.h"

enum { TRIAL_EXCHANGES = 32, TRIAL_MESSAGES = 4, TRIAL_FIELDS = 3, TRIAL_BYTES = 1000 };

struct trial {
    struct audit_trial trial;
    struct record session;
    const struct record *sessions[1];
    struct event_tls tls;
    struct record_exchange exchanges[TRIAL_EXCHANGES];
    struct record_command commands[TRIAL_EXCHANGES];
    struct record_reply replies[TRIAL_EXCHANGES];
    struct record_message messages[TRIAL_MESSAGES];
    struct event_finding findings[TRIAL_MESSAGES];
    struct event_fault faults[1];
    struct record_field fields[TRIAL_FIELDS]; // of each message
};

// One session, in which nothing was said yet, without TLS.
void trial_init(struct trial *trial, int status);
void trial_tls(struct trial *trial, const char *version, bool starttls);
// A command and its reply; `code` 0: unanswered. `argument` may be NULL.
void trial_say(struct trial *trial, enum audit_part part, const char *verb, const char *argument,
               int code);
// A line of the SASL dialogue, as the mask leaves it.
void trial_sasl(struct trial *trial, enum audit_part part, int code);
// The command said last did not wait for the reply to the one before it.
void trial_pipelined(struct trial *trial);
// DATA and its message.
void trial_message(struct trial *trial, enum audit_part part, bool accepted);
void trial_finding(struct trial *trial, const char *rule, enum severity severity);

void check_ruling(const struct audit_ruling *ruling, enum audit_verdict verdict,
                  const char *sentence);

#endif
