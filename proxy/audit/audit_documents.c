// SPDX-License-Identifier: MIT
// The reports of an audit that programs read: json (audit.schema.json) and junit.
#include "audit/audit_report.h"
#include "audit/remedy.h"
#include "base/limits.h"
#include "transcript/json_writer.h"
#include "verdict/xml.h"

// ── json ────────────────────────────────────────────────────────────────────────────────────────

static void put_counts(struct json_writer *json, const struct audit_summary *summary) {
    json_key(json, "counts");
    json_open(json, '{');
    json_member_uint(json, "pass", summary->counts[AUDIT_PASS]);
    json_member_uint(json, "weak", summary->counts[AUDIT_WEAK]);
    json_member_uint(json, "fail", summary->counts[AUDIT_FAIL]);
    json_member_uint(json, "n/a", summary->counts[AUDIT_NOT_APPLICABLE]);
    json_close(json, '}');
}

static void put_remedy(void *context, const char *remedy) {
    json_string(context, remedy);
}

static void put_trial(struct json_writer *json, const struct audit_row *row) {
    const struct audit_trial *trial = row->trial;
    json_key(json, "exit");
    if (trial == NULL) {
        json_null(json);
    } else {
        json_uint(json, (uint64_t)trial->status);
    }
    json_member_bool(json, "timed_out", trial != NULL && trial->timed_out);
    json_key(json, "memory");
    if (trial == NULL || trial->memory == 0) {
        json_null(json);
    } else {
        json_uint(json, trial->memory);
    }
    json_key(json, "sessions");
    json_open(json, '[');
    for (size_t i = 0; trial != NULL && i < trial->session_count; i++) {
        json_uint(json, row->first_session + i);
    }
    json_close(json, ']');
}

static void put_case(struct json_writer *json, const struct audit_row *row) {
    json_open(json, '{');
    json_member_string(json, "id", row->of->id);
    json_member_string(json, "group", audit_group_name(audit_case_group(row->of)));
    json_member_string(json, "verdict", audit_verdict_name(row->ruling.verdict));
    json_member_string(json, "did", row->ruling.sentence);
    json_member_bool(json, "credential_lost", row->ruling.credential_lost);
    json_member_string(json, "server", row->of->server);
    json_member_string(json, "right", row->of->right);
    json_member_string(json, "reference", row->of->reference);
    json_member_string(json, "why", row->of->why);
    put_trial(json, row);
    json_member_text(json, "output", row->output);
    json_close(json, '}');
}

void audit_put_json(struct buf *out, const struct audit_report *report) {
    struct json_writer json = json_writer_on(out, false);
    struct audit_summary summary = audit_sum_up(report->rows, report->count);
    char grade[] = {audit_grade_letter(summary.grade), '\0'};
    json_open(&json, '{');
    json_member_string(&json, "schema", "smtpscope-audit/1");
    json_member_string(&json, "command", report->command[0]);
    json_member_string(&json, "runtime", report->runtime == NULL ? NULL : report->runtime->name);
    json_member_string(&json, "grade", grade);
    put_counts(&json, &summary);
    json_key(&json, "remedies");
    json_open(&json, '[');
    audit_remedies(report->runtime, report->rows, report->count, put_remedy, &json);
    json_close(&json, ']');
    json_key(&json, "cases");
    json_open(&json, '[');
    for (size_t i = 0; i < report->count; i++) {
        put_case(&json, &report->rows[i]);
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

// ── junit ───────────────────────────────────────────────────────────────────────────────────────

static void put_element(struct buf *out, const char *element, const struct audit_row *row) {
    buf_putf(out, ">\n      <%s message=\"", element);
    xml_put(out, slice_of_string(row->ruling.sentence));
    buf_put_string(out, "\"");
}

static void put_text(struct buf *out, const struct audit_row *row) {
    buf_put_string(out, ">The server ");
    xml_put(out, slice_of_string(row->of->server));
    buf_put_string(out, ". Right: the client ");
    xml_put(out, slice_of_string(row->of->right));
    buf_put_string(out, " (");
    xml_put(out, slice_of_string(row->of->reference));
    buf_put_string(out, ").\n");
    xml_put(out, row->output);
}

static void put_test(struct buf *out, const struct audit_report *report,
                     const struct audit_row *row) {
    buf_putf(out, "    <testcase classname=\"smtpscope.audit.%s\" name=\"%s\" time=\"0\"",
             audit_group_name(audit_case_group(row->of)), row->of->id);
    if (audit_is_bad(report, row)) {
        put_element(out, "failure", row);
        buf_putf(out, " type=\"%s\"", audit_verdict_name(row->ruling.verdict));
        put_text(out, row);
        buf_put_string(out, "</failure>\n    </testcase>\n");
    } else if (row->ruling.verdict == AUDIT_NOT_APPLICABLE) {
        put_element(out, "skipped", row);
        buf_put_string(out, "/>\n    </testcase>\n");
    } else {
        buf_put_string(out, "/>\n");
    }
}

void audit_put_junit(struct buf *out, const struct audit_report *report) {
    struct audit_summary summary = audit_sum_up(report->rows, report->count);
    size_t bad = audit_bad_count(report);
    buf_put_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    buf_putf(out,
             "<testsuites name=\"smtpscope\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
             "time=\"0\">\n"
             "  <testsuite name=\"smtpscope audit\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
             "skipped=\"%zu\" time=\"0\">\n",
             report->count, bad, report->count, bad, summary.counts[AUDIT_NOT_APPLICABLE]);
    for (size_t i = 0; i < report->count; i++) {
        put_test(out, report, &report->rows[i]);
    }
    buf_put_string(out, "  </testsuite>\n</testsuites>\n");
}
