// SPDX-License-Identifier: MIT
#include "message/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_decodes(const char *charset, const char *text, const char *expected) {
    struct buf out;
    buf_init(&out, 1024);
    assert_true(charset_decode(&out, slice_of_string(charset), slice_of_string(text)));
    assert_true(slice_is(buf_slice(&out), expected));
    buf_cleanup(&out);
}

static void assert_refuses(const char *charset, const char *text) {
    struct buf out;
    buf_init(&out, 1024);
    assert_false(charset_decode(&out, slice_of_string(charset), slice_of_string(text)));
    assert_int_equal(buf_len(&out), 0);
    buf_cleanup(&out);
}

static void common_charsets_become_utf8(void **state) {
    (void)state;
    assert_decodes("utf-8",
                   "Gr\xc3\xbc\xc3\x9f"
                   "e",
                   "Grüße");
    assert_decodes("US-ASCII", "plain", "plain");
    assert_decodes("ISO-8859-1", "\xe4 \xa4", "ä ¤");
    assert_decodes("iso-8859-15", "\xe4 \xa4", "ä €");
    assert_decodes("windows-1252", "\x80 \x93\xe4\x94", "€ “ä”");
}

static void others_are_the_libcs(void **state) {
    (void)state;
    assert_decodes("KOI8-R", "\xf0\xf2\xe9\xf7\xe5\xf4", "ПРИВЕТ");
    assert_decodes("Shift_JIS", "\x93\xfa\x96\x7b", "日本");
    assert_decodes("ISO-2022-JP", "\x1b$B4A;z\x1b(B", "漢字");
}

static void text_that_does_not_belong_is_refused(void **state) {
    (void)state;
    assert_refuses("UTF-8", "\xff");
    assert_refuses("US-ASCII", "\xe4");
    assert_refuses("Shift_JIS", "\x93");
}

static void text_without_room_is_refused_whole(void **state) {
    (void)state;
    static const char *const charsets[] = {"ISO-8859-1", "KOI8-R"};
    for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
        struct buf out;
        buf_init(&out, 8);
        assert_false(charset_decode(&out, slice_of_string(charsets[i]), SLICE("too long")));
        assert_int_equal(buf_len(&out), 0);
        buf_cleanup(&out);
    }
}

static void names_off_the_list_never_reach_the_libc(void **state) {
    (void)state;
    assert_refuses("ISO-2022-CN-EXT", "a");
    assert_refuses("UTF-8//TRANSLIT", "a");
    assert_refuses("../../evil", "a");
    assert_refuses("", "a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_charsets_become_utf8),
        cmocka_unit_test(others_are_the_libcs),
        cmocka_unit_test(text_that_does_not_belong_is_refused),
        cmocka_unit_test(text_without_room_is_refused_whole),
        cmocka_unit_test(names_off_the_list_never_reach_the_libc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
