// SPDX-License-Identifier: MIT
#include "base/text.h"

#include "check.h"

#include <string.h>

static void check_escaped(struct slice text, const char *expected) {
    struct buf out;
    buf_init(&out, 100000);
    text_escape(&out, text);
    check_slice(buf_slice(&out), expected);
    buf_cleanup(&out);
}

static void escapes_what_could_forge_a_line(void **state) {
    (void)state;
    check_escaped(SLICE("plain \xC3\xA4"), "plain \xC3\xA4");
    check_escaped(SLICE("\"a\\b\""), "\\\"a\\\\b\\\"");
    check_escaped(SLICE("\r\n\t\x1B[1m\x7F"), "\\x0D\\x0A\\x09\\x1B[1m\\x7F");
    check_escaped(SLICE("\xC2\x9B"), "\\xC2\\x9B"); // C1
    check_escaped(SLICE("\xFF\xC3"), "\\xFF\\xC3");
    check_escaped(slice_of("a\0b", 3), "a\\x00b");
}

// Text that reads in another order than it has, invisible text, other ends of lines.
static void escapes_what_shows_other_text(void **state) {
    (void)state;
    check_escaped(SLICE("a\xE2\x80\xAE"
                        "b"),
                  "a\\xE2\\x80\\xAE"
                  "b");
    static const char *const hidden[] = {
        "\xC2\xAD",     "\xD8\x9C",     "\xE2\x80\x8B",     "\xE2\x80\x8F",     "\xE2\x80\xA8",
        "\xE2\x80\xA9", "\xE2\x80\xAA", "\xE2\x81\xA0",     "\xE2\x81\xA6",     "\xE2\x81\xA9",
        "\xEF\xBB\xBF", "\xEF\xBF\xB9", "\xF3\xA0\x80\x81", "\xF3\xA0\x81\xBF",
    };
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        struct buf out;
        buf_init(&out, 100);
        text_put_printable(&out, slice_of_string(hidden[i]));
        assert_true(text_is_ascii(buf_slice(&out)));
        assert_true(text_is_treacherous(slice_of_string(hidden[i])));
        buf_cleanup(&out);
    }
    static const char shown[] =
        "\xD7\x90\xE2\x80\x90\xE2\x80\xA7\xE2\x80\xAF\xE3\x80\x80\xF0\x9F\x98\x80";
    check_escaped(slice_of_string(shown), shown);
}

static void writes_numbers(void **state) {
    (void)state;
    char digits[LIMIT_U64_DIGITS];
    check_slice(slice_of(digits, text_write_u64(digits, 0)), "0");
    check_slice(slice_of(digits, text_write_u64(digits, 10)), "10");
    check_slice(slice_of(digits, text_write_u64(digits, UINT64_MAX)), "18446744073709551615");
}

static void knows_well_formed_utf8(void **state) {
    (void)state;
    assert_true(text_is_utf8(SLICE("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")));
    assert_false(text_is_utf8(SLICE("\xC0\x80")));         // over-long
    assert_false(text_is_utf8(SLICE("\xED\xA0\x80")));     // a surrogate
    assert_false(text_is_utf8(SLICE("\xF4\x90\x80\x80"))); // past U+10FFFF
    assert_false(text_is_utf8(SLICE("\xE2\x82")));         // cut off
    assert_false(text_is_utf8(SLICE("\x80")));
    assert_int_equal(text_utf8_length(SLICE("\xE2\x82\xAC!")), 3);
    assert_int_equal(text_utf8_length(SLICE("")), 0);
}

static void knows_ascii_wherever_the_byte_is(void **state) {
    (void)state;
    uint8_t bytes[40];
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = 0x7F;
        }
        assert_true(text_is_ascii(slice_of(bytes, len)));
        for (size_t i = 0; i < len; i++) {
            bytes[i] = 0x80;
            assert_false(text_is_ascii(slice_of(bytes, len)));
            bytes[i] = 0x7F;
        }
    }
}

static void puts_what_can_be_read(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    text_put_hex(&out, SLICE("\x01\xAB"));
    check_slice(buf_slice(&out), "01ab");
    buf_clear(&out);
    text_put_printable(&out, SLICE("\"a\"\n"));
    check_slice(buf_slice(&out), "\"a\"\\x0A");
    buf_cleanup(&out);
}

