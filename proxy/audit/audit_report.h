// SPDX-License-Identifier: MIT
// audit_report: what `audit` says: a row for each case as it goes, and at the end the grade.
#ifndef SCOPE_AUDIT_AUDIT_REPORT_H
#define SCOPE_AUDIT_AUDIT_REPORT_H

#include "audit/ruling.h"
#include "base/buf.h"

// A case that was judged.
struct audit_row {
    const struct audit_case *of;
    struct audit_ruling ruling;
    const struct audit_trial *trial; // NULL where the command was not run for it
    struct slice output;             // the last lines that the command wrote, masked
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
// The grade, what counted, and the worst first.
void audit_put_end(struct buf *out, const struct audit_row *rows, size_t count);
// Every case, for `--list`.
void audit_put_list(struct buf *out, const struct audit_case *of);

#endif
