// SPDX-License-Identifier: MIT
#include "message/content_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *value;
    bool multipart;
    const char *boundary; // NULL: none
} cases[] = {
    {"text/plain; charset=utf-8", false, NULL},
    {"multipart/mixed; boundary=abc", true, "abc"},
    {"Multipart/Alternative;boundary=\"a b=c\"", true, "a b=c"},
    {"multipart/mixed; charset=x; Boundary = \"q\\\"q\"", true, "q\"q"},
    {"multipart/mixed; boundary=----=_Part_1_2.3", true, "----=_Part_1_2.3"},
    {"(note) multipart/(x)mixed (y); (z) boundary=abc", true, "abc"},
    {"multipart/mixed; type=\"text/html; boundary=no\"; boundary=yes", true, "yes"},
    {"multipart/mixed", true, NULL},
    {"multipart/mixed; boundary=\"\"", true, NULL},
    {"multipart", false, NULL},
    {"", false, NULL},
    {"text/plain; boundary=abc", false, "abc"},
};

static void content_types_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct content_type type;
        content_type_parse(&type, slice_of_string(cases[i].value));
        const char *boundary = cases[i].boundary == NULL ? "" : cases[i].boundary;
        if (type.multipart != cases[i].multipart || strcmp(type.boundary, boundary) != 0 ||
            type.boundary_len != strlen(boundary)) {
            fail_msg("%s gave %d, %s", cases[i].value, type.multipart, type.boundary);
        }
    }
}

static void continued_boundary_is_left_alone(void **state) {
    (void)state;
    struct content_type type;
    content_type_parse(&type, SLICE("multipart/mixed; boundary*0=ab; boundary*1=cd"));
    assert_true(type.boundary_unreadable);
    assert_false(type.has_boundary);
}

static void transfer_encodings_are_known(void **state) {
    (void)state;
    assert_int_equal(transfer_encoding_parse(SLICE("BASE64")), TRANSFER_BASE64);
    assert_int_equal(transfer_encoding_parse(SLICE(" (x) quoted-printable ")),
                     TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_parse(SLICE("8bit")), TRANSFER_PLAIN);
    assert_int_equal(transfer_encoding_parse(SLICE("")), TRANSFER_PLAIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_types_are_read),
        cmocka_unit_test(continued_boundary_is_left_alone),
        cmocka_unit_test(transfer_encodings_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
