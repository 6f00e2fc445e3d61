// SPDX-License-Identifier: MIT
#include "audit/case.h"

#include "base/err.h"
#include "base/text.h"
#include "check.h"
#include "fault/fault_rule.h"
#include "inspect/rule.h"

#include <string.h>

// GROUP.NAME in lower case, digits and dashes.
static void check_id(const struct audit_case *of) {
    const char *group = audit_group_name(audit_case_group(of));
    size_t len = strlen(group);
    assert_int_equal(strncmp(of->id, group, len), 0);
    assert_int_equal(of->id[len], '.');
    assert_true(strlen(of->id) > len + 1);
    for (const char *at = of->id + len + 1; *at != '\0'; at++) {
        uint8_t byte = (uint8_t)*at;
        assert_true((text_is_alnum(byte) && !text_is_upper(byte)) || byte == '-');
    }
}

static void ids_are_unique_and_say_their_group(void **state) {
    (void)state;
    for (size_t i = 0; i < audit_case_count(); i++) {
        const struct audit_case *of = audit_case_at(i);
        check_id(of);
        assert_ptr_equal(audit_case_find(slice_of_string(of->id)), of);
        assert_true(i == 0 || audit_case_group(audit_case_at(i - 1)) <= audit_case_group(of));
    }
    assert_null(audit_case_find(SLICE("certificate")));
}

static void every_case_says_what_is_right_and_why(void **state) {
    (void)state;
    for (size_t i = 0; i < audit_case_count(); i++) {
        const struct audit_case *of = audit_case_at(i);
        const char *texts[] = {of->server, of->right, of->reference, of->why};
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            if (texts[j] == NULL || texts[j][0] == '\0') {
                fail_msg("%s lacks a text", of->id);
            }
        }
        assert_true(of->why[strlen(of->why) - 1] == '.');
        assert_true(of->server[strlen(of->server) - 1] != '.');
        assert_true(of->right[strlen(of->right) - 1] != '.');
    }
}

static void every_misbehaviour_can_be_read(void **state) {
    (void)state;
    for (size_t i = 0; i < audit_case_count(); i++) {
        const struct audit_case *of = audit_case_at(i);
        for (size_t j = 0; j < AUDIT_FAULTS_MAX && of->faults[j] != NULL; j++) {
            struct fault_rule rule;
            struct failure failure = {.text = ""};
            if (fault_rule_parse(&rule, &failure, of->faults[j]) != OK) {
                fail_msg("%s: %s", of->id, failure.text);
            }
            fault_rule_cleanup(&rule);
        }
        bool of_control = (of->needs & AUDIT_OF_CONTROL) != 0;
        bool has = of->faults[0] != NULL || of->traits != NULL;
        assert_true(of_control != has);
    }
}

static void every_rule_is_one_of_the_analysis(void **state) {
    (void)state;
    for (size_t i = 0; i < audit_case_count(); i++) {
        const struct audit_case *of = audit_case_at(i);
        assert_int_equal(of->expectation == AUDIT_CLEAN_MESSAGE, of->rules[0] != NULL);
        for (size_t j = 0; j < AUDIT_RULES_MAX && of->rules[j] != NULL; j++) {
            assert_true(rule_find(slice_of_string(of->rules[j])) != RULE_COUNT);
        }
    }
}

// The command runs cases in the order of the table.
static void a_graver_case_comes_first_and_applies_to_the_same_clients(void **state) {
    (void)state;
    for (size_t i = 0; i < audit_case_count(); i++) {
        const struct audit_case *of = audit_case_at(i);
        assert_int_equal(of->expectation == AUDIT_REFUSES_LAX, of->graver != NULL);
        if (of->graver != NULL) {
            const struct audit_case *graver = audit_case_find(slice_of_string(of->graver));
            assert_non_null(graver);
            assert_true(graver < of);
            assert_int_equal(graver->needs, of->needs);
            assert_int_equal(graver->expectation, AUDIT_REFUSES_SERVER);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_unique_and_say_their_group),
        cmocka_unit_test(every_case_says_what_is_right_and_why),
        cmocka_unit_test(every_misbehaviour_can_be_read),
        cmocka_unit_test(every_rule_is_one_of_the_analysis),
        cmocka_unit_test(a_graver_case_comes_first_and_applies_to_the_same_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
