// SPDX-License-Identifier: MIT
#include "embedded/traits.h"

#include "base/clock.h"
#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void talk_tls(struct talk *talk) {
    embedded_tls_begun(talk->embedded);
    buf_clear(&talk->answers);
}

static void check_said(const struct talk *talk, const char *expected) {
    if (!slice_is(buf_slice(&talk->answers), expected)) {
        print_error("%.*s\n", (int)buf_len(&talk->answers),
                    (const char *)buf_slice(&talk->answers).data);
        fail();
    }
}

static bool answered(const struct talk *talk, const char *text) {
    return slice_find(buf_slice(&talk->answers), slice_of_string(text)) != SLICE_NONE;
}

// ── the greeting ────────────────────────────────────────────────────────────────────────────────

static void a_greeting_may_have_several_lines(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.greeting = "220-one\r\n220 two\r\n"});
    check_said(&talk, "220-one\r\n220 two\r\n");
    CODES(&talk, "HELO x\r\nMAIL FROM:<a@x>\r\nQUIT\r\n", "250 250 221");
    talk_cleanup(&talk);
}

static void after_a_554_only_quit_is_answered_well(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.greeting = "554 no service\r\n"});
    assert_false(embedded_finished(talk.embedded));
    CODES(&talk, "EHLO x\r\nHELO x\r\nMAIL FROM:<a@x>\r\nNOOP\r\nSTARTTLS\r\n",
          "503 503 503 503 503");
    CODES(&talk, "QUIT\r\n", "221");
    assert_true(embedded_finished(talk.embedded));
    talk_cleanup(&talk);
}

static void a_421_ends_the_session(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.greeting = "421 4.3.2 not now\r\n"});
    check_said(&talk, "421 4.3.2 not now\r\n");
    assert_true(embedded_finished(talk.embedded));
    SAY(&talk, "EHLO x\r\n", "");
    talk_cleanup(&talk);
}

// ── what is offered ─────────────────────────────────────────────────────────────────────────────

static void a_server_may_know_no_ehlo(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.refuses_ehlo = true});
    CODES(&talk, "EHLO x\r\nMAIL FROM:<a@x>\r\nHELO x\r\nMAIL FROM:<a@x>\r\n", "502 503 250 250");
    talk_cleanup(&talk);
}

static void a_size_is_offered_and_held_to(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.size_max = 10});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_true(answered(&talk, "250-SIZE 10\r\n"));
    CODES(&talk, "MAIL FROM:<a@x> SIZE=11\r\nMAIL FROM:<a@x> SIZE=10\r\nRCPT TO:<b@x>\r\nDATA\r\n",
          "552 250 250 354");
    CODES(&talk, "0123456789\r\n.\r\n", "552");
    CODES(&talk, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 11 LAST\r\n01234567890", "250 250 552");
    CODES(&talk, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 10 LAST\r\n0123456789", "250 250 250");
    talk_cleanup(&talk);
}

static void capabilities_are_added(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.capabilities = "X-ONE a=b\nXTWO"});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_true(answered(&talk, "250-STARTTLS\r\n250-X-ONE a=b\r\n250-XTWO\r\n"
                                "250 ENHANCEDSTATUSCODES\r\n"));
    talk_cleanup(&talk);
}

static void auth_may_be_offered_in_the_clear(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.auth_in_clear = true});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_true(answered(&talk, "250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER\r\n"
                                "250-STARTTLS\r\n"));
    SAY(&talk, "AUTH PLAIN AGEAYg==\r\n", "235 2.7.0 Authentication succeeded\r\n");
    talk_cleanup(&talk);
}

// ── AUTH ────────────────────────────────────────────────────────────────────────────────────────

static void one_mechanism_is_offered_and_taken(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.auth = "AUTH CRAM-MD5"});
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_true(answered(&talk, "250-AUTH CRAM-MD5\r\n"));
    CODES(&talk, "AUTH PLAIN AGEAYg==\r\nAUTH LOGIN\r\nAUTH\r\n", "504 504 501");
    CODES(&talk, "AUTH cram-md5\r\nYQ==\r\n", "334 235");
    talk_cleanup(&talk);
}

static void the_old_form_offers_the_word_behind_its_sign_too(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.auth = "AUTH=LOGIN PLAIN"});
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_true(answered(&talk, "250-AUTH=LOGIN PLAIN\r\n"));
    CODES(&talk, "AUTH CRAM-MD5\r\nAUTH LOGIN\r\n*\r\nAUTH PLAIN AGEAYg==\r\n", "504 334 501 235");
    talk_cleanup(&talk);
}

