// SPDX-License-Identifier: MIT
#include "embedded/embedded.h"

#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void talk_init_tls(struct talk *talk) {
    talk_init(talk, true);
    embedded_tls_begun(talk->embedded);
    talk_send_pieces(talk, SLICE("EHLO client.example\r\n"), 100);
}

static void every_mechanism_takes_any_credentials(void **state) {
    (void)state;
    static const struct {
        const char *said;
        const char *codes;
    } cases[] = {
        {"AUTH PLAIN AHRpbQBwYXNz\r\n", "235"},
        {"AUTH PLAIN\r\nAHRpbQBwYXNz\r\n", "334 235"},
        {"auth plain =\r\n", "235"},
        {"AUTH  LOGIN  dGlt\r\ncGFzcw==\r\n", "334 235"},
        {"AUTH LOGIN\r\ndGlt\r\ncGFzcw==\r\n", "334 334 235"},
        {"AUTH LOGIN\r\n\r\n\r\n", "334 334 235"},
        {"AUTH CRAM-MD5\r\ndGltIDAw\r\n", "334 235"},
        {"AUTH XOAUTH2 dXNlcj1h\r\n", "235"},
        {"AUTH OAUTHBEARER\r\ndXNlcj1h\r\n", "334 235"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talk talk;
        talk_init_tls(&talk);
        talk_check_codes(&talk, slice_of_string(cases[i].said), cases[i].codes, __FILE__, __LINE__);
        CODES(&talk, "AUTH PLAIN AHRpbQBwYXNz\r\n", "503"); // RFC 4954 4: not twice
        talk_cleanup(&talk);
    }
}

static void challenges_are_base64(void **state) {
    (void)state;
    struct talk talk;
    talk_init_tls(&talk);
    SAY(&talk, "AUTH LOGIN\r\ndGlt\r\n", "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n");
    SAY(&talk, "*\r\nAUTH PLAIN\r\n", "501 5.7.0 Authentication cancelled\r\n334 \r\n");
    SAY(&talk, "*\r\nAUTH CRAM-MD5\r\n",
        "501 5.7.0 Authentication cancelled\r\n334 PDEuMUBzbXRwc2NvcGUuaW52YWxpZD4=\r\n");
    talk_cleanup(&talk);
}

static void what_is_no_base64_is_refused(void **state) {
    (void)state;
    struct talk talk;
    talk_init_tls(&talk);
    CODES(&talk, "AUTH PLAIN tim:pass\r\n", "501");
    CODES(&talk, "AUTH LOGIN\r\ntim!\r\nNOOP\r\n", "334 501 250");
    CODES(&talk, "AUTH LOGIN dGlt extra\r\n", "501");
    talk_cleanup(&talk);
}

static void auth_out_of_place_is_refused(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    CODES(&talk, "AUTH PLAIN AHRpbQBwYXNz\r\n", "503");
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    SAY(&talk, "AUTH PLAIN AHRpbQBwYXNz\r\n",
        "538 5.7.11 Encryption is required for authentication\r\n");
    talk_cleanup(&talk);
    talk_init_tls(&talk);
    CODES(&talk, "AUTH\r\nAUTH SCRAM-SHA-1\r\n", "501 504");
    CODES(&talk, "MAIL FROM:<a@x>\r\nAUTH PLAIN AHRpbQBwYXNz\r\n", "250 503");
    CODES(&talk, "HELO x\r\nAUTH PLAIN AHRpbQBwYXNz\r\n", "250 503");
    talk_cleanup(&talk);
}

static void a_sasl_line_that_is_too_long_ends_the_exchange(void **state) {
    (void)state;
    struct talk talk;
    uint8_t line[20000];
    memset(line, 'A', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    talk_init_tls(&talk);
    CODES(&talk, "AUTH PLAIN\r\n", "334");
    talk_check_codes(&talk, slice_of(line, sizeof(line)), "500", __FILE__, __LINE__);
    CODES(&talk, "NOOP\r\n", "250");
    talk_cleanup(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mechanism_takes_any_credentials),
        cmocka_unit_test(challenges_are_base64),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(auth_out_of_place_is_refused),
        cmocka_unit_test(a_sasl_line_that_is_too_long_ends_the_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
