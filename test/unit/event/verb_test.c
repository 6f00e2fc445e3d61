// SPDX-License-Identifier: MIT
#include "event/verb.h"

#include "check.h"

static void finds_each_by_its_name(void **state) {
    (void)state;
    for (int verb = VERB_HELO; verb < VERB_COUNT; verb++) {
        const struct verb_info *info = verb_info((enum verb)verb);
        assert_true(info->name.len > 0 && info->reference != NULL);
        assert_int_equal(verb_find(info->name), verb);
    }
    assert_int_equal(verb_find(SLICE("starttls")), VERB_STARTTLS);
    assert_int_equal(verb_find(SLICE("XYZZY")), VERB_UNKNOWN);
    assert_int_equal(verb_find(SLICE("")), VERB_UNKNOWN);
    assert_int_equal(verb_find(SLICE("MAI")), VERB_UNKNOWN);
}

// RFC 2920 3.1: these, and no others of RFC 5321.
static void knows_what_ends_a_group(void **state) {
    (void)state;
    static const enum verb last[] = {VERB_EHLO, VERB_DATA, VERB_VRFY, VERB_EXPN,    VERB_TURN,
                                     VERB_QUIT, VERB_NOOP, VERB_AUTH, VERB_STARTTLS};
    static const enum verb others[] = {VERB_MAIL, VERB_RCPT, VERB_RSET, VERB_BDAT, VERB_SEND};
    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        assert_true(verb_info(last[i])->ends_group);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(verb_info(others[i])->ends_group);
    }
}

// RFC 5321 4.1.1, 4.3.2, RFC 3207 4, RFC 4954 4.
static void knows_what_is_sent_alone_and_how_it_is_answered(void **state) {
    (void)state;
    assert_true(verb_info(VERB_DATA)->sent_alone && verb_info(VERB_RSET)->sent_alone);
    assert_true(verb_info(VERB_QUIT)->sent_alone && verb_info(VERB_STARTTLS)->sent_alone);
    assert_false(verb_info(VERB_MAIL)->sent_alone || verb_info(VERB_NOOP)->sent_alone);
    assert_int_equal(verb_info(VERB_DATA)->codes[0], 354);
    assert_int_equal(verb_info(VERB_AUTH)->codes[1], 334);
    for (int verb = VERB_HELO; verb < VERB_COUNT; verb++) {
        const short *codes = verb_info((enum verb)verb)->codes;
        assert_int_equal(codes[VERB_CODES_MAX - 1], 0);
        for (int i = 0; codes[i] != 0; i++) {
            assert_in_range(codes[i], 200, 399);
        }
    }
    assert_int_equal(verb_info(VERB_UNKNOWN)->codes[0], 0);
}

static void is_silent_about_nothing(void **state) {
    (void)state;
    assert_int_equal(verb_info(VERB_NONE)->name.len, 0);
    assert_int_equal(verb_info(VERB_UNKNOWN)->name.len, 0);
    assert_false(verb_info(VERB_UNKNOWN)->ends_group);
}

static void knows_the_hellos(void **state) {
    (void)state;
    assert_true(verb_is_ehlo(VERB_EHLO) && verb_is_ehlo(VERB_LHLO) && !verb_is_ehlo(VERB_HELO));
    assert_true(verb_is_hello(VERB_EHLO) && verb_is_hello(VERB_LHLO) && verb_is_hello(VERB_HELO));
    assert_false(verb_is_hello(VERB_HELP) || verb_is_hello(VERB_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_by_its_name),
        cmocka_unit_test(knows_what_ends_a_group),
        cmocka_unit_test(knows_what_is_sent_alone_and_how_it_is_answered),
        cmocka_unit_test(is_silent_about_nothing),
        cmocka_unit_test(knows_the_hellos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
