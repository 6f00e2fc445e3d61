// SPDX-License-Identifier: MIT
#include "transcript/json_writer.h"

#include "check.h"

#include <string.h>

static void check_text(struct slice text, bool holds, const char *expected) {
    struct buf out;
    buf_init(&out, 100000);
    struct json_writer json = json_writer_on(&out, false);
    assert_int_equal(json_text(&json, text), holds);
    check_slice(buf_slice(&out), expected);
    assert_true(slice_is_null(text) || buf_len(&out) <= json_text_size(text) + 2);
    buf_cleanup(&out);
}

static void escapes_what_a_string_may_not_hold(void **state) {
    (void)state;
    check_text(SLICE("plain \xC3\xA4"), true, "\"plain \xC3\xA4\"");
    check_text(SLICE("\"a\\b\""), true, "\"\\\"a\\\\b\\\"\"");
    check_text(SLICE("\b\t\n\f\r"), true, "\"\\b\\t\\n\\f\\r\"");
    check_text(SLICE("\x1B[1m\x7F"), true, "\"\\u001b[1m\\u007f\"");
}

// A reader sees the same text, but neither a terminal nor a person is deceived by the line.
static void escapes_what_shows_other_text(void **state) {
    (void)state;
    check_text(SLICE("\xC2\x9B"), true, "\"\\u009b\"");
    check_text(SLICE("\xE2\x80\xAE"), true, "\"\\u202e\"");
    check_text(SLICE("\xF3\xA0\x81\x81"), true, "\"\\udb40\\udc41\"");
    check_text(SLICE("\xF0\x9F\x98\x80"), true, "\"\xF0\x9F\x98\x80\"");
}

static void says_what_it_cannot_hold(void **state) {
    (void)state;
    check_text(slice_of("a\0b", 3), false, "\"a\xEF\xBF\xBD\x62\"");
    check_text(SLICE("\xFF\xC3"), false, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    check_text((struct slice){0}, true, "null");
}

// Any number of them is put at once: as many, one after the other.
static void many_escapes_are_as_one(void **state) {
    static const char *const units[][2] = {
        {"\"", "\\\""},
        {"\x1B", "\\u001b"},
        {"\xFF", "\xEF\xBF\xBD"},
        {"\xF3\xA0\x81\x81", "\\udb40\\udc41"},
        {"\n", "\\n"},
        {"\xC3\xA9", "\xC3\xA9"},
    };
    struct buf text;
    struct buf expected;
    (void)state;
    buf_init(&text, 10000);
    buf_init(&expected, 100000);
    buf_put_byte(&expected, '"');
    for (size_t i = 0; i < 700; i++) {
        size_t unit = (i / 100 + i % (i / 100 + 1)) % 6;
        buf_put_string(&text, units[unit][0]);
        buf_put_string(&expected, units[unit][1]);
    }
    buf_put(&expected, slice_of("\"", 2)); // and the end of a C string
    check_text(buf_slice(&text), false, (const char *)buf_slice(&expected).data);
    buf_cleanup(&text);
    buf_cleanup(&expected);
}

// Bytes are looked at eight at a time: each, at each place among plain ones, is written as alone.
static void each_byte_at_each_place(void **state) {
    (void)state;
    for (unsigned byte = 0; byte < 0x80; byte++) {
        for (size_t place = 0; place < 17; place++) {
            uint8_t text[17];
            struct buf whole;
            struct buf alone;
            buf_init(&whole, 256);
            buf_init(&alone, 256);
            memset(text, 'a', sizeof(text));
            text[place] = (uint8_t)byte;
            struct json_writer json = json_writer_on(&whole, false);
            json_text(&json, slice_of(text, sizeof(text)));
            json = json_writer_on(&alone, false);
            json_text(&json, slice_of(text + place, 1));
            struct slice inner = slice_sub(buf_slice(&alone), 1, buf_len(&alone) - 2);
            struct slice at_place = slice_sub(buf_slice(&whole), 1 + place, inner.len);
            assert_int_equal(buf_len(&whole), sizeof(text) - 1 + inner.len + 2);
            assert_true(slice_equal(at_place, inner));
            buf_cleanup(&whole);
            buf_cleanup(&alone);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_at_each_place),
        cmocka_unit_test(escapes_what_a_string_may_not_hold),
        cmocka_unit_test(escapes_what_shows_other_text),
        cmocka_unit_test(says_what_it_cannot_hold),
        cmocka_unit_test(many_escapes_are_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
