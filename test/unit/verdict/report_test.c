// SPDX-License-Identifier: MIT
// The verdict and its four reports (judge.c, report.c).
#include "verdict/report.h"

#include "base/limits.h"
#include "base/text.h"
#include "transcript/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDING(rule, severity, exchange, message, text, reference)                                \
    "{\"rule\":\"" rule "\",\"severity\":\"" severity                                              \
    "\",\"side\":\"client\",\"exchange\":" exchange ",\"message\":" message ",\"text\":\"" text    \
    "\",\"reference\":" reference "}"

static const char noisy[] =
    "{\"id\":2,\"messages\":[{\"n\":1,\"header\":[{\"name\":\"Subject\",\"value\":\"50% <b>\\n\"}]}"
    "],\"findings\":[" FINDING("bare-lf", "error", "5", "null", "100% of\\nit, \\u001b & <x>",
                               "\"RFC 5321 2.3.8\"") "," FINDING("helo-used", "info", "1", "null",
                                                                 "HELO", "null") "]}";
static const char later[] = "{\"id\":1,\"messages\":[],\"findings\":[" FINDING(
    "bare-lf", "error", "null", "3", "again", "null") "]}";
static const char quiet[] = "{\"id\":3,\"messages\":[],\"findings\":[" FINDING(
    "helo-used", "info", "1", "null", "HELO", "null") "]}";

static void take(struct judge *judge, const char *session_json) {
    cJSON *object = cJSON_Parse(session_json);
    assert_non_null(object);
    struct record *record = record_read(object);
    judge_take(judge, record);
    record_free(record);
    cJSON_Delete(object);
}

static struct judge *judge_of(enum fail_on fail_on, const char *expectation) {
    struct judge *judge = NULL;
    struct judge_options options = {
        .fail_on = fail_on,
        .expectations = &expectation,
        .expectation_count = expectation == NULL ? 0 : 1,
    };
    assert_int_equal(judge_new(&judge, NULL, &options), OK);
    return judge;
}

static char *report_of(struct judge *judge, enum report_kind kind) {
    struct buf out;
    buf_init(&out, MIB);
    report_put(&out, judge, kind);
    buf_put_byte(&out, 0);
    size_t len = 0;
    return (char *)buf_take(&out, &len);
}

static void assert_report(struct judge *judge, enum report_kind kind, const char *expected) {
    char *report = report_of(judge, kind);
    assert_string_equal(report, expected);
    free(report);
}

static struct judge *noisy_judge(enum fail_on fail_on) {
    struct judge *judge = judge_of(fail_on, "subject = 50% <c>");
    take(judge, noisy);
    take(judge, later);
    return judge;
}

static void holds_findings_to_the_bar(void **state) {
    (void)state;
    static const struct {
        enum fail_on fail_on;
        bool error_passes;
        bool info_passes;
    } rows[] = {{FAIL_ON_ERROR, false, true},
                {FAIL_ON_WARNING, false, true},
                {FAIL_ON_INFO, false, false},
                {FAIL_ON_NEVER, true, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct judge *judge = judge_of(rows[i].fail_on, NULL);
        assert_true(judge_is_content(judge));
        take(judge, quiet);
        assert_int_equal(judge_is_content(judge), rows[i].info_passes);
        take(judge, later);
        assert_int_equal(judge_is_content(judge), rows[i].error_passes);
        judge_free(judge);
    }
}

static void fails_when_an_expectation_does(void **state) {
    (void)state;
    struct judge *judge = judge_of(FAIL_ON_NEVER, "messages = 1");
    assert_false(judge_is_content(judge));
    take(judge, noisy);
    assert_true(judge_is_content(judge));
    judge_free(judge);
}

static void leaves_out_ignored_rules(void **state) {
    (void)state;
    static const char *const ignored[] = {"bare-lf", "no-quit"};
    static const char *const expectations[] = {"findings = 1"};
    struct judge *judge = NULL;
    struct judge_options options = {.fail_on = FAIL_ON_ERROR,
                                    .expectations = expectations,
                                    .expectation_count = 1,
                                    .ignored = ignored,
                                    .ignored_count = 2};
    assert_int_equal(judge_new(&judge, NULL, &options), OK);
    take(judge, noisy);
    take(judge, later);
    assert_true(judge_is_content(judge));
    assert_int_equal(judge_finding_count(judge), 1);
    assert_string_equal(judge_finding_at(judge, 0).finding.rule, "helo-used");
    judge_free(judge);
}

static void counts_what_was_accepted(void **state) {
    (void)state;
    struct judge *judge = judge_of(FAIL_ON_ERROR, "accepted = 2");
    take(judge, "{\"id\":1,\"messages\":[{\"accepted\":true},"
                "{\"accepted\":false},{\"accepted\":true}]}");
    assert_report(judge, REPORT_TEXT,
                  "ok     expected accepted = 2, found 2\n"
                  "passed: 1 session, 2 of 3 messages accepted, 1 expectation, findings: 0 errors, "
                  "0 warnings, 0 info\n");
    judge_free(judge);
    judge = judge_of(FAIL_ON_ERROR, NULL);
    assert_report(judge, REPORT_TEXT,
                  "passed: 0 sessions, 0 messages accepted, 0 expectations, findings: 0 errors, 0 "
                  "warnings, 0 info\n");
    judge_free(judge);
}

// Sessions and rules in every order, and more of both than any product of them could bear.
static void many_findings_stay_in_order(void **state) {
    (void)state;
    enum { SESSIONS = 20000 };
    struct judge *judge = judge_of(FAIL_ON_ERROR, NULL);
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct buf session;
        buf_init(&session, KIB);
        buf_putf(&session,
                 "{\"id\":%u,\"findings\":[{\"rule\":\"rule-%u\",\"severity\":\"error\","
                 "\"text\":\"\"}]}",
                 SESSIONS - i, i);
        buf_put_byte(&session, 0);
        take(judge, (const char *)buf_slice(&session).data);
        buf_cleanup(&session);
    }
    for (size_t i = 1; i < judge_finding_count(judge); i++) {
        assert_true(judge_finding_at(judge, i - 1).session < judge_finding_at(judge, i).session);
    }
    struct buf report;
    buf_init(&report, 64 * MIB);
    report_put(&report, judge, REPORT_JUNIT);
    assert_true(slice_find(buf_slice(&report), SLICE("failures=\"10000\"")) != SLICE_NONE);
    buf_cleanup(&report);
    judge_free(judge);
}

