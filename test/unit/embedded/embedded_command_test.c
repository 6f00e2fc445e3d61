// SPDX-License-Identifier: MIT
#include "embedded/embedded.h"

#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OFFERED                                                                                    \
    "250-sink.example\r\n250-SIZE 1073741824\r\n250-PIPELINING\r\n250-8BITMIME\r\n"                \
    "250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n"

static void ehlo_offers_starttls_in_the_clear_and_auth_inside_tls(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    SAY(&talk, "EHLO client.example\r\n", OFFERED "250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n");
    CODES(&talk, "STARTTLS\r\n", "220");
    embedded_tls_begun(talk.embedded);
    SAY(&talk, "ehlo client.example\r\n",
        OFFERED "250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER\r\n"
                "250 ENHANCEDSTATUSCODES\r\n");
    SAY(&talk, "STARTTLS\r\n", "503 5.5.1 TLS is up already\r\n");
    talk_cleanup(&talk);
}

static void starttls_that_is_not_offered_is_refused(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, false);
    SAY(&talk, "EHLO client.example\r\n", OFFERED "250 ENHANCEDSTATUSCODES\r\n");
    SAY(&talk, "STARTTLS\r\n", "502 5.5.1 STARTTLS is not offered\r\n");
    talk_cleanup(&talk);
}

static void starttls_wants_an_ehlo_and_no_argument(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    CODES(&talk, "STARTTLS\r\n", "503");
    CODES(&talk, "HELO x\r\nSTARTTLS now\r\n", "250 501");
    talk_cleanup(&talk);
}

static void a_hello_wants_a_name(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    CODES(&talk, "EHLO\r\nEHLO \r\nHELO\r\nMAIL FROM:<a@x>\r\n", "501 501 501 503");
    SAY(&talk, "HELO x\r\n", "250 sink.example\r\n");
    talk_cleanup(&talk);
}

static void commands_without_a_transaction(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    SAY(&talk, "NOOP and more\r\n", "250 2.0.0 Ok\r\n");
    SAY(&talk, "RSET\r\n", "250 2.0.0 Ok\r\n");
    CODES(&talk, "RSET all\r\n", "501");
    CODES(&talk, "VRFY you\r\nVRFY\r\n", "252 501");
    CODES(&talk, "EXPN list\r\n", "502");
    CODES(&talk, "HELP\r\nHELP me\r\n", "214 214");
    CODES(&talk, "ETRN x\r\nTURN\r\nXCLIENT A=b\r\n", "502 502 502");
    CODES(&talk, "LHLO x\r\nFOO\r\n\r\n \r\nMAI\r\n", "500 500 500 500 500");
    CODES(&talk, "QUIT now\r\n", "501");
    assert_false(embedded_finished(talk.embedded));
    SAY(&talk, "quit\t\r\n", "221 2.0.0 Bye\r\n");
    assert_true(embedded_finished(talk.embedded));
    SAY(&talk, "NOOP\r\n", "");
    talk_cleanup(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ehlo_offers_starttls_in_the_clear_and_auth_inside_tls),
        cmocka_unit_test(starttls_that_is_not_offered_is_refused),
        cmocka_unit_test(starttls_wants_an_ehlo_and_no_argument),
        cmocka_unit_test(a_hello_wants_a_name),
        cmocka_unit_test(commands_without_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
