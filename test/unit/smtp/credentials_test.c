// SPDX-License-Identifier: MIT
#include "smtp/credentials.h"

#include "check.h"

#include <string.h>

// Writes the line with each mark as <…> and compares.
static void check_marked(const char *line, bool cut, const char *expected) {
    struct span marks[LIMIT_SPANS];
    struct slice text = slice_of_string(line);
    size_t count = credentials_find(marks, text, cut);
    char shown[512] = "";
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%.*s<%.*s>",
                 (int)(marks[i].offset - at), line + at, (int)marks[i].len, line + marks[i].offset);
        at = marks[i].offset + marks[i].len;
    }
    snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%s", line + at);
    assert_string_equal(shown, expected);
}

static void marks_auth_from_the_second_argument_on(void **state) {
    (void)state;
    check_marked("AUTH PLAIN abc", false, "AUTH PLAIN <abc>");
    check_marked("  auth\tplain\t abc  def ", false, "  auth\tplain\t <abc  def >");
    check_marked("AUTH LOGIN", false, "AUTH LOGIN");
    check_marked("AUTH X-NEW-1 =", false, "AUTH X-NEW-1 <=>");
    check_marked("AUTHPLAIN abc", false, "AUTHPLAIN <abc>");
    check_marked("AUTH=PLAIN abc", false, "AUTH=PLAIN <abc>");
}

static void marks_words_that_begin_like_auth(void **state) {
    (void)state;
    check_marked("AUTHENTICATE PLAIN abc", false, "AUTHENTICATE PLAIN <abc>");
    check_marked("Authorization: Basic YWJj x", false, "Authorization: Basic <YWJj x>");
    check_marked("Authorization: YWJjZA==", false, "Authorization: <YWJjZA==>");
    check_marked("Authentication-Results: mx.example; x=y", false,
                 "Authentication-Results: <mx.example; x=y>");
    check_marked("AUTHYWJjZGVm", false, "AUTH<YWJjZGVm>");
    check_marked("AUTHSCRAM-SHA-1 abc", false, "AUTHSCRAM-SHA-1 <abc>");
}

static void marks_auth_behind_what_is_no_text(void **state) {
    (void)state;
    check_marked("\v\f\r\x7f\xc2\xa0"
                 "AUTH PLAIN abc",
                 false,
                 "\v\f\r\x7f\xc2\xa0"
                 "AUTH PLAIN <abc>");
    check_marked("AUTH\vPLAIN\rabc", false, "AUTH\vPLAIN\r<abc>");
    check_marked("NOOP\rAUTH PLAIN abc", false, "NOOP\rAUTH PLAIN <abc>");
    check_marked("XCLIENT LOGIN=a\rx\r auth login b", true,
                 "XCLIENT LOGIN=<a\rx\r> auth login <b>");
    check_marked("NOOP\rAUTH PLAIN", true, "NOOP\rAUTH PLAIN<>");
    check_marked("NOOP AUTH PLAIN abc", false, "NOOP AUTH PLAIN abc");
}

static void marks_what_stands_in_the_place_of_a_mechanism(void **state) {
    (void)state;
    check_marked("AUTH AGFiYwBkZWY=", false, "AUTH <AGFiYwBkZWY=>");
    check_marked("AUTH AGFiYwBkZWY x", false, "AUTH <AGFiYwBkZWY x>");
    check_marked("AUTH ABCDEFGHIJKLMNOPQRSTU", false, "AUTH <ABCDEFGHIJKLMNOPQRSTU>");
    check_marked("AUTH Plain x", false, "AUTH Plain <x>");
    check_marked("AUTH X-Magic-New x", false, "AUTH X-Magic-New <x>");
    check_marked("AUTH", false, "AUTH");
}

static void marks_to_the_end_what_was_cut(void **state) {
    (void)state;
    check_marked("AUTH PLAIN", true, "AUTH PLAIN<>");
    check_marked("AUTH PLAIN ab", true, "AUTH PLAIN <ab>");
    check_marked("    ", true, "    <>");
    check_marked("    ", false, "    ");
    check_marked("XCLIENT NAME=a", true, "XCLIENT NAME=a<>");
    check_marked("BURL imap:", true, "BURL imap:<>");
    check_marked("NOOP", true, "NOOP");
}

static void marks_burl_and_xclient(void **state) {
    (void)state;
    check_marked("BURL imap://x/;uid=2;urlAuth=s3c LAST", false,
                 "BURL imap://x/;uid=2;urlAuth=<s3c> LAST");
    check_marked("XCLIENT LOGIN=a login=b NAME=c", false, "XCLIENT LOGIN=<a> login=<b> NAME=c");
    check_marked("MAIL FROM:<a@b> LOGIN=x", false, "MAIL FROM:<a@b> LOGIN=x");
    check_marked("NOOP imap", false, "NOOP imap");
}

static void marks_the_rest_when_there_are_too_many(void **state) {
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        check_marked("XCLIENT LOGIN=1 LOGIN=2 LOGIN=3 LOGIN=4 LOGIN=5 LOGIN=6 LOGIN=7 LOGIN=8 "
                     "LOGIN=9",
                     cut == 1,
                     "XCLIENT LOGIN=<1> LOGIN=<2> LOGIN=<3> LOGIN=<4> LOGIN=<5> LOGIN=<6> "
                     "LOGIN=<7> LOGIN=<8 LOGIN=9>");
    }
    check_marked("XCLIENT LOGIN=1 LOGIN=2 LOGIN=3 LOGIN=4 LOGIN=5 LOGIN=6 LOGIN=7 LOGIN=8\r"
                 "AUTH PLAIN abc",
                 false,
                 "XCLIENT LOGIN=<1> LOGIN=<2> LOGIN=<3> LOGIN=<4> LOGIN=<5> LOGIN=<6> LOGIN=<7> "
                 "LOGIN=<8\rAUTH PLAIN abc>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_auth_from_the_second_argument_on),
        cmocka_unit_test(marks_words_that_begin_like_auth),
        cmocka_unit_test(marks_auth_behind_what_is_no_text),
        cmocka_unit_test(marks_what_stands_in_the_place_of_a_mechanism),
        cmocka_unit_test(marks_to_the_end_what_was_cut),
        cmocka_unit_test(marks_burl_and_xclient),
        cmocka_unit_test(marks_the_rest_when_there_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