// A transcript that another program has made, in every report.
static void no_report_moves_a_terminal(void **state) {
    (void)state;
    static const char hostile[] =
        "{\"id\":1,\"messages\":[{\"header\":[{\"name\":\"Subject\",\"value\":"
        "\"\\u009b2J\\u202e\\u0007\\ud83d\\ude00\"}]}],\"findings\":[{\"rule\":"
        "\"x\\u001b[2J\\u202e\\n::error::\",\"severity\":\"error\",\"side\":null,\"exchange\":null,"
        "\"message\":null,\"text\":\"t\\u0085\\u2028\\u007f\\udb40\\udc41\",\"reference\":"
        "\"\\u2066\\u001b\"}]}";
    for (int kind = REPORT_TEXT; kind <= REPORT_GITHUB; kind++) {
        struct judge *judge = judge_of(FAIL_ON_ERROR, "subject ~ ^x");
        take(judge, hostile);
        char *report = report_of(judge, (enum report_kind)kind);
        for (struct slice rest = slice_of_string(report); rest.len > 0;) {
            size_t len = text_utf8_length(rest);
            assert_true(len > 0);
            struct slice character = slice_sub(rest, 0, len);
            bool layout = character.data[0] == '\n' || character.data[0] == '\t';
            if (!layout && text_is_treacherous(character)) {
                fail_msg("report %d has U+%04X", kind, (unsigned)text_code_point(character));
            }
            rest = slice_from(rest, len);
        }
        assert_int_equal(kind == REPORT_GITHUB && strstr(report, "\n::error::") != NULL, 0);
        if (kind == REPORT_JSON) {
            cJSON *document = cJSON_Parse(report);
            const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(document, "findings"), 0);
            assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(first, "text")),
                                "t\xC2\x85\xE2\x80\xA8\x7F\xF3\xA0\x81\x81");
            cJSON_Delete(document);
        }
        free(report);
        judge_free(judge);
    }
}

static void reports_for_a_person(void **state) {
    (void)state;
    struct judge *judge = noisy_judge(FAIL_ON_ERROR);
    assert_report(judge, REPORT_TEXT,
                  "FAILED expected subject = 50% <c>, found 50% <b>\\x0A\n"
                  "FAILED error bare-lf: session 1, message 3: again\n"
                  "FAILED error bare-lf: session 2, exchange 5: 100% of\\x0Ait, \\x1B & <x> (RFC "
                  "5321 2.3.8)\n"
                  "       info helo-used: session 2, exchange 1: HELO\n"
                  "failed: 2 sessions, 0 of 1 message accepted, 1 expectation, findings: 2 errors, "
                  "0 warnings, 1 info\n");
    judge_free(judge);
}

