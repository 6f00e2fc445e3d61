// SPDX-License-Identifier: MIT
#include "inspect/secret_set.h"

#include "base/buf.h"
#include "inspect/text_rewriter.h"
#include "secret_forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_text(actual, expected)                                                              \
    do {                                                                                           \
        struct slice actual_ = (actual);                                                           \
        struct slice expected_ = (expected);                                                       \
        if (!slice_equal(actual_, expected_)) {                                                    \
            fail_msg("<%.*s> should be <%.*s>", (int)actual_.len, (const char *)actual_.data,      \
                     (int)expected_.len, (const char *)expected_.data);                            \
        }                                                                                          \
    } while (0)

// Appends `text` with what `secrets_known` knows in it hidden.
static void put_seen(struct buf *out, const struct secret_set *secrets_known, struct slice text,
                     bool cut) {
    struct redaction redaction = {0};
    struct secret_search search = {.secrets_known = secrets_known, .text = text, .cut = cut};
    redaction_find(&redaction, &search, NULL, 0);
    redaction_put(out, &redaction, text);
    redaction_cleanup(&redaction);
}

static void assert_seen_of(struct slice secret, struct slice text, struct slice expected) {
    struct secret_set secrets_known = {0};
    struct buf out;
    buf_init(&out, 64 * KIB);
    secret_set_learn(&secrets_known, secret, false);
    put_seen(&out, &secrets_known, text, false);
    assert_text(buf_slice(&out), expected);
    buf_cleanup(&out);
    secret_set_cleanup(&secrets_known);
}

#define assert_seen(secret, text, expected)                                                        \
    assert_seen_of(SLICE(secret), SLICE(text), SLICE(expected))

static void every_form_of_random_secrets_is_hidden(void **state) {
    (void)state;
    unsigned seed = 20261122;
    for (size_t round = 0; round < 80; round++) {
        for (int form = 0; form < FORM_COUNT; form++) {
            const char *lead = "";
            struct buf secret;
            struct buf text;
            struct buf expected;
            buf_init(&secret, 256);
            buf_init(&text, 4096);
            buf_init(&expected, 4096);
            secret_make(&secret, &seed, 5 + round % 40);
            struct buf shown;
            buf_init(&shown, 4096);
            secret_form_put(&shown, buf_slice(&secret), (enum secret_form)form, &lead);
            buf_putf(&text, "ab <%s", lead);
            buf_put(&text, buf_slice(&shown));
            buf_putf(&text, "> cd");
            buf_putf(&expected,
                     "ab <%s"
                     "********"
                     "> cd",
                     lead);
            assert_seen_of(buf_slice(&secret), buf_slice(&text), buf_slice(&expected));
            buf_cleanup(&shown);
            buf_cleanup(&secret);
            buf_cleanup(&text);
            buf_cleanup(&expected);
        }
    }
}

static void base64_is_found_within_longer_base64(void **state) {
    (void)state;
    // base64 of "user:tanstaaf!", "xuser:tanstaaf!", "xxuser:tanstaaf!" and text behind it
    assert_seen("tanstaaf!", "dXNlcjp0YW5zdGFhZiE=", "dXNlcj********");
    assert_seen("tanstaaf!", "eHVzZXI6dGFuc3RhYWYh", "eHVzZXI6********");
    assert_seen("tanstaaf!", "eHh1c2VyOnRhbnN0YWFmIQ==", "eHh1c2VyO********");
    assert_seen("tanstaaf!", "eHh1c2VyOnRhbnN0YWFmISBvaw==", "eHh1c2VyO********Bvaw==");
}

// Wherever the line ends: every position of base64 of "user:tanstaaf!" and text after it.
static void base64_is_found_over_the_ends_of_lines(void **state) {
    (void)state;
    struct slice text = SLICE("dXNlcjp0YW5zdGFhZiEgb2s=");
    static const char *const ends[] = {"\n", "\r\n"};
    for (size_t at = 6; at < 18; at++) { // from the first digit of the secret to the last
        for (size_t i = 0; i < 2; i++) {
            struct buf folded;
            buf_init(&folded, 64);
            buf_put(&folded, slice_sub(text, 0, at));
            buf_put_string(&folded, ends[i]);
            buf_put(&folded, slice_from(text, at));
            const char *expected = at > 6   ? "dXNlcj********gb2s="
                                   : i == 0 ? "dXNlcj\n********gb2s="
                                            : "dXNlcj\r\n********gb2s=";
            assert_seen_of(SLICE("tanstaaf!"), buf_slice(&folded), slice_of_string(expected));
            buf_cleanup(&folded);
        }
    }
    assert_seen("tanstaaf!", "dGFu\n\nc3RhYWYh", "dGFu\n\nc3RhYWYh");
}

