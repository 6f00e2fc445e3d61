// SPDX-License-Identifier: MIT
#include "embedded/embedded.h"

#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char session[] =
    "EHLO client.example\r\nNOOP\r\nMAIL FROM:<a@x.example> SIZE=20 BODY=8BITMIME\r\n"
    "RCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example> NOTIFY=NEVER\r\nDATA\r\n"
    "Subject: x\r\n\r\n..dot\r\n.\r\n"
    "MAIL FROM:<>\r\nRCPT TO:<b@y.example>\r\nBDAT 5\r\nabcdeBDAT 3 LAST\r\nfghRSET\r\nQUIT\r\n";

static struct slice whole_session(void) {
    return SLICE(session);
}

static void the_greeting_names_the_server(void **state) {
    (void)state;
    struct embedded *embedded =
        embedded_new(&(struct embedded_config){.name = "sink.example", .max_line = 1000});
    struct buf out;
    buf_init(&out, 4096);
    embedded_greet(embedded, &out);
    assert_true(slice_starts_with(buf_slice(&out), SLICE("220 sink.example ESMTP")));
    assert_true(slice_ends_with_nocase(buf_slice(&out), SLICE("\r\n")));
    buf_cleanup(&out);
    embedded_free(embedded);
}

static void any_split_gives_the_same_answers(void **state) {
    (void)state;
    struct talk whole;
    talk_init(&whole, true);
    CODES(&whole, "", "");
    talk_send_pieces(&whole, whole_session(), sizeof(session));
    assert_true(embedded_finished(whole.embedded));
    for (size_t piece = 1; piece < 40; piece++) {
        struct talk split;
        talk_init(&split, true);
        talk_send_pieces(&split, whole_session(), piece);
        assert_true(slice_equal(buf_slice(&whole.answers), buf_slice(&split.answers)));
        talk_cleanup(&split);
    }
    talk_cleanup(&whole);
}

static void a_whole_session_is_answered(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    talk_check_codes(&talk, whole_session(),
                     "250- 250- 250- 250- 250- 250- 250- 250- 250 "
                     "250 250 250 250 354 250 250 250 250 250 250 221",
                     __FILE__, __LINE__);
    talk_cleanup(&talk);
}

static void no_room_for_an_answer_means_nothing_is_taken(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    struct buf small;
    buf_init(&small, 2048);
    uint8_t filler[1500] = {0};
    buf_put(&small, slice_of(filler, sizeof(filler)));
    assert_int_equal(embedded_feed(talk.embedded, SLICE("NOOP\r\n"), &small, 0), 0);
    buf_clear(&small);
    assert_int_equal(embedded_feed(talk.embedded, SLICE("NOOP\r\n"), &small, 0), 6);
    // A flood of commands never overruns the answers.
    size_t taken = 0;
    for (size_t i = 0; i < 1000; i++) {
        taken += embedded_feed(talk.embedded, SLICE("NOOP\r\n"), &small, 0);
    }
    assert_true(taken < 1000 * 6);
    assert_true(buf_len(&small) <= 2048);
    buf_cleanup(&small);
    talk_cleanup(&talk);
}

static void plain_bytes_between_starttls_and_tls_are_dropped(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    CODES(&talk, "EHLO x\r\n", "250- 250- 250- 250- 250- 250- 250- 250- 250");
    SAY(&talk, "STARTTLS\r\nMAIL FROM:<injected@x>\r\n", "220 2.0.0 Ready to start TLS\r\n");
    SAY(&talk, "NOOP\r\n", "");
    SAY(&talk, "NO", ""); // half a line does not join what comes inside TLS
    embedded_tls_begun(talk.embedded);
    SAY(&talk, "OP\r\n", "500 5.5.1 Command not known\r\n");
    SAY(&talk, "MAIL FROM:<a@x>\r\n", "503 5.5.1 EHLO first\r\n"); // what was said is forgotten
    talk_cleanup(&talk);
}

static void a_line_that_is_too_long_is_refused_and_read_to_its_end(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    uint8_t line[40000];
    memset(line, 'x', sizeof(line));
    memcpy(line, "NOOP ", 5);
    memcpy(line + sizeof(line) - 14, "\r\nVRFY you\r\n\r\n", 14);
    talk_check(&talk, slice_of(line, sizeof(line)),
               "500 5.5.2 Line too long\r\n"
               "252 2.1.5 Not verified, but mail to it would be taken\r\n"
               "500 5.5.1 Command not known\r\n",
               __FILE__, __LINE__);
    talk_cleanup(&talk);
}

static void a_bare_lf_ends_a_command(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    SAY(&talk, "NOOP\nRSET\n", "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n");
    talk_cleanup(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_names_the_server),
        cmocka_unit_test(any_split_gives_the_same_answers),
        cmocka_unit_test(a_whole_session_is_answered),
        cmocka_unit_test(no_room_for_an_answer_means_nothing_is_taken),
        cmocka_unit_test(plain_bytes_between_starttls_and_tls_are_dropped),
        cmocka_unit_test(a_line_that_is_too_long_is_refused_and_read_to_its_end),
        cmocka_unit_test(a_bare_lf_ends_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
