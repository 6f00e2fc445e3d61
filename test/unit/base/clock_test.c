// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include "check.h"

static void check_written(int64_t unix_ns, enum clock_precision precision, const char *expected) {
    struct buf out;
    buf_init(&out, 100);
    clock_put_rfc3339(&out, unix_ns, precision);
    check_slice(buf_slice(&out), expected);
    buf_cleanup(&out);
}

static void writes_rfc3339(void **state) {
    (void)state;
    int64_t at = INT64_C(1795359791586123456); // 2026-11-22T15:03:11.586123456Z
    check_written(at, CLOCK_MILLISECONDS, "2026-11-22T15:03:11.586Z");
    check_written(at, CLOCK_MICROSECONDS, "2026-11-22T15:03:11.586123Z");
    check_written(at, CLOCK_SECONDS, "2026-11-22T15:03:11Z");
    check_written(0, CLOCK_MILLISECONDS, "1970-01-01T00:00:00.000Z");
    check_written(-1, CLOCK_MILLISECONDS, "1969-12-31T23:59:59.999Z");
    check_written(INT64_C(951782400) * NS_PER_S, CLOCK_SECONDS, "2000-02-29T00:00:00Z");
}

static void reads_what_it_writes(void **state) {
    (void)state;
    int64_t at = 0;
    assert_true(clock_parse_rfc3339(&at, SLICE("2026-11-22T15:03:11.586123Z")));
    assert_int_equal(at, INT64_C(1795359791586123000));
    assert_true(clock_parse_rfc3339(&at, SLICE("2026-11-22T16:03:11+01:00")));
    assert_int_equal(at, INT64_C(1795359791) * NS_PER_S);
    assert_false(clock_parse_rfc3339(&at, SLICE("2026-11-22")));
    assert_false(clock_parse_rfc3339(&at, SLICE("2026-11-22T15:03:11")));
    assert_false(clock_parse_rfc3339(&at, SLICE("2026-13-22T15:03:11Z")));
    assert_false(clock_parse_rfc3339(&at, SLICE("")));
}

static void counts_days(void **state) {
    (void)state;
    assert_int_equal(clock_days(1970, 1, 1), 0);
    assert_int_equal(clock_days(2000, 3, 1) - clock_days(2000, 2, 28), 2);
    assert_int_equal(clock_days(1900, 3, 1) - clock_days(1900, 2, 28), 1);
    assert_int_equal(clock_days(1969, 12, 31), -1);
}

static void writes_dates(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    clock_put_date(&out, INT64_C(1795359791586123456));
    check_slice(buf_slice(&out), "2026-11-22");
    buf_cleanup(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_rfc3339),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(counts_days),
        cmocka_unit_test(writes_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
