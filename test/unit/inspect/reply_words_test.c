// SPDX-License-Identifier: MIT
#include "inspect/reply_words.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// Every detail of RFC 3463 3.1 to 3.8, 4954, 5248, 6531, 6710, 7293, 7372, 7505 and 8689, as the
// highest number of each subject: all from 0 (or 1) up to it are there.
static const unsigned highest[] = {0, 10, 4, 6, 7, 6, 10, 30};

static void every_registered_code_is_explained(void **state) {
    (void)state;
    for (unsigned subject = 0; subject < sizeof(highest) / sizeof(highest[0]); subject++) {
        for (unsigned detail = 0; detail <= highest[subject]; detail++) {
            struct buf code;
            buf_init(&code, 32);
            buf_putf(&code, "5.%u.%u", subject, detail);
            const struct reply_words *words = reply_words_of_enhanced(buf_slice(&code));
            if (words == NULL || strlen(words->meaning) < 8 || strlen(words->advice) < 8) {
                fail_msg("5.%u.%u is not explained", subject, detail);
            }
            buf_cleanup(&code);
        }
    }
    assert_null(reply_words_of_enhanced(SLICE("5.9.9")));
    assert_null(reply_words_of_enhanced(SLICE("5.1")));
    assert_null(reply_words_of_enhanced(SLICE("")));
}

static void every_basic_code_says_something(void **state) {
    (void)state;
    for (int code = 400; code < 600; code++) {
        assert_non_null(reply_words_of_code(code));
    }
    assert_non_null(strstr(reply_words_of_code(521)->meaning, "accepts no mail")); // RFC 7504
    assert_non_null(strstr(reply_words_of_code(556)->meaning, "accepts no mail"));
}

static const struct {
    const char *reply;
    const char *meaning;
} texts[] = {
    {"5.7.8 Username and Password not accepted. For more information, go to", "Google"},
    {"5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
     "Microsoft 365"},
    {"[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user "
     "complaints",
     "Yahoo"},
    {"Message rejected: Email address is not verified. The following identities failed", "SES"},
    {"5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.", "Spamhaus"},
    {"4.2.0 <bob@example.com>: Recipient address rejected: Greylisted", "greylist"},
    {"5.7.1 <bob@example.com>: Relay access denied", "relay"},
};

static void providers_texts_are_recognised(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct reply_words *words = reply_words_of_text(slice_of_string(texts[i].reply));
        assert_non_null(words);
        assert_non_null(strstr(words->meaning, texts[i].meaning));
    }
    assert_null(reply_words_of_text(SLICE("no")));
    assert_null(reply_words_of_text(SLICE("")));
}

static void words_stand_at_their_start(void **state) {
    (void)state;
    assert_null(reply_words_of_text(SLICE("marblehead.example says no")));
    assert_non_null(reply_words_of_text(SLICE("listed (RBL)")));
    assert_non_null(reply_words_of_text(SLICE("marblehead.example: RBL")));
}

// Which of the two codes is put into words.
static const struct {
    int code;
    const char *enhanced;
    const char *meaning;
} pairs[] = {
    {550, "5.1.1", "no such mailbox"},
    {550, "", "the mailbox does not exist"},
    {550, "5.0.0", "the mailbox does not exist"},
    {550, "5.7.999", "the mailbox does not exist"},
    {550, "4.1.1", "the mailbox does not exist"}, // nobody knows which was meant
    {550, "5.7.0", "security or policy forbids it"},
    {454, "4.7.0", "TLS or authentication"},
    {530, "5.7.0", "authentication (or STARTTLS)"},
    {450, "4.1.1", "cannot tell now"},
    {451, "4.7.1", "greylisting"},
    {451, "4.4.3", "directory"},
    {503, "5.5.1", "out of order"},
    {504, "5.5.4", "does not have this parameter or mechanism"},
    {501, "5.5.4", "not valid here"},
};

static void the_code_that_tells_more_is_explained(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const struct reply_words *words =
            reply_words_of(pairs[i].code, slice_of_string(pairs[i].enhanced));
        assert_non_null(strstr(words->meaning, pairs[i].meaning));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_registered_code_is_explained),
        cmocka_unit_test(every_basic_code_says_something),
        cmocka_unit_test(providers_texts_are_recognised),
        cmocka_unit_test(words_stand_at_their_start),
        cmocka_unit_test(the_code_that_tells_more_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
