// SPDX-License-Identifier: MIT
// audit_results: what an audit leaves: its reports, its sessions, and what the command wrote,
// without any secret that a case has shown.
#ifndef SCOPE_CLI_AUDIT_RESULTS_H
#define SCOPE_CLI_AUDIT_RESULTS_H

#include "audit/audit_report.h"
#include "cli/audit_jobs.h"

struct audit_results {
    const struct options *options;
    struct secret_set *secrets_known;
    struct audit_job *control;
    struct audit_job *jobs; // those whose command ran; each has its row
    size_t job_count;
    struct audit_job *unchosen; // that the judge asked for; they have no row
    size_t unchosen_count;
    struct audit_row *rows;
    struct audit_report report; // of these rows
};

// Before the audit, so that it is not for nothing: whether all can be written; makes --log-dir.
MUST_USE enum err audit_results_check(struct failure *failure, const struct options *options);
// Writes all but the table on the terminal. The first error, with its sentence.
MUST_USE enum err audit_results_write(struct audit_results *results, struct failure *failure);
// The last lines that a command wrote, masked; owned by the caller, NULL for none.
char *audit_output_end(const struct secret_set *secrets_known, const struct audit_job *job);
// Whether --report text goes to standard output, where the rows come as they are known.
bool audit_results_shows_rows(const struct options *options);

#endif
