// SPDX-License-Identifier: MIT
// audit_case: one case of `audit` in a process of its own: `run --sink` with the case's rules and
// traits. What is seen comes back over a descriptor of memory, so that nothing of it is on a disk:
//
//   parent ── fork ──▶ case ── run ──▶ command
//      ◀── result ──────┘     output ◀──┘
//      ◀───────────────────────┘
#ifndef SCOPE_CLI_AUDIT_CASE_H
#define SCOPE_CLI_AUDIT_CASE_H

#include "audit/case.h"
#include "audit/trial.h"
#include "cli/app.h"
#include "inspect/secret_set.h"

// What the parent gives to a case.
struct audit_case_setup {
    const struct options *options; // of `audit`
    const struct capture_inherited *inherited;
    const struct audit_case *of;
    const char *auth;   // what EHLO offers where the case does not say; NULL for the usual
    bool auth_in_clear; // the command logs in without TLS, as the control case shows
    enum client_start client_start; // as the control case shows
    int input_fd;                   // the command's standard input
    int output_fd;                  // what it writes
    int result_fd;                  // an empty file
};

// In a process that was forked for it.
_Noreturn void audit_case_run(const struct audit_case_setup *setup);

// What the case left.
struct audit_case_result {
    enum err err; // OK, or why nothing was run
    struct failure failure;
    bool executed;
    struct audit_trial trial;
    struct elsewhere elsewhere; // where the command connected to instead
    struct buf document;        // the sessions, as `json` has them; what `trial` points into
    struct reader *reader;
    const struct record **sessions;
};

// Reads what a case wrote to its result, and adds what was learnt to `secrets_known`. A case that
// left nothing, as when it was killed, is an ERR_SYSTEM in it. `out` is to be cleaned up.
void audit_case_read(struct audit_case_result *out, struct secret_set *secrets_known,
                     int result_fd);
void audit_case_result_cleanup(struct audit_case_result *result);

#endif
