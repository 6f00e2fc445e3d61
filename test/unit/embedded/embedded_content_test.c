// SPDX-License-Identifier: MIT
#include "embedded/embedded.h"

#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TAKEN(bytes) "250 2.0.0 Ok, " #bytes " bytes taken and not delivered\r\n"

static void talk_init_addressed(struct talk *talk) {
    talk_init(talk, true);
    talk_send_pieces(talk, SLICE("EHLO c.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"), 100);
}

static void the_message_ends_at_crlf_dot_crlf_only(void **state) {
    (void)state;
    struct talk talk;
    talk_init_addressed(&talk);
    CODES(&talk, "DATA\r\n", "354");
    SAY(&talk, "a\n.\nb\n.\r\nc\r\n.\nd\r.\re\r\n.\rf\r\n..\r\n. \r\n", "");
    SAY(&talk, "\r\n.\r\r\n", "");
    CODES(&talk, ".\r\nNOOP\r\n", "250 250");
    talk_cleanup(&talk);
}

static void the_bytes_are_those_that_the_client_meant(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *answer;
    } cases[] = {
        {".\r\n", TAKEN(0)},       {"\r\n.\r\n", TAKEN(2)},   {"ab\r\n.\r\n", TAKEN(4)},
        {"..\r\n.\r\n", TAKEN(3)}, {".x\r\n.\r\n", TAKEN(3)}, {"a\n.\r\n\r\n.\r\n", TAKEN(7)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talk talk;
        talk_init_addressed(&talk);
        CODES(&talk, "DATA\r\n", "354");
        talk_check(&talk, slice_of_string(cases[i].text), cases[i].answer, cases[i].text, __LINE__);
        talk_cleanup(&talk);
    }
}

static void text_pipelined_behind_data_is_text(void **state) {
    (void)state;
    struct talk talk;
    talk_init_addressed(&talk);
    SAY(&talk, "DATA\r\nQUIT\r\n.\r\nNOOP\r\n",
        "354 Go ahead, end with <CRLF>.<CRLF>\r\n" TAKEN(6) "250 2.0.0 Ok\r\n");
    CODES(&talk, "DATA\r\nRCPT TO:<b@y>\r\n", "503 503"); // the transaction is over
    talk_cleanup(&talk);
}

static void chunks_are_counted_and_joined(void **state) {
    (void)state;
    struct talk talk;
    talk_init_addressed(&talk);
    SAY(&talk, "BDAT 6\r\n.\r\nab\n", "250 2.0.0 Ok, more\r\n");
    CODES(&talk, "DATA\r\nRCPT TO:<c@y>\r\nMAIL FROM:<a@x>\r\n", "503 503 503");
    SAY(&talk, "BDAT 0\r\nBDAT 4\r\nQUITbdat 0 last\r\n",
        "250 2.0.0 Ok, more\r\n250 2.0.0 Ok, more\r\n" TAKEN(10));
    CODES(&talk, "BDAT 4 LAST\r\nQUITNOOP\r\n", "503 250");
    talk_cleanup(&talk);
}

static void a_chunk_that_is_refused_is_read_all_the_same(void **state) {
    (void)state;
    struct talk talk;
    talk_init(&talk, true);
    CODES(&talk, "BDAT 6\r\nQUIT\r\nEHLO x\r\n", "503 250- 250- 250- 250- 250- 250- 250- 250- 250");
    CODES(&talk, "MAIL FROM:<a@x>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "250 503 250");
    talk_cleanup(&talk);
}

static void bdat_wants_a_size(void **state) {
    (void)state;
    struct talk talk;
    talk_init_addressed(&talk);
    CODES(&talk, "BDAT\r\nBDAT x\r\nBDAT 5 FIRST\r\nBDAT -1\r\nBDAT 99999999999999999999\r\n",
          "501 501 501 501 501");
    talk_cleanup(&talk);
}

static void a_message_over_the_size_is_refused_at_its_end(void **state) {
    (void)state;
    struct talk talk;
    uint8_t block[65536];
    memset(block, 'x', sizeof(block));
    talk_init_addressed(&talk);
    CODES(&talk, "BDAT 1073741825\r\n", "");
    for (uint64_t left = 1073741825; left > 0;) {
        size_t len = left < sizeof(block) ? (size_t)left : sizeof(block);
        left -= embedded_feed(talk.embedded, slice_of(block, len), &talk.answers, 0);
    }
    SAY(&talk, "BDAT 0 LAST\r\n", "552 5.3.4 Message too big\r\n");
    CODES(&talk, "MAIL FROM:<a@x>\r\n", "250");
    talk_cleanup(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_ends_at_crlf_dot_crlf_only),
        cmocka_unit_test(the_bytes_are_those_that_the_client_meant),
        cmocka_unit_test(text_pipelined_behind_data_is_text),
        cmocka_unit_test(chunks_are_counted_and_joined),
        cmocka_unit_test(a_chunk_that_is_refused_is_read_all_the_same),
        cmocka_unit_test(bdat_wants_a_size),
        cmocka_unit_test(a_message_over_the_size_is_refused_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
