// SPDX-License-Identifier: MIT
#include "inspect/esmtp_parameter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    enum verb verb;
    const char *keyword;
    const char *value; // NULL: a flag
    bool good;
} cases[] = {
    {VERB_MAIL, "SIZE", "0", true},
    {VERB_MAIL, "size", "12345678901234567890", true},
    {VERB_MAIL, "SIZE", "123456789012345678901", false},
    {VERB_MAIL, "SIZE", "12a", false},
    {VERB_MAIL, "SIZE", "-1", false},
    {VERB_MAIL, "SIZE", "", false},
    {VERB_MAIL, "SIZE", NULL, false},
    {VERB_MAIL, "BODY", "8BITMIME", true},
    {VERB_MAIL, "BODY", "7bit", true},
    {VERB_MAIL, "BODY", "BINARYMIME", true},
    {VERB_MAIL, "BODY", "8BIT", false},
    {VERB_MAIL, "SMTPUTF8", NULL, true},
    {VERB_MAIL, "SMTPUTF8", "yes", false},
    {VERB_MAIL, "REQUIRETLS", NULL, true},
    {VERB_MAIL, "REQUIRETLS", "", false},
    {VERB_MAIL, "RET", "HDRS", true},
    {VERB_MAIL, "RET", "full", true},
    {VERB_MAIL, "RET", "HEADERS", false},
    {VERB_MAIL, "ENVID", "QQ314159+2B", true},
    {VERB_MAIL, "ENVID", "", false},
    {VERB_MAIL, "ENVID", "a=b", false},
    {VERB_MAIL, "ENVID", "a+4", false},
    {VERB_MAIL, "ENVID", "a+zz", false},
    {VERB_RCPT, "NOTIFY", "NEVER", true},
    {VERB_RCPT, "NOTIFY", "success,FAILURE,delay", true},
    {VERB_RCPT, "NOTIFY", "NEVER,SUCCESS", false},
    {VERB_RCPT, "NOTIFY", "SUCCESS,", false},
    {VERB_RCPT, "NOTIFY", "", false},
    {VERB_RCPT, "NOTIFY", "ALWAYS", false},
    {VERB_RCPT, "ORCPT", "rfc822;bob+2Btag@example.com", true},
    {VERB_RCPT, "ORCPT", "utf-8;b\\x{FC}rger@example.com", true},
    {VERB_RCPT, "ORCPT", "bob@example.com", false},
    {VERB_RCPT, "ORCPT", "rfc822;", false},
    {VERB_RCPT, "ORCPT", "rfc822;bob+tag@example.com", false},
    {VERB_MAIL, "AUTH", "<>", true},
    {VERB_MAIL, "AUTH", "e+3Dmc2@example.com", true},
    {VERB_MAIL, "AUTH", "<bob@example.com>", true}, // < and > are xtext
    {VERB_MAIL, "AUTH", "e=mc2@example.com", false},
    {VERB_MAIL, "BY", "120;R", true},
    {VERB_MAIL, "BY", "-5;nt", true},
    {VERB_MAIL, "BY", "120", false},
    {VERB_MAIL, "BY", "120;X", false},
    {VERB_MAIL, "HOLDFOR", "86400", true},
    {VERB_MAIL, "HOLDFOR", "1d", false},
    {VERB_MAIL, "HOLDFOR", "0", false},
    {VERB_MAIL, "HOLDUNTIL", "2026-11-22T15:03:11Z", true},
    {VERB_MAIL, "HOLDUNTIL", "2026-11-22T15:03:11.5+01:00", true},
    {VERB_MAIL, "HOLDUNTIL", "2026-13-22T15:03:11Z", false},
    {VERB_MAIL, "HOLDUNTIL", "2026-11-22 15:03:11", false},
    {VERB_MAIL, "HOLDUNTIL", "tomorrow", false},
    {VERB_MAIL, "MT-PRIORITY", "-9", true},
    {VERB_MAIL, "MT-PRIORITY", "3", true},
    {VERB_MAIL, "MT-PRIORITY", "10", false},
    {VERB_MAIL, "MT-PRIORITY", "-0", false},
};

static void forms_are_judged(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct parameter_info *info =
            parameter_find(cases[i].verb, slice_of_string(cases[i].keyword));
        assert_non_null(info);
        if (info->well_formed(slice_of_string(cases[i].value)) != cases[i].good) {
            fail_msg("%s=%s", cases[i].keyword, cases[i].value == NULL ? "" : cases[i].value);
        }
    }
}

static void unknown_ones_are_nobodys_fault(void **state) {
    (void)state;
    assert_null(parameter_find(VERB_MAIL, SLICE("X-OWN")));
    assert_null(parameter_find(VERB_RCPT, SLICE("SIZE")));
    assert_null(parameter_find(VERB_DATA, SLICE("SIZE")));
}

static void binarymime_has_an_extension_of_its_own(void **state) {
    (void)state;
    const struct parameter_info *body = parameter_find(VERB_MAIL, SLICE("BODY"));
    assert_string_equal(parameter_extension(body, SLICE("8BITMIME")), "8BITMIME");
    assert_string_equal(parameter_extension(body, SLICE("binarymime")), "BINARYMIME");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_judged),
        cmocka_unit_test(unknown_ones_are_nobodys_fault),
        cmocka_unit_test(binarymime_has_an_extension_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
