// SPDX-License-Identifier: MIT
#include "verdict/report.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "verdict/xml.h"

#include <stdlib.h>
#include <string.h>

// ── escaping ────────────────────────────────────────────────────────────────────────────────────

// A workflow command's text: `%` and line ends escaped; in a property `:` and `,` too.
static void put_github(struct buf *out, struct slice s, bool property) {
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte = s.data[i];
        bool escaped = byte == '%' || byte == '\r' || byte == '\n' ||
                       (property && (byte == ':' || byte == ','));
        if (escaped) {
            buf_putf(out, "%%%02X", byte);
        } else {
            buf_put_byte(out, byte);
        }
    }
}

// ── sentences ───────────────────────────────────────────────────────────────────────────────────

// The file of a finding, NULL where its reader knows which one it is.
static const char *file_to_name(const struct judge *judge, const struct judge_finding *of) {
    return judge_totals(judge).files > 1 ? of->file : NULL;
}

// `mail.json, session 1, message 2: TEXT (RFC 5321 2.3.8)`
static void put_finding(struct buf *out, const struct judge *judge,
                        const struct judge_finding *of) {
    const struct event_finding *finding = &of->finding;
    const char *file = file_to_name(judge, of);
    if (file != NULL) {
        text_put_printable(out, slice_of_string(file));
        buf_put_string(out, ", ");
    }
    buf_putf(out, "session %llu", (unsigned long long)of->session);
    if (finding->message != EVENT_NO_MESSAGE) {
        buf_putf(out, ", message %d", finding->message);
    } else if (finding->exchange != EVENT_NO_EXCHANGE) {
        buf_putf(out, ", exchange %d", finding->exchange);
    }
    buf_put_string(out, ": ");
    text_put_printable(out, finding->text);
    if (finding->reference != NULL && finding->reference[0] != '\0') {
        buf_put_string(out, " (");
        text_put_printable(out, slice_of_string(finding->reference));
        buf_put_byte(out, ')');
    }
}

static struct buf finding_sentence(const struct judge *judge, const struct judge_finding *finding) {
    struct buf sentence;
    buf_init(&sentence, LIMIT_SENTENCE);
    put_finding(&sentence, judge, finding);
    return sentence;
}

static struct buf expectation_sentence(const struct judge_expectation *expectation) {
    struct buf sentence;
    buf_init(&sentence, LIMIT_SENTENCE);
    buf_put_string(&sentence, "expected ");
    text_put_printable(&sentence, slice_of_string(expectation->expression));
    buf_put_string(&sentence, ", found ");
    text_put_printable(&sentence, expectation->found);
    return sentence;
}

// ── text ────────────────────────────────────────────────────────────────────────────────────────

static void put_count(struct buf *out, uint64_t count, const char *what) {
    buf_putf(out, "%llu %s%s", (unsigned long long)count, what, count == 1 ? "" : "s");
}

static void put_summary(struct buf *out, struct judge *judge) {
    struct judge_totals totals = judge_totals(judge);
    const struct expression_counts *counts = &totals.counts;
    buf_put_string(out, judge_is_content(judge) ? "passed: " : "failed: ");
    if (totals.files > 1) {
        put_count(out, totals.files, "file");
        buf_put_string(out, ", ");
    }
    put_count(out, counts->sessions, "session");
    buf_put_string(out, ", ");
    if (counts->accepted < counts->messages) {
        buf_putf(out, "%llu of ", (unsigned long long)counts->accepted);
    }
    put_count(out, counts->messages, "message");
    buf_put_string(out, " accepted, ");
    put_count(out, judge_expectation_count(judge), "expectation");
    buf_put_string(out, ", findings: ");
    put_count(out, counts->findings[SEVERITY_ERROR], "error");
    buf_put_string(out, ", ");
    put_count(out, counts->findings[SEVERITY_WARNING], "warning");
    buf_putf(out, ", %llu info\n", (unsigned long long)counts->findings[SEVERITY_INFO]);
}

