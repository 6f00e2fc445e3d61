// SPDX-License-Identifier: MIT
#include "transcript/json_writer.h"

#include "check.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_a_string_may_not_hold),
        cmocka_unit_test(escapes_what_shows_other_text),
        cmocka_unit_test(says_what_it_cannot_hold),
        cmocka_unit_test(many_escapes_are_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
