// SPDX-License-Identifier: MIT
// case: one way in which a bad, broken or strange server treats a mail client, as data: what the
// server does, what a good client does about it, where that is written, and why it matters. All
// cases of `audit` are rows of one table, whose parts are in cases_*.c; one more is a row, and no
// code, unless it needs a new kind of misbehaviour (fault/action.h, embedded/embedded.h) or a new
// expectation (ruling.h).
//
// It knows no session and no process: the rows are run by the command line's part
// (cli/audit_case.h) and judged by ruling.h.
#ifndef SCOPE_AUDIT_CASE_H
#define SCOPE_AUDIT_CASE_H

#include "base/limits.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct embedded_traits;

enum audit_group {
    AUDIT_CONTROL, // the one case in which the server does everything right
    AUDIT_CERTIFICATE,
    AUDIT_VERSION,
    AUDIT_DOWNGRADE,
    AUDIT_INJECTION,
    AUDIT_AUTH,
    AUDIT_REPLY,
    AUDIT_EXTENSION,
    AUDIT_DELIVERY,
    AUDIT_MESSAGE,
    AUDIT_GROUP_COUNT
};

const char *audit_group_name(enum audit_group group); // "certificate"

// To whom a case applies, and how it is run: bits.
enum audit_need {
    AUDIT_NEEDS_STARTTLS = 1,     // the control session used STARTTLS
    AUDIT_NEEDS_IMPLICIT = 2,     // … implicit TLS
    AUDIT_NEEDS_TLS = 4,          // … one of the two
    AUDIT_NEEDS_AUTH = 8,         // … a credential was given
    AUDIT_NEEDS_TIME = 16,        // takes minutes: with --slow-cases only
    AUDIT_OF_CONTROL = 32,        // judges the control session; the command is not run for it
    AUDIT_NEEDS_SEVERAL = 64,     // … more than one recipient
    AUDIT_NEEDS_PIPELINING = 128, // a command that does not wait; seen in the case, not the control
    AUDIT_NEEDS_NAME = 256,       // … the client named the server in TLS (SNI)
    AUDIT_NEEDS_CLEAR_START = 512, // … it began in the clear, whether or not STARTTLS followed
    AUDIT_NEEDS_DOT = 1024,        // … a line of the mail begins with a dot
    AUDIT_NEEDS_8BIT = 2048,       // … the mail has bytes over 127
    AUDIT_IS_MINOR = 4096,         // no verdict is worse than weak
};

// What is right, as the judge knows it; each has a function in ruling.c.
enum audit_expectation {
    AUDIT_REFUSES_SERVER,    // no credential and no mail inside that TLS
    AUDIT_REFUSES_LAX,       // … but one that refuses the graver case is weak at worst
    AUDIT_REFUSES_VERSION,   // … inside TLS of a version of long ago
    AUDIT_TAKES_VERSION,     // the mail arrives
    AUDIT_GIVES_UP,          // the command ends by itself
    AUDIT_NOT_IN_CLEAR,      // no credential and no message without TLS
    AUDIT_REPORTS_REFUSAL,   // a mail that was refused is no success
    AUDIT_REPORTS_LATER,     // … for now: it may be sent later
    AUDIT_REPORTS_RECIPIENT, // one recipient of several was refused
    AUDIT_REPORTS_UNKNOWN,   // the answer to the message did not come
    AUDIT_REPORTS_DELIVERY,  // the mail was taken; what comes after it does not change that
    AUDIT_AS_CONTROL,        // the mail arrives as in the control case
    AUDIT_WAITS,             // … though the answers take long
    AUDIT_USES_OFFERED,      // … and nothing was used that was not offered
    AUDIT_FALLS_BACK,        // … with HELO, or not at all
    AUDIT_LOGS_IN,           // by a mechanism that is offered; a refusal is no success
    AUDIT_LOGS_IN_LATER,     // the same, of a refusal for now
    AUDIT_IGNORES_INJECTED,  // what came before TLS is not believed inside
    AUDIT_SURVIVES,          // no crash
    AUDIT_SURVIVES_FLOOD,    // the same, with little memory; to be slow about it is no fault
    AUDIT_CLEAN_MESSAGE,     // the control's message has no flaw of `rules`
    AUDIT_EXPECTATION_COUNT
};

struct audit_case {
    const char *id;        // GROUP.NAME in lower case and dashes; it never changes
    const char *server;    // what the server does: "shows a certificate that has expired"
    const char *right;     // what a good client does: a verb phrase too
    const char *reference; // "RFC 5321 4.2.1"
    const char *why;       // one sentence
    // The misbehaviour: rules in the language of --fault (fault/fault_rule.h), up to the first
    // NULL, and traits of the embedded server; NULL for none.
    const char *faults[AUDIT_FAULTS_MAX];
    const struct embedded_traits *traits;
    unsigned needs; // of enum audit_need
    // The certificate has a fault, yet a trusted authority gave it to the server's own name or
    // domain: what the client gives to that server is not lost.
    bool right_peer;
    // AUDIT_REFUSES_LAX: the id of the case with the graver fault of the same kind. A client that
    // gives its credential there too does not choose what it takes: it checks nothing.
    const char *graver;
    enum audit_expectation expectation;
    const char *rules[AUDIT_RULES_MAX]; // AUDIT_CLEAN_MESSAGE: findings, up to the first NULL
};

// The control case, which is run first and is no row of the table.
extern const struct audit_case audit_control_case;

enum audit_group audit_case_group(const struct audit_case *of); // by its id

size_t audit_case_count(void);
const struct audit_case *audit_case_at(size_t index); // in the order of the groups
// NULL where there is none.
const struct audit_case *audit_case_find(struct slice id);

// ── the parts of the table ──────────────────────────────────────────────────────────────────────

struct audit_cases {
    const struct audit_case *rows;
    size_t count;
};

extern const struct audit_cases audit_cases_tls;      // certificate, version, downgrade
extern const struct audit_cases audit_cases_dialogue; // injection, auth
extern const struct audit_cases audit_cases_reply;    // reply, extension
extern const struct audit_cases audit_cases_delivery; // delivery, message

#endif
