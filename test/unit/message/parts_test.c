// SPDX-License-Identifier: MIT
// Messages cut into their parts, well formed and hostile.
#include "message/parts.h"

#include "base/limits.h"
#include "message/mime_parameter.h"
#include "message/transfer_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct expected {
    const char *type;
    const char *name;
    const char *text; // decoded
};

static void expect(const char *message, const struct expected *expected, size_t count) {
    struct message_parts parts;
    message_parts_read(&parts, slice_of_string(message));
    assert_int_equal(parts.count, count);
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        buf_init(&text, MIB);
        message_part_put(&text, &parts.parts[i]);
        assert_string_equal(parts.parts[i].type, expected[i].type);
        if (expected[i].name == NULL) {
            assert_null(parts.parts[i].name);
        } else {
            assert_string_equal(parts.parts[i].name, expected[i].name);
        }
        assert_true(slice_is(buf_slice(&text), expected[i].text));
        buf_cleanup(&text);
    }
    message_parts_cleanup(&parts);
}

#define EXPECT(message, ...)                                                                       \
    do {                                                                                           \
        static const struct expected list[] = {__VA_ARGS__};                                       \
        expect(message, list, sizeof(list) / sizeof(list[0]));                                     \
    } while (0)

static void a_plain_message_is_one_part(void **state) {
    (void)state;
    EXPECT("Subject: x\r\n\r\nHello\r\n", {"text/plain", NULL, "Hello\r\n"});
    EXPECT("Content-Type: TEXT/HTML; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           "PGI+\r\nSGk8L2I+\r\n",
           {"text/html", NULL, "<b>Hi</b>"});
    EXPECT("", {"text/plain", NULL, ""});
    EXPECT("Subject: no end", {"text/plain", NULL, ""});
}

static void nested_parts_come_in_their_order(void **state) {
    (void)state;
    EXPECT("Content-Type: multipart/mixed; boundary=\"a\"\r\n\r\npreamble\r\n--a\r\n"
           "Content-Type: multipart/alternative;\r\n boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\n"
           "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
           "a=3Db=\r\nc\r\n--b--\r\nnothing\r\n--a\r\n"
           "Content-Type: application/pdf; name=old.pdf\r\n"
           "Content-Disposition: attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf\r\n\r\nPDF\r\n"
           "--a--\r\nepilogue\r\n",
           {"text/plain", NULL, "Text"}, {"text/html", NULL, "a=bc"},
           {"application/pdf",
            "Gr\xC3\xBC\xC3\x9F"
            "e.pdf",
            "PDF"});
}

static void what_is_broken_is_read_as_far_as_it_goes(void **state) {
    (void)state;
    EXPECT("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nnever closed\r\n",
           {"text/plain", NULL, "never closed\r\n"});
    EXPECT("Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
           {"multipart/mixed", NULL, "no boundary\r\n"});
    EXPECT("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n"
           "--a\r\n\r\ntwo\r\n--a--\r\n",
           {"text/html", NULL, ""}, {"text/plain", NULL, "two"});
    EXPECT("Content-Type: a b/<script>\r\n\r\nx", {"application/octet-stream", NULL, "x"});
    EXPECT("Content-Transfer-Encoding: base64\r\n\r\nS!G=k*", {"text/plain", NULL, "H"});
    EXPECT("Content-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ=4",
           {"text/plain", NULL, "=ZZ=4"});
}

// What the page asks for by name: no markup, no line of a header of its own.
static void a_part_has_a_content_id_and_a_charset_where_they_are_clean(void **state) {
    (void)state;
    struct message_parts parts;
    message_parts_read(&parts, SLICE("Content-Type: multipart/related; boundary=b\r\n\r\n"
                                     "--b\r\nContent-Type: text/html; charset=UTF-8\r\n"
                                     "Content-ID:  <logo@example.com> \r\n\r\nx\r\n"
                                     "--b\r\nContent-Type: text/html; charset=\"a b<i>\"\r\n"
                                     "Content-ID: bare\r\nContent-ID: second\r\n\r\nx\r\n"
                                     "--b\r\nContent-ID: \r\n\r\nx\r\n--b--\r\n"));
    assert_int_equal(parts.count, 3);
    assert_string_equal(parts.parts[0].cid, "logo@example.com");
    assert_string_equal(parts.parts[0].charset, "UTF-8");
    assert_string_equal(parts.parts[1].cid, "bare");
    assert_null(parts.parts[1].charset);
    assert_null(parts.parts[2].cid);
    message_parts_cleanup(&parts);
}

static void a_nul_makes_no_type(void **state) {
    (void)state;
    static const char message[] = "Content-Type: multip\0art/mixed\r\n\r\nx";
    struct message_parts parts;
    message_parts_read(&parts, slice_of(message, sizeof(message) - 1));
    assert_int_equal(parts.count, 1);
    assert_string_equal(parts.parts[0].type, "application/octet-stream");
    message_parts_cleanup(&parts);
}

static void depth_and_number_are_bounded(void **state) {
    (void)state;
    struct buf message;
    buf_init(&message, 4 * MIB);
    buf_put_string(&message, "Content-Type: multipart/mixed; boundary=b0\n\n");
    for (int i = 0; i < 100; i++) {
        buf_putf(&message, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i + 1);
    }
    struct message_parts parts;
    message_parts_read(&parts, buf_slice(&message));
    assert_int_equal(parts.count, 1);
    message_parts_cleanup(&parts);
    buf_clear(&message);
    buf_put_string(&message, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 2 * LIMIT_MESSAGE_PARTS; i++) {
        buf_put_string(&message, "--b\n\nx\n");
    }
    message_parts_read(&parts, buf_slice(&message));
    assert_int_equal(parts.count, LIMIT_MESSAGE_PARTS);
    assert_true(parts.cut);
    message_parts_cleanup(&parts);
    buf_cleanup(&message);
}

static void parameter_is(const char *field, const char *name, const char *value) {
    struct buf out;
    buf_init(&out, MIB);
    bool there = mime_parameter(&out, slice_of_string(field), name);
    assert_int_equal(there, value != NULL);
    assert_true(!there || slice_is(buf_slice(&out), value));
    buf_cleanup(&out);
}

static void parameters_have_many_forms(void **state) {
    (void)state;
    parameter_is("a/b; name=x", "name", "x");
    parameter_is("a/b; NAME = \"x;\\\"y\\\\\" ; z=1", "name", "x;\"y\\");
    parameter_is("a/b", "name", NULL);
    parameter_is("a/b; name", "name", "");
    parameter_is("a/b; other=1; name=\"never closed", "name", "never closed");
    parameter_is("a/b; name*0*=iso-8859-1'de'Gr%FC; name*1=\"ss\"; name*2*=e%21", "name",
                 "Gr\xC3\xBCsse!");
    parameter_is("a/b; name*=no-such'x'%41", "name", "A");
    parameter_is("a/b; name=\"=?UTF-8?Q?Gr=C3=BC?=\"", "name", "Gr\xC3\xBC");
    parameter_is("a/b; name*1=late; name*0=first", "name", "first");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_message_is_one_part),
        cmocka_unit_test(nested_parts_come_in_their_order),
        cmocka_unit_test(what_is_broken_is_read_as_far_as_it_goes),
        cmocka_unit_test(a_part_has_a_content_id_and_a_charset_where_they_are_clean),
        cmocka_unit_test(a_nul_makes_no_type),
        cmocka_unit_test(depth_and_number_are_bounded),
        cmocka_unit_test(parameters_have_many_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