static void other_text_stays_as_it_is(void **state) {
    (void)state;
    assert_seen("tanstaaf!", "535 5.7.8 tanstaaf refused", "535 5.7.8 tanstaaf refused");
    assert_seen("tanstaaf!", "dXNlcjp0YW5zdGFhZg==", "dXNlcjp0YW5zdGFhZg==");
    assert_seen("p%41ss", "p%42ss pAsr", "p%42ss pAsr");
    assert_seen("abc", "abc", "abc"); // too short to be looked for
    assert_seen("****", "****", "****");
    assert_seen("abcdef", "", "");
}

static void a_short_plain_word_is_found_in_its_own_case_only(void **state) {
    (void)state;
    assert_seen("password", "Username and Password not accepted: password",
                "Username and Password not accepted: ********");
    assert_seen("pass-word", "Pass-Word", "********");
    assert_seen("correcthorsebattery", "CorrectHorseBattery", "********");
}

static void a_literal_escape_character_is_found_too(void **state) {
    (void)state;
    assert_seen("50%25x", "50%25x", "********");
    assert_seen("50%25x", "50%2525x", "********");
    assert_seen("a\\\\b+=c", "<a\\\\b+=c>", "<********>");
    assert_seen("a\\\\b+=c", "<a\\\\\\\\b+=c>", "<********>");
}

static void characters_beyond_ascii_are_found_by_their_code_points(void **state) {
    (void)state;
    assert_seen("p\xC3\xA4sswort", "p\\u00e4sswort p&#228;sswort p&#xE4;sswort p\xE4sswort",
                "******** ******** ******** ********");
    assert_seen("p\xC3\xA4sswort", "p%C3%A4sswort p\\303\\244sswort p\\xc3\\xa4sswort",
                "******** ******** ********");
    assert_seen("\xD0\xBF\xD0\xB0\xD1\x80\xD1\x8C", "<\\u043f\\u0430\\u0440\\u044C>", "<********>");
    assert_seen("a\xE2\x82\xAC"
                "bc1",
                "a\\u20acbc1 a&#8364;bc1 a\\x{20ac}bc1", "******** ******** ********");
    assert_seen("a\xF0\x9F\x98\x80"
                "bc1",
                "a\\ud83d\\ude00bc1 a&#x1F600;bc1 a\\U0001f600bc1 a\\u{1F600}bc1",
                "******** ******** ******** ********");
    assert_seen("p\xC3\xA4sswort", "p\\u00e5sswort p&#229;sswort p\xE5sswort",
                "p\\u00e5sswort p&#229;sswort p\xE5sswort");
}

static void quotes_of_the_secret_itself_are_found_too(void **state) {
    (void)state;
    assert_seen("it''s 1", "it''s 1 'it'\\'''\\''s 1'", "******** '********'");
    assert_seen("it''s&1", "it''s&amp;1 it&#39;&#39;s%261", "******** ********");
    assert_seen("a&lt;b", "a&lt;b a&amp;lt;b", "******** ********");
}

static void overlapping_matches_become_one_and_touching_ones_stay_two(void **state) {
    (void)state;
    struct secret_set secrets_known = {0};
    struct buf out;
    buf_init(&out, 256);
    secret_set_learn(&secrets_known, SLICE("abcd12"), false);
    secret_set_learn(&secrets_known, SLICE("d12xyz"), false);
    put_seen(&out, &secrets_known, SLICE("-abcd12xyz-abcd12d12xyz-"), false);
    assert_text(buf_slice(&out), SLICE("-********-****************-"));
    buf_cleanup(&out);
    secret_set_cleanup(&secrets_known);
}

static void a_beginning_counts_at_the_end_of_a_cut_text(void **state) {
    (void)state;
    struct secret_set secrets_known = {0};
    struct buf out;
    buf_init(&out, 256);
    secret_set_learn(&secrets_known, SLICE("tanstaaf!"), false);
    put_seen(&out, &secrets_known, SLICE("no tanst"), true);
    put_seen(&out, &secrets_known, SLICE(" no tanst"), false);
    put_seen(&out, &secrets_known, SLICE(" tanst%6"), true);   // half of `a`
    put_seen(&out, &secrets_known, SLICE(" 74616e737"), true); // half of `t`
    put_seen(&out, &secrets_known, SLICE(" tanst%6"), false);
    assert_text(buf_slice(&out), SLICE("no ******** no tanst ******** ******** tanst%6"));
    buf_cleanup(&out);
    secret_set_cleanup(&secrets_known);
}