static void names_the_file_where_there_are_several(void **state) {
    (void)state;
    struct judge *judge = judge_of(FAIL_ON_ERROR, NULL);
    judge_begin_file(judge, "z.json");
    take(judge, later);
    assert_report(judge, REPORT_TEXT,
                  "FAILED error bare-lf: session 1, message 3: again\n"
                  "failed: 1 session, 0 messages accepted, 0 expectations, findings: 1 error, 0 "
                  "warnings, 0 info\n");
    judge_begin_file(judge, "a,\x1b.json");
    take(judge, later);
    assert_report(judge, REPORT_TEXT,
                  "FAILED error bare-lf: z.json, session 1, message 3: again\n"
                  "FAILED error bare-lf: a,\\x1B.json, session 1, message 3: again\n"
                  "failed: 2 files, 2 sessions, 0 messages accepted, 0 expectations, findings: 2 "
                  "errors, 0 warnings, 0 info\n");
    assert_report(judge, REPORT_GITHUB,
                  "::error file=z.json,title=bare-lf::z.json, session 1, message 3: again\n"
                  "::error file=a%2C\\x1B.json,title=bare-lf::a,\\x1B.json, session 1, message 3: "
                  "again\n");
    judge_free(judge);
}

static void reports_to_github_on_one_line_each(void **state) {
    (void)state;
    struct judge *judge = noisy_judge(FAIL_ON_ERROR);
    assert_report(judge, REPORT_GITHUB,
                  "::error title=smtpscope expectation::expected subject = 50%25 <c>, found 50%25 "
                  "<b>\\x0A\n"
                  "::error title=bare-lf::session 1, message 3: again\n"
                  "::error title=bare-lf::session 2, exchange 5: 100%25 of\\x0Ait, \\x1B & <x> "
                  "(RFC 5321 2.3.8)\n"
                  "::notice title=helo-used::session 2, exchange 1: HELO\n");
    judge_free(judge);
}

static void reports_as_junit(void **state) {
    (void)state;
    struct judge *judge = noisy_judge(FAIL_ON_ERROR);
    assert_report(
        judge, REPORT_JUNIT,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"smtpscope\" tests=\"2\" failures=\"2\" errors=\"0\" time=\"0\">\n"
        "  <testsuite name=\"smtpscope\" tests=\"2\" failures=\"2\" errors=\"0\" skipped=\"0\" "
        "time=\"0\">\n"
        "    <testcase classname=\"smtpscope.expectations\" name=\"subject = 50% &lt;c&gt;\" "
        "time=\"0\">\n"
        "      <failure type=\"expectation\" message=\"expected subject = 50% &lt;c&gt;, found 50% "
        "&lt;b&gt;\\x0A\">expected subject = 50% &lt;c&gt;, found 50% &lt;b&gt;\\x0A</failure>\n"
        "    </testcase>\n"
        "    <testcase classname=\"smtpscope.findings\" name=\"bare-lf\" time=\"0\">\n"
        "      <failure type=\"error\" message=\"again\">session 1, message 3: again\n"
        "session 2, exchange 5: 100% of\\x0Ait, \\x1B &amp; &lt;x&gt; (RFC 5321 2.3.8)\n"
        "</failure>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n");
    judge_free(judge);
}

static void reports_one_passed_case_where_nothing_fired(void **state) {
    (void)state;
    struct judge *judge = judge_of(FAIL_ON_ERROR, "sessions = 1");
    take(judge, quiet);
    char *report = report_of(judge, REPORT_JUNIT);
    assert_non_null(strstr(report, "tests=\"2\" failures=\"0\""));
    assert_non_null(strstr(report, "name=\"sessions = 1\" time=\"0\"/>"));
    assert_non_null(strstr(report, "name=\"findings\" time=\"0\"/>"));
    assert_null(strstr(report, "helo-used"));
    free(report);
    judge_free(judge);
}

static void reports_as_json(void **state) {
    (void)state;
    struct judge *judge = noisy_judge(FAIL_ON_ERROR);
    char *text = report_of(judge, REPORT_JSON);
    cJSON *report = cJSON_Parse(text);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(report, "ok")));
    const cJSON *expectation = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "expectations"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(expectation, "expression")),
                        "subject = 50% <c>");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(expectation, "ok")));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(expectation, "found")),
                        "50% <b>\n");
    const cJSON *findings = cJSON_GetObjectItem(report, "findings");
    assert_int_equal(cJSON_GetArraySize(findings), 3);
    const cJSON *finding = cJSON_GetArrayItem(findings, 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(finding, "rule")), "bare-lf");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(finding, "message")));
    cJSON_Delete(report);
    free(text);
    judge_free(judge);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_findings_to_the_bar),
        cmocka_unit_test(fails_when_an_expectation_does),
        cmocka_unit_test(reports_for_a_person),
        cmocka_unit_test(names_the_file_where_there_are_several),
        cmocka_unit_test(reports_to_github_on_one_line_each),
        cmocka_unit_test(reports_as_junit),
        cmocka_unit_test(reports_one_passed_case_where_nothing_fired),
        cmocka_unit_test(reports_as_json),
        cmocka_unit_test(no_report_moves_a_terminal),
        cmocka_unit_test(leaves_out_ignored_rules),
        cmocka_unit_test(counts_what_was_accepted),
        cmocka_unit_test(many_findings_stay_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
