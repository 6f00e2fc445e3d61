// SPDX-License-Identifier: MIT
// trial: one run of the command as the judge sees it: its sessions as data, how it ended, and the
// questions about them.
//
//   command ──▶ sessions (transcript/record.h), masked ──┐
//           └─▶ exit status, time-out ───────────────────┴─▶ struct audit_trial ──▶ ruling.h
#ifndef SCOPE_AUDIT_TRIAL_H
#define SCOPE_AUDIT_TRIAL_H

#include "transcript/record.h"

struct audit_trial {
    const struct record *const *sessions; // in the order in which they ended; borrowed
    size_t session_count;
    int status;      // as `run` gives it: the command's, 128 + signal
    bool timed_out;  // it had to be ended
    uint64_t memory; // bytes: the most that one process of the command had at once; 0: not known
};

// What the client did, over all sessions, of one part of each: inside TLS, or outside.
struct audit_deeds {
    bool credential; // a response of AUTH was sent: a password, a token, a proof
    bool mail;       // MAIL was sent
    bool message;    // … and text of a message
};

enum audit_part { AUDIT_IN_CLEAR, AUDIT_IN_TLS };

struct audit_deeds audit_deeds_in(const struct audit_trial *trial, enum audit_part part);
// Messages that the server took, for at least one recipient.
size_t audit_accepted(const struct audit_trial *trial);
// The first message that was taken; NULL where there is none.
const struct record_message *audit_delivered(const struct audit_trial *trial);
// How the client's side of the first session that was tried came to TLS; NULL where it has none.
const struct event_tls *audit_client_tls(const struct audit_trial *trial);
// The first finding of this rule; NULL for none.
const struct event_finding *audit_finding(const struct audit_trial *trial, const char *rule);
// How often the client sent this command.
size_t audit_command_count(const struct audit_trial *trial, const char *verb);
// Whether it sent one without waiting for the reply to the one before.
bool audit_pipelined(const struct audit_trial *trial);
// The signal that ended the command; 0 where it ended in another way, or had to be ended.
int audit_signal(const struct audit_trial *trial);
// Whether the command ended by a signal that it was not sent: a crash.
bool audit_crashed(const struct audit_trial *trial);

#endif