static void a_long_beginning_of_a_key_counts_anywhere(void **state) {
    (void)state;
    struct secret_set secrets_known = {0};
    struct buf out;
    buf_init(&out, 256);
    secret_set_learn_key(&secrets_known, SLICE("ya29.a0AfH6SMBxyz012345"), false);
    put_seen(&out, &secrets_known, SLICE("not ya29.a0AfH6SMBxy' "), false); // 18 bytes
    put_seen(&out, &secrets_known, SLICE("eWEyOS5hMEFmSDZTTUJ4eXowMTIz<- "),
             false); // 21, in base64
    put_seen(&out, &secrets_known, SLICE("ya29.a0AfH6SMB- ya29"), false);
    assert_text(buf_slice(&out), SLICE("not ********' ********<- ya29.a0AfH6SMB- ya29"));
    buf_cleanup(&out);
    secret_set_cleanup(&secrets_known);
}

static void a_beginning_counts_before_an_ellipsis(void **state) {
    (void)state;
    assert_seen("tanstaaf!", "not tanst... nor tanst\xE2\x80\xA6 nor tanst.",
                "not ********... nor ********\xE2\x80\xA6 nor tanst.");
}

// The secret goes on as an ellipsis begins, or as its first two bytes.
static void an_ellipsis_is_no_part_of_a_secret(void **state) {
    (void)state;
    assert_seen("tanst.aafl", "not tanst... nor tanst.x", "not ********... nor tanst.x");
    assert_seen("tanst..afl", "not tanst... nor tan...", "not ********... nor tan...");
    assert_seen("tanst\xE2\x82\xAC!", "not tanst\xE2\x80\xA6 there",
                "not ********\xE2\x80\xA6 there");
    assert_seen("tanst\xE2\x80\x94!", "not tanst\xE2\x80\xA6 there",
                "not ********\xE2\x80\xA6 there");
    assert_seen("tanst...fl!", "not tanst...fl! there", "not ******** there");
}

static void a_long_secret_hides_all_behind_its_beginning(void **state) {
    (void)state;
    uint8_t bytes[3000];
    memset(bytes, 'q', sizeof(bytes));
    memcpy(bytes, "begin", 5);
    struct secret_set secrets_known = {0};
    struct buf out;
    buf_init(&out, 8192);
    secret_set_learn(&secrets_known, slice_of(bytes, sizeof(bytes)), false);
    struct buf text;
    buf_init(&text, 8192);
    buf_put_string(&text, "echo ");
    buf_put(&text, slice_of(bytes, sizeof(bytes)));
    put_seen(&out, &secrets_known, buf_slice(&text), false);
    assert_text(buf_slice(&out), SLICE("echo ********"));
    buf_cleanup(&text);
    buf_cleanup(&out);
    secret_set_cleanup(&secrets_known);
}

static void assert_hidden(const struct secret_set *secrets_known, struct slice secret,
                          enum secret_form form) {
    const char *lead = "";
    struct buf shown, text, out;
    buf_init(&shown, 256);
    buf_init(&text, 512);
    buf_init(&out, 512);
    secret_form_put(&shown, secret, form, &lead);
    buf_putf(&text, "<%s", lead);
    buf_put(&text, buf_slice(&shown));
    buf_putf(&text, "> and so on");
    put_seen(&out, secrets_known, buf_slice(&text), false);
    buf_clear(&text);
    buf_putf(&text, "<%s********> and so on", lead);
    assert_text(buf_slice(&out), buf_slice(&text));
    buf_cleanup(&shown);
    buf_cleanup(&text);
    buf_cleanup(&out);
}

// As many as are kept, so that rows of the index are shared and keys collide. Each secret is looked
// for in every fourth form, beginning with another one than the secret before it.
static void many_secrets_are_found_in_every_form(void **state) {
    (void)state;
    struct secret_set secrets_known = {0};
    struct buf secrets[LIMIT_SECRETS];
    unsigned seed = 5;
    for (size_t i = 0; i < LIMIT_SECRETS; i++) {
        buf_init(&secrets[i], 64);
        secret_make(&secrets[i], &seed, 12 + i % 9);
        secret_set_learn(&secrets_known, buf_slice(&secrets[i]), false);
    }
    for (size_t i = 0; i < LIMIT_SECRETS; i++) {
        for (size_t form = i % 4; form < FORM_COUNT; form += 4) {
            assert_hidden(&secrets_known, buf_slice(&secrets[i]), (enum secret_form)form);
        }
    }
    for (size_t i = 0; i < LIMIT_SECRETS; i++) {
        buf_cleanup(&secrets[i]);
    }
    secret_set_cleanup(&secrets_known);
}

