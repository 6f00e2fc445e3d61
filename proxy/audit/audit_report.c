// SPDX-License-Identifier: MIT
#include "audit/audit_report.h"

#include "audit/remedy.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

enum { GROUP_COLUMNS = 12, NAME_COLUMNS = 26 };

char audit_grade_letter(enum audit_grade grade) {
    static const char letters[] = {'A', 'B', 'C', 'F'};
    return letters[grade];
}

struct audit_summary audit_sum_up(const struct audit_row *rows, size_t count) {
    struct audit_summary summary = {.grade = AUDIT_GRADE_A};
    bool lost = false;
    for (size_t i = 0; i < count; i++) {
        summary.counts[rows[i].ruling.verdict]++;
        lost = lost || rows[i].ruling.credential_lost;
    }
    if (lost) {
        summary.grade = AUDIT_GRADE_F;
    } else if (summary.counts[AUDIT_FAIL] > 0) {
        summary.grade = AUDIT_GRADE_C;
    } else if (summary.counts[AUDIT_WEAK] > 0) {
        summary.grade = AUDIT_GRADE_B;
    }
    return summary;
}

// The id without its group.
static const char *short_name(const struct audit_case *of) {
    const char *dot = strchr(of->id, '.');
    return dot == NULL ? of->id : dot + 1;
}

void audit_put_row(struct buf *out, const struct audit_row *row) {
    buf_putf(out, "%-*s %-*s %-5s ", GROUP_COLUMNS, audit_group_name(audit_case_group(row->of)),
             NAME_COLUMNS, short_name(row->of), audit_verdict_name(row->ruling.verdict));
    text_put_printable(out, slice_of_string(row->ruling.sentence));
    buf_put_byte(out, '\n');
}

static void put_output(struct buf *out, struct slice output) {
    while (!slice_is_null(output) && output.len > 0) {
        buf_put_string(out, "  | ");
        text_put_printable(out, slice_split(&output, '\n'));
        buf_put_byte(out, '\n');
    }
}

static void put_worst(struct buf *out, const struct audit_row *row) {
    buf_putf(out, "\n%s %s: the server %s; the command ", audit_verdict_name(row->ruling.verdict),
             row->of->id, row->of->server);
    text_put_printable(out, slice_of_string(row->ruling.sentence));
    buf_putf(out, ".\n  Right: it %s (%s).\n  %s\n", row->of->right, row->of->reference,
             row->of->why);
    put_output(out, row->output);
}

// The worst first.
enum { RANKS = 3 };

static bool is_of_rank(const struct audit_row *row, int rank) {
    bool fails = row->ruling.verdict == AUDIT_FAIL;
    switch (rank) {
    case 0:
        return fails && row->ruling.credential_lost;
    case 1:
        return fails && !row->ruling.credential_lost;
    default:
        return row->ruling.verdict == AUDIT_WEAK;
    }
}

static void put_rank(struct buf *out, const struct audit_row *rows, size_t count, int rank) {
    for (size_t i = 0; i < count; i++) {
        if (is_of_rank(&rows[i], rank)) {
            put_worst(out, &rows[i]);
        }
    }
}

static void put_remedy(void *context, const char *remedy) {
    buf_putf(context, "  %s.\n", remedy);
}

static void put_remedies(struct buf *out, const struct audit_report *report) {
    struct buf remedies;
    buf_init(&remedies, LIMIT_SENTENCE);
    audit_remedies(report->runtime, report->rows, report->count, put_remedy, &remedies);
    if (buf_len(&remedies) > 0) {
        buf_putf(out, "\nRemedy for %s:\n", report->runtime->name);
        buf_put(out, buf_slice(&remedies));
    }
    buf_cleanup(&remedies);
}

void audit_put_end(struct buf *out, const struct audit_report *report) {
    struct audit_summary summary = audit_sum_up(report->rows, report->count);
    for (int rank = 0; rank < RANKS; rank++) {
        put_rank(out, report->rows, report->count, rank);
    }
    put_remedies(out, report);
    buf_putf(out, "\nGrade %c: %zu passed, %zu weak, %zu failed, %zu not applicable\n",
             audit_grade_letter(summary.grade), summary.counts[AUDIT_PASS],
             summary.counts[AUDIT_WEAK], summary.counts[AUDIT_FAIL],
             summary.counts[AUDIT_NOT_APPLICABLE]);
}

void audit_put_text(struct buf *out, const struct audit_report *report) {
    for (size_t i = 0; i < report->count; i++) {
        audit_put_row(out, &report->rows[i]);
    }
    audit_put_end(out, report);
}

bool audit_is_bad(const struct audit_report *report, const struct audit_row *row) {
    return row->ruling.verdict == AUDIT_FAIL ||
           (row->ruling.verdict == AUDIT_WEAK && report->weak_is_bad);
}

size_t audit_bad_count(const struct audit_report *report) {
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++) {
        count += audit_is_bad(report, &report->rows[i]) ? 1 : 0;
    }
    return count;
}

void audit_put_list(struct buf *out, const struct audit_case *of) {
    buf_putf(out, "%s\n    The server %s.\n    Right: the client %s (%s).\n    %s\n", of->id,
             of->server, of->right, of->reference, of->why);
}