static void auth_may_be_missing_inside_tls(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.auth = ""});
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_false(answered(&talk, "AUTH"));
    CODES(&talk, "AUTH PLAIN AGEAYg==\r\n", "504");
    talk_cleanup(&talk);
}

static void a_mechanism_that_does_not_exist_is_offered_and_refused(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.auth = "AUTH X-NONE", .wants_login = true});
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    CODES(&talk, "AUTH PLAIN AGEAYg==\r\nAUTH X-NONE\r\nMAIL FROM:<a@x>\r\n", "504 504 530");
    talk_cleanup(&talk);
}

static void a_login_may_be_refused_at_its_end(void **state) {
    (void)state;
    static const struct embedded_traits traits = {.login_answer = "535 5.7.8 wrong\r\n",
                                                  .wants_login = true};
    struct talk talk;
    talk_init_traits(&talk, &traits);
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    SAY(&talk, "AUTH PLAIN AGEAYg==\r\n", "535 5.7.8 wrong\r\n");
    CODES(&talk, "AUTH LOGIN\r\nYQ==\r\nYg==\r\nMAIL FROM:<a@x>\r\n", "334 334 535 530");
    talk_cleanup(&talk);
}

static void a_235_of_several_lines_is_a_login(void **state) {
    (void)state;
    static const struct embedded_traits traits = {.login_answer = "235-well\r\n235 done\r\n",
                                                  .wants_login = true};
    struct talk talk;
    talk_init_traits(&talk, &traits);
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    SAY(&talk, "AUTH PLAIN AGEAYg==\r\n", "235-well\r\n235 done\r\n");
    CODES(&talk, "MAIL FROM:<a@x>\r\n", "250");
    talk_cleanup(&talk);
}

static void a_challenge_may_be_no_base64(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.challenge = "!?"});
    talk_tls(&talk);
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    SAY(&talk, "AUTH LOGIN\r\n", "334 !?\r\n");
    SAY(&talk, "YQ==\r\n", "334 !?\r\n");
    SAY(&talk, "*\r\n", "501 5.7.0 Authentication cancelled\r\n");
    talk_cleanup(&talk);
}

// ── STARTTLS ────────────────────────────────────────────────────────────────────────────────────

static void what_is_behind_the_220_comes_with_it(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk,
                     &(struct embedded_traits){.after_starttls = "250-x\r\n250 AUTH PLAIN\r\n"});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    SAY(&talk, "STARTTLS\r\nEHLO x\r\n",
        "220 2.0.0 Ready to start TLS\r\n250-x\r\n250 AUTH PLAIN\r\n");
    talk_cleanup(&talk);
}

static void the_answer_to_ehlo_inside_tls_waits(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.ehlo_in_tls_ms = 300});
    assert_int_equal(embedded_deadline_ns(talk.embedded), INT64_MAX);
    CODES(&talk, "EHLO x\r\n", "250- 250- 250- 250- 250- 250- 250- 250- 250");
    talk_tls(&talk);
    struct slice said = SLICE("EHLO x\r\nNOOP\r\n");
    assert_int_equal(embedded_feed(talk.embedded, said, &talk.answers, 7), 8);
    assert_int_equal(embedded_deadline_ns(talk.embedded), 7 + 300 * NS_PER_MS);
    said = SLICE("NOOP\r\n");
    assert_int_equal(embedded_feed(talk.embedded, said, &talk.answers, 6 + 300 * NS_PER_MS), 0);
    assert_int_equal(buf_len(&talk.answers), 0);
    assert_int_equal(embedded_feed(talk.embedded, said, &talk.answers, 7 + 300 * NS_PER_MS), 6);
    assert_true(slice_starts_with(buf_slice(&talk.answers), SLICE("250-sink.example\r\n")));
    assert_true(slice_ends_with_nocase(buf_slice(&talk.answers), SLICE("\r\n250 2.0.0 Ok\r\n")));
    assert_int_equal(embedded_deadline_ns(talk.embedded), INT64_MAX);
    talk_cleanup(&talk);
}

// ── the form of replies ─────────────────────────────────────────────────────────────────────────