static size_t work_of(const struct secret_set *secrets_known, struct slice text,
                      size_t *out_covered) {
    struct secret_search search = {.secrets_known = secrets_known, .text = text};
    struct secret_match match;
    *out_covered = 0;
    while (secret_search_next(&search, &match)) {
        *out_covered = match.at + match.len;
    }
    return search.work;
}

static void a_text_made_to_cost_time_is_hidden(void **state) {
    (void)state;
    enum { TEXT_LEN = 64 * 1024, WORK_MAX = 100 * TEXT_LEN };
    static uint8_t text[TEXT_LEN];
    uint8_t secret[LIMIT_SECRET];
    struct secret_set secrets_known = {0};
    memset(secret, 'a', sizeof(secret));
    for (uint8_t i = 0; i < 50; i++) { // all begin alike, none of them is in the text
        secret[sizeof(secret) - 1] = (uint8_t)('b' + i);
        secret_set_learn(&secrets_known, slice_of(secret, sizeof(secret)), false);
    }
    size_t covered = 0;
    memset(text, 'a', sizeof(text));
    assert_true(work_of(&secrets_known, slice_of(text, sizeof(text)), &covered) < WORK_MAX);
    assert_int_equal(covered, sizeof(text));
    memset(text, 'x', sizeof(text)); // an ordinary one costs nothing and is shown
    assert_int_equal(work_of(&secrets_known, slice_of(text, sizeof(text)), &covered), 0);
    assert_int_equal(covered, 0);
    secret_set_cleanup(&secrets_known);
}

static void many_short_texts_cost_no_more_than_a_long_one(void **state) {
    (void)state;
    enum { SECRETS = 1000, TEXTS = 5000, TEXT_LEN = 8, WORK_OF_BYTE_MAX = 32 };
    struct secret_set secrets_known = {0};
    size_t covered = 0;
    size_t work = 0;
    for (unsigned i = 0; i < SECRETS; i++) { // all begin alike, none of them is in the texts
        struct buf secret;
        buf_init(&secret, 64);
        buf_putf(&secret, "aaaaaaaa%u", i);
        secret_set_learn(&secrets_known, buf_slice(&secret), false);
        buf_cleanup(&secret);
    }
    for (unsigned i = 0; i < TEXTS; i++) {
        work += work_of(&secrets_known, SLICE("aaaaaaaa"), &covered);
    }
    assert_true(work < LIMIT_SEARCH_RESERVE + (size_t)TEXTS * TEXT_LEN * WORK_OF_BYTE_MAX);
    assert_int_equal(covered, TEXT_LEN);
    secret_set_cleanup(&secrets_known);
}

static void too_many_secrets_are_an_overflow(void **state) {
    (void)state;
    struct secret_set secrets_known = {0};
    for (unsigned i = 0; i <= LIMIT_SECRETS; i++) {
        assert_false(secrets_known.overflowed);
        struct buf secret;
        buf_init(&secret, 64);
        buf_putf(&secret, "secret %u", i);
        secret_set_learn(&secrets_known, buf_slice(&secret), false);
        secret_set_learn(&secrets_known, buf_slice(&secret), false); // known: takes no room
        buf_cleanup(&secret);
    }
    assert_true(secrets_known.overflowed);
    secret_set_cleanup(&secrets_known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_random_secrets_is_hidden),
        cmocka_unit_test(base64_is_found_within_longer_base64),
        cmocka_unit_test(base64_is_found_over_the_ends_of_lines),
        cmocka_unit_test(other_text_stays_as_it_is),
        cmocka_unit_test(a_short_plain_word_is_found_in_its_own_case_only),
        cmocka_unit_test(a_literal_escape_character_is_found_too),
        cmocka_unit_test(characters_beyond_ascii_are_found_by_their_code_points),
        cmocka_unit_test(quotes_of_the_secret_itself_are_found_too),
        cmocka_unit_test(overlapping_matches_become_one_and_touching_ones_stay_two),
        cmocka_unit_test(a_beginning_counts_at_the_end_of_a_cut_text),
        cmocka_unit_test(a_long_beginning_of_a_key_counts_anywhere),
        cmocka_unit_test(a_beginning_counts_before_an_ellipsis),
        cmocka_unit_test(an_ellipsis_is_no_part_of_a_secret),
        cmocka_unit_test(a_long_secret_hides_all_behind_its_beginning),
        cmocka_unit_test(many_secrets_are_found_in_every_form),
        cmocka_unit_test(a_text_made_to_cost_time_is_hidden),
        cmocka_unit_test(many_short_texts_cost_no_more_than_a_long_one),
        cmocka_unit_test(too_many_secrets_are_an_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
