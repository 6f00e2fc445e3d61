// SPDX-License-Identifier: MIT
#include "message/transfer_encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// Whole and byte by byte must agree.
static void assert_decodes(enum transfer_encoding encoding, const char *text, bool expected) {
    struct mime_transfer whole;
    struct mime_transfer bytes;
    struct slice slice = slice_of_string(text);
    mime_transfer_begin(&whole, encoding);
    mime_transfer_feed(&whole, slice);
    mime_transfer_begin(&bytes, encoding);
    for (size_t i = 0; i < slice.len; i++) {
        mime_transfer_feed(&bytes, slice_sub(slice, i, 1));
    }
    if (mime_transfer_end(&whole) != expected || mime_transfer_end(&bytes) != expected) {
        fail_msg("%s should %sdecode", text, expected ? "" : "not ");
    }
}

static void base64_is_checked(void **state) {
    (void)state;
    assert_decodes(TRANSFER_BASE64, "", true);
    assert_decodes(TRANSFER_BASE64, "YWJj\r\nZGVm\r\n", true);
    assert_decodes(TRANSFER_BASE64, "YW\r\nI=\r\n\r\n", true);
    assert_decodes(TRANSFER_BASE64, "YQ==", true);
    assert_decodes(TRANSFER_BASE64, "YQ", false);
    assert_decodes(TRANSFER_BASE64, "YQ=", false);
    assert_decodes(TRANSFER_BASE64, "YQ==YQ==", false);
    assert_decodes(TRANSFER_BASE64, "YQ===", false);
    assert_decodes(TRANSFER_BASE64, "YW-j", false);
    assert_decodes(TRANSFER_BASE64, "Hello!", false);
}

static void quoted_printable_is_checked(void **state) {
    (void)state;
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "plain\r\n", true);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "=C3=A4 =e4\r\n", true);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "soft=\r\nbreak=  \r\nhere\n", true);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "soft=\nbreak", true);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "end=", true);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "1 + 1 = 2\r\n", false);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "a=b", false);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "=4", false);
    assert_decodes(TRANSFER_QUOTED_PRINTABLE, "=4\r\n", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_checked),
        cmocka_unit_test(quoted_printable_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