static void replies_may_have_no_text(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.reply_bare = true});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_true(answered(&talk, "250-sink.example\r\n250-SIZE "));
    SAY(&talk, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n", "250\r\n250\r\n354\r\n");
    SAY(&talk, "x\r\n.\r\nFOO\r\nQUIT\r\n", "250\r\n500\r\n221\r\n");
    talk_cleanup(&talk);
}

static void replies_may_have_several_lines(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.reply_lines = 3});
    SAY(&talk, "NOOP\r\n", "250-2.0.0 Ok\r\n250-\r\n250 2.0.0 Ok\r\n");
    talk_cleanup(&talk);
}

static void lines_are_filled_up_to_the_longest(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.reply_len = 512});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    struct slice rest = buf_slice(&talk.answers);
    slice_split(&rest, '\n'); // the greeting
    assert_int_equal(slice_split(&rest, '\n').len + 1, 512);
    assert_true(slice_starts_with(rest, SLICE("250-SIZE 1073741824\r\n")));
    buf_clear(&talk.answers);
    talk_send_pieces(&talk, SLICE("NOOP\r\n"), 100);
    assert_int_equal(buf_len(&talk.answers), 512);
    assert_true(answered(&talk, "250 2.0.0 Ok xxxxx"));
    assert_true(answered(&talk, "xxxxx\r\n"));
    talk_cleanup(&talk);
}

static void any_bytes_may_come_after_the_text(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk,
                     &(struct embedded_traits){.reply_noise = SLICE_INIT(" \0\x1b[31m\xff")});
    buf_clear(&talk.answers);
    talk_send_pieces(&talk, SLICE("NOOP\r\n"), 100);
    assert_true(slice_equal(buf_slice(&talk.answers), SLICE("250 2.0.0 Ok \0\x1b[31m\xff\r\n")));
    talk_cleanup(&talk);
}

static void enhanced_codes_may_be_nowhere(void **state) {
    (void)state;
    struct talk talk;
    talk_init_traits(&talk, &(struct embedded_traits){.enhanced = ENHANCED_NEVER});
    talk_send_pieces(&talk, SLICE("EHLO x\r\n"), 100);
    assert_false(answered(&talk, "ENHANCED"));
    assert_true(answered(&talk, "\r\n250 HELP\r\n"));
    SAY(&talk, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n",
        "250 Ok\r\n250 Ok\r\n354 Go ahead, end with <CRLF>.<CRLF>\r\n");
    talk_cleanup(&talk);
}

static void enhanced_codes_may_be_everywhere(void **state) {
    (void)state;
    static const struct embedded_traits traits = {.enhanced = ENHANCED_ON_EVERY, .reply_lines = 2};
    struct talk talk;
    talk_init_traits(&talk, &traits);
    talk_send_pieces(&talk, SLICE("EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"), 100);
    SAY(&talk, "DATA\r\n",
        "354-2.0.0 Go ahead, end with <CRLF>.<CRLF>\r\n"
        "354 2.0.0 Go ahead, end with <CRLF>.<CRLF>\r\n");
    talk_cleanup(&talk);
}

// ── the flood ───────────────────────────────────────────────────────────────────────────────────

enum { FLOOD_LINES = 1000, FLOOD_LINE_LEN = 100 };

// All of the answer to EHLO through a buffer of `room` bytes, `say` after each look at it.
static void flood(struct talk *talk, size_t room, const struct embedded_traits *traits) {
    struct buf small;
    buf_init(&small, room);
    talk_init_traits(talk, traits);
    buf_clear(&talk->answers);
    size_t taken = embedded_feed(talk->embedded, SLICE("EHLO x\r\nNOOP\r\n"), &small, 0);
    struct slice rest = slice_from(SLICE("EHLO x\r\nNOOP\r\n"), taken);
    while (buf_len(&small) > 0) {
        buf_put(&talk->answers, buf_slice(&small));
        buf_clear(&small);
        taken = embedded_feed(talk->embedded, rest, &small, 0);
        rest = slice_from(rest, taken);
    }
    assert_int_equal(rest.len, 0);
    buf_cleanup(&small);
}

