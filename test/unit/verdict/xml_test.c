// SPDX-License-Identifier: MIT
#include "verdict/xml.h"

#include "check.h"

static void check_put(struct slice text, const char *expected) {
    struct buf out;
    buf_init(&out, 1024);
    xml_put(&out, text);
    buf_put_byte(&out, 0);
    assert_string_equal(buf_slice(&out).data, expected);
    buf_cleanup(&out);
}

static void markup_and_white_space_come_back_from_an_attribute(void **state) {
    (void)state;
    check_put(SLICE("<a b=\"1\" c='2'>&"), "&lt;a b=&quot;1&quot; c=&apos;2&apos;&gt;&amp;");
    check_put(SLICE("a\tb\r\nc"),
              "a&#9;b&#13;&#10;c"); // as they are, a reader makes blanks of them
    check_put(SLICE("Gr\xC3\xBC\xC3\x9F"), "Gr\xC3\xBC\xC3\x9F");
}

#define REPLACED "\xEF\xBF\xBD"

static void what_xml_forbids_is_replaced(void **state) {
    (void)state;
    check_put(SLICE("a\0b\x1b"
                    "c\x7F"),
              "a" REPLACED "b" REPLACED "c" REPLACED);
    check_put(SLICE("\xEF\xBF\xBD \xEF\xBF\xBE \xEF\xBF\xBF"),
              REPLACED " " REPLACED " " REPLACED); // U+FFFE and U+FFFF are no characters
    check_put(SLICE("\xC3("), REPLACED "(");
    check_put(SLICE("\xED\xA0\x80"), REPLACED REPLACED REPLACED); // half of a pair of UTF-16
}

static void what_turns_text_around_is_shown_by_its_number(void **state) {
    (void)state;
    check_put(SLICE("a\xE2\x80\xAE"
                    "b"),
              "a&#x202E;b");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_and_white_space_come_back_from_an_attribute),
        cmocka_unit_test(what_xml_forbids_is_replaced),
        cmocka_unit_test(what_turns_text_around_is_shown_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
