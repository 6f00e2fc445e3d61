// SPDX-License-Identifier: MIT
// audit_jobs: runs the cases of an audit, several at once, each in a process of its own
// (audit_case.h), and hands them back in the order in which they were given, as soon as that is
// possible.
//
//   case 1 ── running ── read ── taken
//   case 2 ── running ── read ───────── waits for those before it
//   case 3 ── running
//   case 4    waits for a place
#ifndef SCOPE_CLI_AUDIT_JOBS_H
#define SCOPE_CLI_AUDIT_JOBS_H

#include "cli/audit_case.h"

#include <sys/types.h>

enum audit_job_state { JOB_WAITS, JOB_RUNS, JOB_ENDED };

struct audit_job {
    const struct audit_case *of;
    enum audit_job_state state;
    pid_t pid;
    int output_fd; // what the command writes is read from here
    int result_fd;
    struct buf output; // the end of it, LIMIT_AUDIT_OUTPUT at most; not masked
    bool output_cut;   // … and more came before
    struct audit_case_result result;
};

struct audit_jobs {
    const struct options *options;
    const struct capture_inherited *inherited;
    const char *auth;                // audit_case.h
    bool auth_in_clear;              // the same
    enum client_start client_start;  // the same
    int input_fd;                    // what the command reads, from its beginning; -1 for nothing
    struct secret_set secrets_known; // of all cases so far
    int signals;                     // a signalfd
    int stopped_by;                  // the signal that ended the audit; 0 for none
};

// ERR_SYSTEM with a sentence where this machine gives no signalfd.
MUST_USE enum err audit_jobs_open(struct audit_jobs *out, struct failure *failure,
                                  const struct options *options,
                                  const struct capture_inherited *inherited);
void audit_jobs_cleanup(struct audit_jobs *jobs); // wipes what was learnt

// Runs all, at most `options->audit_jobs` at once; `take` gets each, in order. Those that a signal
// kept from their end are not taken. The results are the caller's to clean up.
void audit_jobs_run(struct audit_jobs *jobs, struct audit_job *list, size_t count,
                    void (*take)(void *context, struct audit_job *job), void *context);
void audit_job_cleanup(struct audit_job *job);

#endif