static void a_flood_goes_out_as_there_is_room(void **state) {
    (void)state;
    static const struct embedded_traits traits = {.flood_lines = FLOOD_LINES,
                                                  .flood_line_len = FLOOD_LINE_LEN};
    struct talk large;
    struct talk small;
    flood(&large, MIB, &traits);
    flood(&small, 8 * KIB, &traits);
    assert_true(slice_equal(buf_slice(&large.answers), buf_slice(&small.answers)));
    struct slice rest = buf_slice(&large.answers);
    assert_true(slice_is(slice_split(&rest, '\n'), "250-sink.example\r"));
    assert_true(slice_starts_with(rest, SLICE("250-X-1 xxx")));
    for (size_t i = 0; i < FLOOD_LINES; i++) {
        struct slice line = slice_split(&rest, '\n');
        assert_int_equal(line.len + 1, FLOOD_LINE_LEN);
        assert_true(slice_starts_with(line, SLICE("250-X-")));
        assert_int_equal(slice_find_byte(line, '\r'), FLOOD_LINE_LEN - 2);
    }
    assert_true(slice_starts_with(rest, SLICE("250-SIZE ")));
    assert_true(slice_ends_with_nocase(rest, SLICE("CODES\r\n250 2.0.0 Ok\r\n")));
    talk_cleanup(&large);
    talk_cleanup(&small);
}

static void a_long_line_is_never_held_whole(void **state) {
    (void)state;
    static const struct embedded_traits traits = {.flood_lines = 1, .flood_line_len = 500000};
    struct talk talk;
    flood(&talk, 8 * KIB, &traits);
    struct slice rest = buf_slice(&talk.answers);
    slice_split(&rest, '\n');
    assert_int_equal(slice_split(&rest, '\n').len + 1, 500000);
    assert_true(slice_starts_with(rest, SLICE("250-SIZE ")));
    talk_cleanup(&talk);
}

// ── and all of it in pieces ─────────────────────────────────────────────────────────────────────

static void any_split_gives_the_same_answers(void **state) {
    (void)state;
    static const struct embedded_traits traits = {.auth = "AUTH LOGIN",
                                                  .auth_in_clear = true,
                                                  .capabilities = "X-A\nX-B",
                                                  .size_max = 1000,
                                                  .reply_lines = 3,
                                                  .reply_len = 512,
                                                  .flood_lines = 5,
                                                  .flood_line_len = 60};
    struct slice session =
        SLICE("EHLO x\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"
              "DATA\r\nabc\r\n.\r\nQUIT\r\n");
    struct talk whole;
    talk_init_traits(&whole, &traits);
    talk_send_pieces(&whole, session, session.len);
    assert_true(embedded_finished(whole.embedded));
    for (size_t piece = 1; piece < 40; piece++) {
        struct talk split;
        talk_init_traits(&split, &traits);
        talk_send_pieces(&split, session, piece);
        assert_true(slice_equal(buf_slice(&whole.answers), buf_slice(&split.answers)));
        talk_cleanup(&split);
    }
    talk_cleanup(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_may_have_several_lines),
        cmocka_unit_test(after_a_554_only_quit_is_answered_well),
        cmocka_unit_test(a_421_ends_the_session),
        cmocka_unit_test(a_server_may_know_no_ehlo),
        cmocka_unit_test(a_size_is_offered_and_held_to),
        cmocka_unit_test(capabilities_are_added),
        cmocka_unit_test(auth_may_be_offered_in_the_clear),
        cmocka_unit_test(one_mechanism_is_offered_and_taken),
        cmocka_unit_test(the_old_form_offers_the_word_behind_its_sign_too),
        cmocka_unit_test(auth_may_be_missing_inside_tls),
        cmocka_unit_test(a_mechanism_that_does_not_exist_is_offered_and_refused),
        cmocka_unit_test(a_login_may_be_refused_at_its_end),
        cmocka_unit_test(a_235_of_several_lines_is_a_login),
        cmocka_unit_test(a_challenge_may_be_no_base64),
        cmocka_unit_test(what_is_behind_the_220_comes_with_it),
        cmocka_unit_test(the_answer_to_ehlo_inside_tls_waits),
        cmocka_unit_test(replies_may_have_no_text),
        cmocka_unit_test(replies_may_have_several_lines),
        cmocka_unit_test(lines_are_filled_up_to_the_longest),
        cmocka_unit_test(any_bytes_may_come_after_the_text),
        cmocka_unit_test(enhanced_codes_may_be_nowhere),
        cmocka_unit_test(enhanced_codes_may_be_everywhere),
        cmocka_unit_test(a_flood_goes_out_as_there_is_room),
        cmocka_unit_test(a_long_line_is_never_held_whole),
        cmocka_unit_test(any_split_gives_the_same_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
