// SPDX-License-Identifier: MIT
// check: what the unit tests of several modules share.
#ifndef SCOPE_TEST_UNIT_CHECK_H
#define SCOPE_TEST_UNIT_CHECK_H

#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

// A slice against a C string; NULL is the null slice.
static inline void check_slice(struct slice found, const char *expected) {
    if (expected == NULL) {
        assert_true(slice_is_null(found));
        return;
    }
    if (slice_is_null(found) || !slice_is(found, expected)) {
        print_error("expected \"%s\", found \"%.*s\"\n", expected, (int)found.len,
                    found.len > 0 ? (const char *)found.data : "");
        fail();
    }
}

#endif
