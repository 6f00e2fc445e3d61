// SPDX-License-Identifier: MIT
#include "cli/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *nearest(const char *wrong) {
    static const char *const known[] = {"proxy", "run", "ca", "doctor", "show", "check", "ctl"};
    struct suggestion suggestion = suggest_for(slice_of_string(wrong));
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        suggest_offer(&suggestion, known[i]);
    }
    return suggestion.best;
}

static void finds_the_word_that_was_meant(void **state) {
    (void)state;
    assert_string_equal(nearest("prxy"), "proxy");
    assert_string_equal(nearest("porxy"), "proxy");
    assert_string_equal(nearest("docter"), "doctor");
    assert_string_equal(nearest("chekc"), "check");
    assert_string_equal(nearest("Proxy"), "proxy");
    assert_string_equal(nearest("rum"), "run");
    assert_string_equal(nearest("rn"), "run");
}

static void says_nothing_where_nothing_is_near(void **state) {
    (void)state;
    assert_null(nearest("sendmail"));
    assert_null(nearest("x"));
    assert_null(nearest("cxyl")); // two slips of four letters
    assert_null(nearest("a-word-that-is-far-longer-than-any-of-the-known"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_word_that_was_meant),
        cmocka_unit_test(says_nothing_where_nothing_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