static void reads_numbers(void **state) {
    (void)state;
    uint64_t value = 0;
    assert_true(text_parse_u64(&value, SLICE("0018"), 18));
    assert_int_equal(value, 18);
    assert_false(text_parse_u64(&value, SLICE("19"), 18));
    assert_true(text_parse_u64(&value, SLICE("18446744073709551615"), UINT64_MAX));
    assert_false(text_parse_u64(&value, SLICE("18446744073709551616"), UINT64_MAX));
    assert_false(text_parse_u64(&value, SLICE(""), 9));
    assert_false(text_parse_u64(&value, SLICE("+1"), 9));
    assert_false(text_parse_u64(&value, SLICE("1 "), 9));
}

static void knows_letters_and_digits(void **state) {
    (void)state;
    assert_int_equal(text_lower('A'), 'a');
    assert_int_equal(text_lower('['), '[');
    assert_int_equal(text_upper('z'), 'Z');
    assert_int_equal(text_upper(0xE4), 0xE4);
    assert_true(text_is_alpha('q') && text_is_digit('7') && text_is_alnum('Q'));
    assert_false(text_is_alpha('@') || text_is_digit('/') || text_is_alnum('_'));
    assert_int_equal(text_hex_value('f'), 15);
    assert_int_equal(text_hex_value('A'), 10);
    assert_int_equal(text_hex_value('g'), -1);
}

static void a_text_is_cut_between_characters(void **state) {
    (void)state;
    assert_int_equal(text_cut(SLICE("abc"), 3).len, 3);
    assert_int_equal(text_cut(SLICE("abc"), 2).len, 2);
    assert_int_equal(text_cut(SLICE("a\xC3\xA9"), 2).len, 1);
    assert_int_equal(text_cut(SLICE("\xC3\xA9"), 1).len, 0);
    assert_int_equal(text_cut(SLICE(""), 0).len, 0);
}

// Any number of them is put at once: as many, one after the other.
// `byte` as the one at `place` among bytes that are shown as they are.
static void check_among(uint8_t byte, uint8_t fill, size_t place) {
    uint8_t text[17];
    struct buf expected;
    memset(text, fill, sizeof(text));
    text[place] = byte;
    buf_init(&expected, 100);
    buf_put(&expected, slice_of(text, place));
    text_escape(&expected, slice_of(&byte, 1));
    buf_put(&expected, slice_of(text + place + 1, sizeof(text) - place - 1));
    buf_put_byte(&expected, '\0');
    check_escaped(slice_of(text, sizeof(text)), (const char *)buf_slice(&expected).data);
    buf_cleanup(&expected);
}

// Eight bytes are looked at at once.
static void each_byte_is_seen_in_each_place(void **state) {
    (void)state;
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
        for (size_t place = 0; place < 17; place++) {
            check_among((uint8_t)byte, ' ', place);
            check_among((uint8_t)byte, '~', place);
        }
    }
}

static void many_escapes_are_as_one(void **state) {
    static const char *const units[] = {
        "\"", "\x1B", "\xFF", "\xE2\x80\xAE", "\xF3\xA0\x81\x81", "\xC3\xA9"};
    struct buf text;
    struct buf each;
    (void)state;
    buf_init(&text, 10000);
    buf_init(&each, 100000);
    for (size_t i = 0; i < 700; i++) {
        struct slice unit = slice_of_string(units[(i / 100 + i % (i / 100 + 1)) % 6]);
        buf_put(&text, unit);
        text_escape(&each, unit);
    }
    buf_put_byte(&each, '\0');
    check_escaped(buf_slice(&text), (const char *)buf_slice(&each).data);
    buf_cleanup(&text);
    buf_cleanup(&each);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_cut_between_characters),
        cmocka_unit_test(escapes_what_could_forge_a_line),
        cmocka_unit_test(escapes_what_shows_other_text),
        cmocka_unit_test(each_byte_is_seen_in_each_place),
        cmocka_unit_test(many_escapes_are_as_one),
        cmocka_unit_test(writes_numbers),
        cmocka_unit_test(knows_well_formed_utf8),
        cmocka_unit_test(knows_ascii_wherever_the_byte_is),
        cmocka_unit_test(puts_what_can_be_read),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(knows_letters_and_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
