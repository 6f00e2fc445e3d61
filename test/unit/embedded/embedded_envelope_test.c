// SPDX-License-Identifier: MIT
#include "embedded/embedded.h"

#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void talk_init_greeted(struct talk *talk) {
    talk_init(talk, true);
    talk_send_pieces(talk, SLICE("EHLO client.example\r\n"), 100);
}

struct line_case {
    const char *line;
    const char *code;
};

static void mail_takes_every_address_and_offered_parameter(void **state) {
    (void)state;
    static const struct line_case cases[] = {
        {"MAIL FROM:<a@x>\r\nRSET\r\n", "250 250"},
        {"mail from:<>\r\nRSET\r\n", "250 250"},
        {"MAIL FROM: <a@x>\r\nRSET\r\n", "250 250"},
        {"MAIL FROM:a@x SIZE=1\r\nRSET\r\n", "250 250"},
        {"MAIL FROM:<\"a > b\\\" c\"@x> SIZE=1073741824\r\nRSET\r\n", "250 250"},
        {"MAIL FROM:<a@x> BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=q AUTH=<>\r\nRSET\r\n", "250 250"},
        {"MAIL FROM:<\xC3\xA4@x> SMTPUTF8\r\nRSET\r\n", "250 250"},
        {"MAIL FROM:<a@x>   SIZE=5  \r\nRSET\r\n", "250 250"},
        {"MAIL FROM:<a@x> SIZE=1073741825\r\n", "552"},
        {"MAIL FROM:<a@x> SIZE=99999999999999999999999\r\n", "501"},
        {"MAIL FROM:<a@x> SIZE=\r\n", "501"},
        {"MAIL FROM:<a@x> SIZE=1x\r\n", "501"},
        {"MAIL FROM:<a@x> BODY=BINARYMIME\r\n", "501"}, // not offered
        {"MAIL FROM:<a@x> SMTPUTF8=yes\r\n", "501"},
        {"MAIL FROM:<a@x> RET=ALL\r\n", "501"},
        {"MAIL FROM:<a@x> FOO=1\r\n", "555"},
        {"MAIL FROM:<a@x> NOTIFY=NEVER\r\n", "555"},
        {"MAIL FROM:<a@x\r\n", "501"},
        {"MAIL FROM:<a@x>SIZE=1\r\n", "501"},
        {"MAIL FROM:\r\n", "501"},
        {"MAIL FROM\r\n", "501"},
        {"MAIL <a@x>\r\n", "501"},
        {"MAIL\r\n", "501"},
    };
    struct talk talk;
    talk_init_greeted(&talk);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        talk_check_codes(&talk, slice_of_string(cases[i].line), cases[i].code, cases[i].line,
                         __LINE__);
    }
    talk_cleanup(&talk);
}

static void rcpt_takes_every_address_and_offered_parameter(void **state) {
    (void)state;
    static const struct line_case cases[] = {
        {"RCPT TO:<b@y>\r\n", "250"},
        {"rcpt to:<Postmaster>\r\n", "250"},
        {"RCPT TO:<b@y> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@y\r\n", "250"},
        {"RCPT TO:<@relay:b@y>\r\n", "250"},
        {"RCPT TO:<>\r\n", "501"},
        {"RCPT TO:\r\n", "501"},
        {"RCPT <b@y>\r\n", "501"},
        {"RCPT TO:<b@y> NOTIFY=\r\n", "501"},
        {"RCPT TO:<b@y> SIZE=1\r\n", "555"},
    };
    struct talk talk;
    talk_init_greeted(&talk);
    CODES(&talk, "MAIL FROM:<a@x>\r\n", "250");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        talk_check_codes(&talk, slice_of_string(cases[i].line), cases[i].code, cases[i].line,
                         __LINE__);
    }
    talk_cleanup(&talk);
}

static void a_wrong_sequence_is_503(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    SAY(&talk, "MAIL FROM:<a@x>\r\n", "503 5.5.1 EHLO first\r\n");
    CODES(&talk, "RCPT TO:<b@y>\r\nDATA\r\n", "503 503");
    CODES(&talk, "HELO x\r\nRCPT TO:<b@y>\r\nDATA\r\n", "250 503 503");
    CODES(&talk, "MAIL FROM:<a@x>\r\nMAIL FROM:<a@x>\r\nDATA\r\n", "250 503 503");
    CODES(&talk, "RCPT TO:<b@y>\r\nRSET\r\nRCPT TO:<b@y>\r\n", "250 250 503");
    CODES(&talk, "MAIL FROM:<a@x>\r\nHELO x\r\nRCPT TO:<b@y>\r\n", "250 250 503");
    talk_cleanup(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_takes_every_address_and_offered_parameter),
        cmocka_unit_test(rcpt_takes_every_address_and_offered_parameter),
        cmocka_unit_test(a_wrong_sequence_is_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
