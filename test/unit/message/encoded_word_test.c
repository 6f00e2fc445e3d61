// SPDX-License-Identifier: MIT
#include "message/encoded_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    const char *text;
    const char *expected;
} cases[] = {
    {"plain text", "plain text"},
    {"", ""},
    {"=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
    {"=?utf-8?q?a_b=5Fc?=", "a b_c"},
    {"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"},
    {"=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>",
     "André Pirard <PIRARD@vm1.ulg.ac.be>"},
    {"=?US-ASCII*en?Q?Keith?=", "Keith"},
    // RFC 2047 8: space between two words goes, elsewhere it stays.
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=   \t =?UTF-8?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?= b", "a b"},
    {"=?ISO-8859-1?Q?a_?= =?ISO-8859-1?Q?b?=", "a b"},
    // A character split over two words.
    {"=?UTF-8?Q?Gr=C3?= =?UTF-8?Q?=BC=C3=9Fe?=", "Grüße"},
    {"=?UTF-8?B?w?= x", "=?UTF-8?B?w?= x"},
    // What does not decode stays.
    {"=?UTF-8?Q?=FF?=", "=?UTF-8?Q?=FF?="},
    {"=?UTF-8?Q?=Z1?=", "=?UTF-8?Q?=Z1?="},
    {"=?UTF-8?B?%%%?=", "=?UTF-8?B?%%%?="},
    {"=?x-unknown?Q?a?=", "=?x-unknown?Q?a?="},
    {"=?UTF-8?X?a?=", "=?UTF-8?X?a?="},
    {"=?UTF-8?Q?open", "=?UTF-8?Q?open"},
    {"=?", "=?"},
    {"=?UTF-8?Q?good?= =?UTF-8?Q?=FF?=", "good =?UTF-8?Q?=FF?="},
};

static void words_decode(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 1024);
        encoded_word_decode(&out, slice_of_string(cases[i].text));
        if (!slice_is(buf_slice(&out), cases[i].expected)) {
            fail_msg("%s gave %.*s", cases[i].text, (int)buf_len(&out),
                     (const char *)buf_slice(&out).data);
        }
        buf_cleanup(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_decode)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
