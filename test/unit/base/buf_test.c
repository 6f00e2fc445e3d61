// SPDX-License-Identifier: MIT
#include "base/buf.h"

#include "check.h"

#include <stdlib.h>

static void refuses_what_does_not_fit(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_int_equal(buf_append(&buf, SLICE("abc")), OK);
    assert_int_equal(buf_append(&buf, SLICE("def")), ERR_LIMIT);
    check_slice(buf_slice(&buf), "abc");
    assert_int_equal(buf_append_some(&buf, SLICE("def")), 2);
    check_slice(buf_slice(&buf), "abcde");
    assert_int_equal(buf_room(&buf), 0);
    buf_put_byte(&buf, 'x');
    buf_putf(&buf, "%d", 7);
    check_slice(buf_slice(&buf), "abcde");
    buf_cleanup(&buf);
}

static void takes_from_its_front(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 300);
    for (int i = 0; i < 1000; i++) { // far more than the maximum, never at once
        buf_putf(&buf, "%03d", i % 1000);
        if (i >= 50) {
            buf_consume(&buf, 3);
        }
    }
    assert_int_equal(buf_len(&buf), 150);
    check_slice(slice_sub(buf_slice(&buf), 0, 3), "950");
    buf_truncate(&buf, 6);
    check_slice(buf_slice(&buf), "950951");
    buf_clear(&buf);
    check_slice(buf_slice(&buf), "");
    buf_shrink(&buf);
    assert_int_equal(buf.capacity, 0);
    buf_cleanup(&buf);
}

static void lends_memory(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_null(buf_reserve(&buf, 11));
    uint8_t *room = buf_reserve(&buf, 10);
    room[0] = 'a';
    buf_commit(&buf, 1);
    check_slice(buf_slice(&buf), "a");
    buf_cleanup(&buf);
}

static void gives_its_block_away(void **state) {
    (void)state;
    struct buf buf;
    size_t len = 0;
    buf_init(&buf, 10);
    buf_put_string(&buf, "abc");
    buf_consume(&buf, 1);
    uint8_t *block = buf_take(&buf, &len);
    check_slice(slice_of(block, len), "bc");
    assert_int_equal(buf_len(&buf), 0);
    buf_put_string(&buf, "d");
    check_slice(buf_slice(&buf), "d");
    free(block);
    buf_wipe(&buf);
    check_slice(buf_slice(&buf), "");
}

static void puts_numbers(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_put_u64(&buf, 0);
    buf_put_byte(&buf, ' ');
    buf_put_u64(&buf, 1002);
    buf_put_byte(&buf, ' ');
    buf_put_u64(&buf, UINT64_MAX);
    check_slice(buf_slice(&buf), "0 1002 18446744073709551615");
    buf_cleanup(&buf);
}

static void formats_long_text(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 4000);
    buf_putf(&buf, "%2000d", 1);
    assert_int_equal(buf_len(&buf), 2000);
    buf_cleanup(&buf);
}

static void is_nothing_when_zero(void **state) {
    (void)state;
    struct buf buf = {0};
    assert_int_equal(buf_append(&buf, SLICE("a")), ERR_LIMIT);
    assert_int_equal(buf_append(&buf, SLICE("")), OK);
    buf_cleanup(&buf);
}

static void fits_what_it_holds(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    buf_fit(&buf);
    assert_null(buf.data);
    buf_put(&buf, SLICE("a long story"));
    buf_consume(&buf, 2);
    buf_fit(&buf);
    check_slice(buf_slice(&buf), "long story");
    assert_int_equal(buf.capacity, 10);
    buf_put(&buf, SLICE("!"));
    check_slice(buf_slice(&buf), "long story!");
    buf_cleanup(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_does_not_fit), cmocka_unit_test(fits_what_it_holds),
        cmocka_unit_test(takes_from_its_front),      cmocka_unit_test(lends_memory),
        cmocka_unit_test(gives_its_block_away),      cmocka_unit_test(puts_numbers),
        cmocka_unit_test(formats_long_text),         cmocka_unit_test(is_nothing_when_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
