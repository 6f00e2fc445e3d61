// SPDX-License-Identifier: MIT
// audit_report: what `audit` says: a row for each case as it goes, and at the end the grade.
#ifndef SCOPE_AUDIT_AUDIT_REPORT_H
#define SCOPE_AUDIT_AUDIT_REPORT_H

#include "audit/ruling.h"
#include "base/buf.h"

#include <stdint.h>

// A case that was judged.
struct audit_row {
    const struct audit_case *of;
    struct audit_ruling ruling;
    const struct audit_trial *trial; // NULL where the command was not run for it
    uint64_t first_session;          // the id of the first of its sessions; the others follow
    struct slice output; // of a case that failed: the last lines that the command wrote, masked;
                         // null where it wrote none
};

struct audit_runtime;

// The audit as a whole.
struct audit_report {
    char *const *command;
    const struct audit_runtime *runtime; // audit/remedy.h; NULL where it is not known
    const struct audit_row *rows;
    size_t count;
    bool weak_is_bad; // --fail-on weak
};

// A: no fail and no weak; B: no fail; C: no credential was lost; F: one was.
enum audit_grade { AUDIT_GRADE_A, AUDIT_GRADE_B, AUDIT_GRADE_C, AUDIT_GRADE_F };

struct audit_summary {
    enum audit_grade grade;
    size_t counts[AUDIT_VERDICT_COUNT];
};

char audit_grade_letter(enum audit_grade grade);
struct audit_summary audit_sum_up(const struct audit_row *rows, size_t count);

// `certificate  expired        pass  sent nothing and exited 1`
void audit_put_row(struct buf *out, const struct audit_row *row);
// The worst first, then the remedies, and the grade.
void audit_put_end(struct buf *out, const struct audit_report *report);
void audit_put_text(struct buf *out, const struct audit_report *report); // all rows, and the end
void audit_put_json(struct buf *out, const struct audit_report *report); // audit.schema.json
void audit_put_junit(struct buf *out, const struct audit_report *report);
// Whether the case has a verdict that the audit fails on, and how many have.
bool audit_is_bad(const struct audit_report *report, const struct audit_row *row);
size_t audit_bad_count(const struct audit_report *report);
// Every case, for `--list`.
void audit_put_list(struct buf *out, const struct audit_case *of);

#endif
