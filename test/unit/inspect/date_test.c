// SPDX-License-Identifier: MIT
#include "inspect/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

// 2026-11-22T15:03:11Z
#define NOON INT64_C(1795359791)

static const struct {
    const char *text;
    int64_t unix_s;
} good[] = {
    {"Sun, 22 Nov 2026 15:03:11 +0000", NOON},
    {"Sun, 22 Nov 2026 16:03:11 +0100", NOON},
    {"sun, 22 nov 2026 10:03:11 -0500 (EST)", NOON},
    {"22 Nov 2026 15:03:11 -0000", NOON},
    {"22 Nov 2026 15:03 GMT", NOON - 11},
    {"  22  Nov   26 15:03:11 UT  ", NOON},
    {"22 Nov 126 15:03:11 Z", NOON},
    {"Sun (day) , 22 Nov (a (nested\\) ) b) 2026 15 : 03 : 11 +0000", NOON},
    {"22 Nov 2026 10:03:11 EST", NOON},
    {"22 Nov 2026 07:03:11 PST", NOON},
    {"22 Nov 2026 15:03:11 CET", NOON}, // unknown names count as -0000
    {"1 Jan 1970 00:00:00 +0000", 0},
    {"29 Feb 2024 00:00:00 +0000", INT64_C(1709164800)},
    {"31 Dec 2016 23:59:60 +0000", INT64_C(1483228800)},
    {"1 Jan 70 00:00:00 +0000", 0},
};

static const char *const bad[] = {
    "",
    "now",
    "2026-11-22T15:03:11Z",
    "Sun 22 Nov 2026 15:03:11 +0000", // no comma
    "Sunday, 22 Nov 2026 15:03:11 +0000",
    "Xyz, 22 Nov 2026 15:03:11 +0000",
    "Sun, 22 November 2026 15:03:11 +0000",
    "Sun, 22 Nov 2026 15:03:11", // no zone
    "Sun, 22 Nov 2026 15:03:11 +01:00",
    "Sun, 22 Nov 2026 15:03:11 +100",
    "Sun, 22 Nov 2026 15:03:11 +0160",
    "Sun, 22 Nov 2026 24:00:00 +0000",
    "Sun, 22 Nov 2026 15:60:11 +0000",
    "Sun, 22 Nov 2026 15:03:61 +0000",
    "Sun, 22 Nov 2026 5:03:11 +0000",
    "Sun, 00 Nov 2026 15:03:11 +0000",
    "Sun, 31 Nov 2026 15:03:11 +0000",
    "29 Feb 2026 00:00:00 +0000",
    "22 Nov 1899 15:03:11 +0000",
    "22 Nov 2 15:03:11 +0000",
    "Sun, 22 Nov 2026 15:03:11 +0000 trailing",
    "Sun, 22 Nov 2026 15:03:11 +0000 (open",
    "Sun, Nov 22 2026 15:03:11 +0000",
    "22 Nov 2026 15:03:11 J",
};

static void dates_parse(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t unix_s = -1;
        bool parsed = date_parse(&unix_s, slice_of_string(good[i].text));
        if (!parsed || unix_s != good[i].unix_s) {
            fail_msg("%s: %d, %lld", good[i].text, parsed, (long long)unix_s);
        }
    }
}

static void other_text_does_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t unix_s;
        if (date_parse(&unix_s, slice_of_string(bad[i]))) {
            fail_msg("%s parsed", bad[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_parse),
        cmocka_unit_test(other_text_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
