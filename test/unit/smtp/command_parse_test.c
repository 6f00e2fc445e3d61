// SPDX-License-Identifier: MIT
#include "smtp/command_parse.h"

#include "check.h"

static struct command command;

static void reads_verb_and_argument(void **state) {
    (void)state;
    command_parse(&command, SLICE("  ehlo \t client.example  "));
    assert_int_equal(command.verb, VERB_EHLO);
    check_slice(command.name, "ehlo");
    check_slice(command.argument, "client.example");
    command_parse(&command, SLICE("QUIT"));
    assert_int_equal(command.verb, VERB_QUIT);
    check_slice(command.argument, NULL);
    command_parse(&command, SLICE("XYZZY a b"));
    assert_int_equal(command.verb, VERB_UNKNOWN);
    check_slice(command.argument, "a b");
    command_parse(&command, SLICE(""));
    assert_int_equal(command.verb, VERB_UNKNOWN);
    check_slice(command.argument, NULL);
}

static void reads_a_path(void **state) {
    (void)state;
    command_parse(&command, SLICE("MAIL FROM:<a@example.com> SIZE=2 SMTPUTF8"));
    assert_true(command.path.present && command.path.keyword && command.path.brackets);
    assert_false(command.path.space_before);
    check_slice(command.path.raw, "<a@example.com>");
    check_slice(command.path.address, "a@example.com");
    check_slice(command.path.local, "a");
    check_slice(command.path.domain, "example.com");
    check_slice(command.path.route, NULL);
    check_slice(command.parameters, "SIZE=2 SMTPUTF8");
}

static void reads_the_null_path(void **state) {
    (void)state;
    command_parse(&command, SLICE("MAIL FROM:<>"));
    assert_true(command.path.present && command.path.brackets);
    check_slice(command.path.address, "");
    check_slice(command.path.domain, NULL);
    check_slice(command.parameters, NULL);
}

static void reads_quoted_parts_and_routes(void **state) {
    (void)state;
    command_parse(&command,
                  SLICE("RCPT TO:<@r.example,@s.example:\"a > \\\" b@c\"@d.example> X=1"));
    check_slice(command.path.route, "@r.example,@s.example");
    check_slice(command.path.local, "\"a > \\\" b@c\"");
    check_slice(command.path.domain, "d.example");
    check_slice(command.parameters, "X=1");
}

static void reads_wrong_paths_leniently(void **state) {
    (void)state;
    command_parse(&command, SLICE("RCPT TO: <a@b>"));
    assert_true(command.path.space_before);
    command_parse(&command, SLICE("RCPT TO:a@b X=1"));
    assert_false(command.path.brackets);
    check_slice(command.path.address, "a@b");
    check_slice(command.parameters, "X=1");
    command_parse(&command, SLICE("RCPT TO:<a@b X=1"));
    assert_false(command.path.brackets);
    check_slice(command.path.address, "a@b");
    command_parse(&command, SLICE("RCPT <a@b>"));
    assert_false(command.path.keyword);
    check_slice(command.path.address, "a@b");
    command_parse(&command, SLICE("RCPT TO:<\"a@b> X=1"));
    check_slice(command.path.raw, "<\"a@b>");
    command_parse(&command, SLICE("RCPT TO:"));
    assert_true(command.path.keyword && !command.path.present);
    command_parse(&command, SLICE("RCPT"));
    assert_false(command.path.keyword || command.path.present);
}

static void reads_chunks(void **state) {
    (void)state;
    command_parse(&command, SLICE("BDAT 1000 last"));
    assert_true(command.chunk_valid && command.chunk_last);
    assert_int_equal(command.chunk_len, 1000);
    command_parse(&command, SLICE("BDAT 1"));
    assert_true(command.chunk_valid && !command.chunk_last);
    command_parse(&command, SLICE("BDAT last"));
    assert_false(command.chunk_valid || command.chunk_last);
    command_parse(&command, SLICE("BDAT"));
    assert_false(command.chunk_valid);
}

static void reads_auth(void **state) {
    (void)state;
    command_parse(&command, SLICE("AUTH PLAIN c2VjcmV0 "));
    check_slice(command.mechanism, "PLAIN");
    check_slice(command.initial, "c2VjcmV0");
    command_parse(&command, SLICE("AUTH\tLOGIN"));
    check_slice(command.mechanism, "LOGIN");
    check_slice(command.initial, NULL);
    command_parse(&command, SLICE("AUTH"));
    check_slice(command.mechanism, NULL);
}

static void knows_what_is_like_auth(void **state) {
    (void)state;
    assert_true(command_is_auth_like(SLICE("\t auTHplain")));
    assert_false(command_is_auth_like(SLICE("AUT")));
    assert_false(command_is_auth_like(SLICE("NOOP AUTH")));
    struct slice mechanism;
    struct slice rest;
    command_auth_parts(&mechanism, &rest, SLICE("AUTH = PLAIN  x y"));
    check_slice(mechanism, "PLAIN");
    check_slice(rest, "x y");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_verb_and_argument),
        cmocka_unit_test(reads_a_path),
        cmocka_unit_test(reads_the_null_path),
        cmocka_unit_test(reads_quoted_parts_and_routes),
        cmocka_unit_test(reads_wrong_paths_leniently),
        cmocka_unit_test(reads_chunks),
        cmocka_unit_test(reads_auth),
        cmocka_unit_test(knows_what_is_like_auth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