static void report_put_text(struct buf *out, struct judge *judge) {
    for (size_t i = 0; i < judge_expectation_count(judge); i++) {
        struct judge_expectation expectation = judge_expectation_at(judge, i);
        struct buf sentence = expectation_sentence(&expectation);
        buf_put_string(out, expectation.holds ? "ok     " : "FAILED ");
        buf_put(out, buf_slice(&sentence));
        buf_put_byte(out, '\n');
        buf_cleanup(&sentence);
    }
    for (size_t i = 0; i < judge_finding_count(judge); i++) {
        struct judge_finding finding = judge_finding_at(judge, i);
        struct buf sentence = finding_sentence(judge, &finding);
        buf_put_string(out, judge_fails(judge, finding.finding.severity) ? "FAILED " : "       ");
        buf_putf(out, "%s ", severity_name(finding.finding.severity));
        text_put_printable(out, slice_of_string(finding.finding.rule));
        buf_put_string(out, ": ");
        buf_put(out, buf_slice(&sentence));
        buf_put_byte(out, '\n');
        buf_cleanup(&sentence);
    }
    put_summary(out, judge);
}

// ── GitHub ──────────────────────────────────────────────────────────────────────────────────────

static void put_property(struct buf *out, const char *name, const char *value) {
    struct buf shown;
    buf_init(&shown, LIMIT_SENTENCE);
    text_put_printable(&shown, slice_of_string(value));
    buf_putf(out, "%s=", name);
    put_github(out, buf_slice(&shown), true);
    buf_cleanup(&shown);
}

// GitHub shows the annotations of a file together; `file` NULL: of none.
static void put_command(struct buf *out, const char *command, const char *file, const char *title,
                        struct slice sentence) {
    buf_putf(out, "::%s ", command);
    if (file != NULL) {
        put_property(out, "file", file);
        buf_put_byte(out, ',');
    }
    put_property(out, "title", title);
    buf_put_string(out, "::");
    put_github(out, sentence, false);
    buf_put_byte(out, '\n');
}

static void report_put_github(struct buf *out, struct judge *judge) {
    static const char *const commands[] = {
        [SEVERITY_INFO] = "notice", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};
    for (size_t i = 0; i < judge_expectation_count(judge); i++) {
        struct judge_expectation expectation = judge_expectation_at(judge, i);
        if (!expectation.holds) {
            struct buf sentence = expectation_sentence(&expectation);
            put_command(out, "error", NULL, "smtpscope expectation", buf_slice(&sentence));
            buf_cleanup(&sentence);
        }
    }
    for (size_t i = 0; i < judge_finding_count(judge); i++) {
        struct judge_finding finding = judge_finding_at(judge, i);
        struct buf sentence = finding_sentence(judge, &finding);
        put_command(out, commands[finding.finding.severity], file_to_name(judge, &finding),
                    finding.finding.rule, buf_slice(&sentence));
        buf_cleanup(&sentence);
    }
}

// ── JUnit ───────────────────────────────────────────────────────────────────────────────────────

// The findings of each rule that has one at or above the bar: a case for each, in the order of the
// first such finding.
struct grouped {
    const char *rule;
    size_t index;
    size_t first; // the index of the first at or above the bar of this rule; SIZE_MAX for none
};

struct cases {
    struct grouped *findings;
    size_t finding_count;
    size_t count;
};

static int compare_rules(const void *left, const void *right) {
    const struct grouped *a = left;
    const struct grouped *b = right;
    int order = strcmp(a->rule, b->rule);
    return order != 0 ? order : a->index < b->index ? -1 : 1;
}

