// SPDX-License-Identifier: MIT
#include "base/sentence.h"

#include "check.h"

static void check_parts(struct slice sentence, const char *const *parts) {
    size_t i = 0;
    for (; sentence.len > 0; i += 2) {
        bool is_value = false;
        assert_non_null(parts[i]);
        struct slice part = sentence_next(&is_value, &sentence);
        check_slice(part, parts[i + 1]);
        assert_int_equal(is_value, parts[i][0] == 'v');
    }
    assert_null(parts[i]);
}

static void tells_values_from_our_own_words(void **state) {
    (void)state;
    check_parts(SLICE("a \x02"
                      "b\x03 c\x02"
                      "d\x03"),
                (const char *[]){"o", "a ", "v", "b", "o", " c", "v", "d", NULL});
    check_parts(SLICE("\x02\x03no"), (const char *[]){"v", "", "o", "no", NULL});
    check_parts(SLICE("none"), (const char *[]){"o", "none", NULL});
    check_parts(SLICE(""), (const char *[]){NULL});
}

static void takes_for_a_value_what_was_cut(void **state) {
    (void)state;
    check_parts(SLICE("a \x02"
                      "bc"),
                (const char *[]){"o", "a ", "v", "bc", NULL});
    check_parts(SLICE("\x02"
                      "b; and \x02"
                      "c\x03."),
                (const char *[]){"v", "b; and ", "v", "c", "o", ".", NULL});
}

static void a_value_holds_no_mark(void **state) {
    (void)state;
    struct buf out;
    struct buf plain;
    buf_init(&out, 100);
    buf_init(&plain, 100);
    sentence_put_value(&out, SLICE("a\x02z\x03\"\n"));
    check_slice(buf_slice(&out), "\x02"
                                 "a\\x02z\\x03\"\\x0A\x03");
    sentence_put_plain(&plain, buf_slice(&out));
    check_slice(buf_slice(&plain), "a\\x02z\\x03\"\\x0A");
    buf_cleanup(&out);
    buf_cleanup(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_values_from_our_own_words),
        cmocka_unit_test(takes_for_a_value_what_was_cut),
        cmocka_unit_test(a_value_holds_no_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
