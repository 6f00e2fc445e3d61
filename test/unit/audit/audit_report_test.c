// SPDX-License-Identifier: MIT
#include "audit/audit_report.h"

#include "audit/remedy.h"
#include "base/limits.h"
#include "written_trial.h"

#include <cjson/cJSON.h>

#include <string.h>

static const struct audit_case expired = {.id = "certificate.expired",
                                          .server = "shows <one> that has expired",
                                          .right = "sends nothing",
                                          .reference = "RFC 5280",
                                          .why = "It is old."};
static const struct audit_case stripped = {.id = "downgrade.not-offered",
                                           .server = "offers no STARTTLS",
                                           .right = "sends nothing",
                                           .reference = "RFC 3207",
                                           .why = "It is open."};

static char *const command[] = {(char[]){"python3"}, (char[]){"secret-argument"}, NULL};

static struct audit_row row_of(const struct audit_case *of, enum audit_verdict verdict, bool lost) {
    struct audit_row row = {.of = of, .ruling = {.verdict = verdict, .credential_lost = lost}};
    (void)snprintf(row.ruling.sentence, sizeof(row.ruling.sentence), "did \"this\"\x1b");
    return row;
}

static char grade(enum audit_verdict first, bool lost, enum audit_verdict second) {
    struct audit_row rows[] = {row_of(&expired, first, lost), row_of(&stripped, second, false)};
    return audit_grade_letter(audit_sum_up(rows, 2).grade);
}

static void the_grade_is_of_the_worst(void **state) {
    (void)state;
    assert_int_equal(grade(AUDIT_PASS, false, AUDIT_PASS), 'A');
    assert_int_equal(grade(AUDIT_PASS, false, AUDIT_NOT_APPLICABLE), 'A');
    assert_int_equal(grade(AUDIT_PASS, false, AUDIT_WEAK), 'B');
    assert_int_equal(grade(AUDIT_FAIL, false, AUDIT_WEAK), 'C');
    assert_int_equal(grade(AUDIT_FAIL, true, AUDIT_PASS), 'F');
}

static struct buf made(void (*put)(struct buf *out, const struct audit_report *report),
                       enum audit_verdict first, bool weak_is_bad) {
    static struct trial control;
    struct audit_row rows[] = {row_of(&expired, first, false), row_of(&stripped, AUDIT_FAIL, true),
                               row_of(&stripped, AUDIT_NOT_APPLICABLE, false)};
    rows[1].output = SLICE("one\x1b\ntwo\n");
    trial_init(&control, 3);
    rows[1].trial = &control.trial;
    rows[1].first_session = 7;
    struct audit_report report = {.command = command,
                                  .runtime = audit_runtime_find(command, &control.trial),
                                  .rows = rows,
                                  .count = 3,
                                  .weak_is_bad = weak_is_bad};
    struct buf text;
    buf_init(&text, MIB);
    put(&text, &report);
    buf_put_byte(&text, '\0');
    return text;
}

static const char *found(const struct buf *text, const char *what) {
    return strstr((const char *)buf_slice(text).data, what);
}

static void the_text_has_the_worst_first_and_moves_no_terminal(void **state) {
    (void)state;
    struct buf text = made(audit_put_text, AUDIT_WEAK, false);
    assert_non_null(found(&text, "certificate  expired"));
    assert_true(found(&text, "\nfail downgrade.not-offered") <
                found(&text, "\nweak certificate.expired"));
    assert_non_null(found(&text, "Remedy for Python smtplib:\n"));
    assert_non_null(found(&text, "  | one\\x1B\n  | two\n"));
    assert_non_null(found(&text, "Grade F: 0 passed, 1 weak, 1 failed, 1 not applicable\n"));
    assert_null(found(&text, "\x1b"));
    assert_null(found(&text, "secret-argument"));
    buf_cleanup(&text);
}

static const char *text_of(const cJSON *object, const char *name) {
    return cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
}

static void the_json_says_all(void **state) {
    (void)state;
    struct buf text = made(audit_put_json, AUDIT_WEAK, false);
    cJSON *audit = cJSON_Parse((const char *)buf_slice(&text).data);
    assert_non_null(audit);
    assert_string_equal(text_of(audit, "schema"), "smtpscope-audit/1");
    assert_string_equal(text_of(audit, "grade"), "F");
    assert_string_equal(text_of(audit, "command"), "python3");
    const cJSON *cases = cJSON_GetObjectItem(audit, "cases");
    assert_int_equal(cJSON_GetArraySize(cases), 3);
    const cJSON *second = cJSON_GetArrayItem(cases, 1);
    assert_string_equal(text_of(second, "verdict"), "fail");
    assert_string_equal(text_of(second, "output"), "one\x1b\ntwo\n");
    assert_true(cJSON_GetObjectItem(second, "exit")->valueint == 3);
    assert_true(cJSON_GetArrayItem(cJSON_GetObjectItem(second, "sessions"), 0)->valueint == 7);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(cases, 0), "exit")));
    cJSON_Delete(audit);
    buf_cleanup(&text);
}

static void the_junit_has_a_test_for_each_case(void **state) {
    (void)state;
    struct buf text = made(audit_put_junit, AUDIT_WEAK, false);
    assert_non_null(found(&text, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    assert_non_null(found(&text, "name=\"certificate.expired\" time=\"0\"/>"));
    assert_non_null(found(&text, "did &quot;this&quot;\xEF\xBF\xBD"));
    buf_cleanup(&text);
    text = made(audit_put_junit, AUDIT_WEAK, true);
    assert_non_null(found(&text, "failures=\"2\""));
    assert_non_null(found(&text, "The server shows &lt;one&gt; that has expired"));
    buf_cleanup(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grade_is_of_the_worst),
        cmocka_unit_test(the_text_has_the_worst_first_and_moves_no_terminal),
        cmocka_unit_test(the_json_says_all),
        cmocka_unit_test(the_junit_has_a_test_for_each_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
