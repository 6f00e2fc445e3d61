// SPDX-License-Identifier: MIT
// remedy: what to change in a program that an audit found unsafe, by the runtime that it is built
// on, if that can be found out: from its mail, from the process that connected, from the words of
// the command.
#ifndef SCOPE_AUDIT_REMEDY_H
#define SCOPE_AUDIT_REMEDY_H

#include "audit/audit_report.h"

struct audit_runtime {
    const char *name;     // "Python smtplib"
    const char *agents;   // beginnings of User-Agent and X-Mailer, `|` between two; NULL for none
    const char *programs; // names of programs, `|` between two; a `*` at the end is any rest
    const char *endings;  // of a word of the command: ".py"
    const char *certificate; // the remedy where a certificate was not checked
    const char *downgrade;   // … where TLS was given up
};

// NULL where it is none of those known. `command` ends with NULL.
const struct audit_runtime *audit_runtime_find(char *const *command,
                                               const struct audit_trial *control);

// The remedies that these rows call for, a line for each; `put` gets them in turn.
void audit_remedies(const struct audit_runtime *runtime, const struct audit_row *rows, size_t count,
                    void (*put)(void *context, const char *remedy), void *context);

#endif