static int compare_firsts(const void *left, const void *right) {
    const struct grouped *a = left;
    const struct grouped *b = right;
    if (a->first != b->first) {
        return a->first < b->first ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

static bool same_rule(const struct grouped *a, const struct grouped *b) {
    return strcmp(a->rule, b->rule) == 0;
}

// Gives all of `count` findings of one rule their first; true where there is one.
static bool mark_first(struct grouped *findings, size_t count, struct judge *judge) {
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < count && first == SIZE_MAX; i++) {
        bool fails =
            judge_fails(judge, judge_finding_at(judge, findings[i].index).finding.severity);
        first = fails ? findings[i].index : SIZE_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        findings[i].first = first;
    }
    return first != SIZE_MAX;
}

static struct cases find_cases(struct judge *judge) {
    size_t count = judge_finding_count(judge);
    struct cases cases = {.findings = mem_new_array(count + 1, sizeof(struct grouped)),
                          .finding_count = count};
    for (size_t i = 0; i < count; i++) {
        cases.findings[i] =
            (struct grouped){.rule = judge_finding_at(judge, i).finding.rule, .index = i};
    }
    qsort(cases.findings, count, sizeof(cases.findings[0]), compare_rules);
    for (size_t start = 0, end = 0; start < count; start = end) {
        while (end < count && same_rule(&cases.findings[start], &cases.findings[end])) {
            end++;
        }
        cases.count += mark_first(&cases.findings[start], end - start, judge) ? 1 : 0;
    }
    qsort(cases.findings, count, sizeof(cases.findings[0]), compare_firsts);
    return cases;
}

static void put_case(struct buf *out, const char *class_name, const char *name) {
    buf_putf(out, "    <testcase classname=\"smtpscope.%s\" name=\"", class_name);
    xml_put(out, slice_of_string(name));
    buf_put_string(out, "\" time=\"0\"");
}

static void put_failure(struct buf *out, const char *type, struct slice message) {
    buf_putf(out, ">\n      <failure type=\"%s\" message=\"", type);
    xml_put(out, message);
    buf_put_string(out, "\">");
}

static void put_expectation_case(struct buf *out, const struct judge_expectation *expectation) {
    put_case(out, "expectations", expectation->expression);
    if (expectation->holds) {
        buf_put_string(out, "/>\n");
        return;
    }
    struct buf sentence = expectation_sentence(expectation);
    put_failure(out, "expectation", buf_slice(&sentence));
    xml_put(out, buf_slice(&sentence));
    buf_put_string(out, "</failure>\n    </testcase>\n");
    buf_cleanup(&sentence);
}

// The case of the rule whose findings start at `*at`, which goes past them. Findings in front of
// the first at the bar are below it, and not of the case.
static void put_rule_case(struct buf *out, struct judge *judge, const struct cases *cases,
                          size_t *at) {
    size_t first = cases->findings[*at].first;
    struct judge_finding finding = judge_finding_at(judge, first);
    put_case(out, "findings", finding.finding.rule);
    put_failure(out, severity_name(finding.finding.severity), finding.finding.text);
    for (; *at < cases->finding_count && cases->findings[*at].first == first; (*at)++) {
        if (cases->findings[*at].index >= first) {
            struct judge_finding other = judge_finding_at(judge, cases->findings[*at].index);
            struct buf sentence = finding_sentence(judge, &other);
            xml_put(out, buf_slice(&sentence));
            buf_put_byte(out, '\n');
            buf_cleanup(&sentence);
        }
    }
    buf_put_string(out, "</failure>\n    </testcase>\n");
}

static void report_put_junit(struct buf *out, struct judge *judge) {
    struct cases cases = find_cases(judge);
    size_t failures = cases.count;
    for (size_t i = 0; i < judge_expectation_count(judge); i++) {
        failures += judge_expectation_at(judge, i).holds ? 0 : 1;
    }
    size_t tests = judge_expectation_count(judge) + (cases.count > 0 ? cases.count : 1);
    buf_put_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    buf_putf(out,
             "<testsuites name=\"smtpscope\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
             "time=\"0\">\n"
             "  <testsuite name=\"smtpscope\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
             "skipped=\"0\" time=\"0\">\n",
             tests, failures, tests, failures);
    for (size_t i = 0; i < judge_expectation_count(judge); i++) {
        struct judge_expectation expectation = judge_expectation_at(judge, i);
        put_expectation_case(out, &expectation);
    }
    for (size_t i = 0, at = 0; i < cases.count; i++) {
        put_rule_case(out, judge, &cases, &at);
    }
    if (cases.count == 0) {
        put_case(out, "findings", "findings");
        buf_put_string(out, "/>\n");
    }
    buf_put_string(out, "  </testsuite>\n</testsuites>\n");
    free(cases.findings);
}

void report_put(struct buf *out, struct judge *judge, enum report_kind kind) {
    switch (kind) {
    case REPORT_TEXT:
        report_put_text(out, judge);
        break;
    case REPORT_JSON:
        judge_put_json(out, judge);
        break;
    case REPORT_JUNIT:
        report_put_junit(out, judge);
        break;
    case REPORT_GITHUB:
        report_put_github(out, judge);
        break;
    case REPORT_HTML:
        break;
    }
}
