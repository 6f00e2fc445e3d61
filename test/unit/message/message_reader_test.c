// SPDX-License-Identifier: MIT
// The reader's events as a text, a line each, for whole messages and for the same byte by byte.
#include "base/memory.h"
#include "message/message_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const flaw_names[FLAW_KIND_COUNT] = {
    [FLAW_HEADER_LINE] = "line",         [FLAW_HEADER_SPACE] = "space",
    [FLAW_HEADER_8BIT] = "8bit",         [FLAW_HEADER_LONG] = "long",
    [FLAW_MIME_NO_VERSION] = "version",  [FLAW_MIME_NO_BOUNDARY] = "boundary",
    [FLAW_MIME_UNCLOSED] = "unclosed",   [FLAW_MIME_BASE64] = "base64",
    [FLAW_MIME_QUOTED_PRINTABLE] = "qp",
};

static void take(void *context, const struct event *event) {
    struct buf *out = context;
    if (event->kind == EVENT_FIELD) {
        buf_putf(out, "%.*s=%.*s\n", (int)event->field.name.len,
                 (const char *)event->field.name.data, (int)event->field.value.len,
                 event->field.value.len > 0 ? (const char *)event->field.value.data : "");
    } else {
        buf_putf(out, "!%s %.*s", flaw_names[event->flaw.kind], (int)event->flaw.detail.len,
                 event->flaw.detail.len > 0 ? (const char *)event->flaw.detail.data : "");
        if (event->flaw.kind == FLAW_HEADER_LONG) {
            buf_putf(out, " %u", (unsigned)event->flaw.number);
        }
        buf_put_byte(out, '\n');
    }
}

static void read_message(struct buf *out, const char *text, size_t step, bool complete) {
    buf_init(out, 1 << 20);
    struct event_session session = {.id = 1};
    struct message_reader *reader = message_reader_new(&session, (struct event_sink){take, out});
    struct slice slice = slice_of_string(text);
    struct event event = {.kind = EVENT_CONTENT};
    for (size_t i = 0; i < slice.len; i += step) {
        event.content =
            (struct event_content){.message = 1, .exchange = 5, .bytes = slice_sub(slice, i, step)};
        message_reader_take(reader, &event);
    }
    event = (struct event){.kind = EVENT_CONTENT_END,
                           .content_end = {.message = 1, .exchange = 5, .complete = complete}};
    message_reader_take(reader, &event);
    message_reader_free(reader);
    buf_put_byte(out, '\0');
}

static void assert_reads(const char *text, const char *expected) {
    static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 3, 7};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct buf out;
        read_message(&out, text, steps[i], true);
        assert_string_equal((const char *)buf_slice(&out).data, expected);
        buf_cleanup(&out);
    }
}

static void fields_are_unfolded_and_decoded(void **state) {
    (void)state;
    assert_reads(
        "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?UTF-8?Q?_an_alle?=\r\n"
        "to:bob@example.com\r\nX-Empty:\r\nX-Fold: a\r\n\tb\r\n \r\n c\r\n\r\nbody: no\r\n",
        "Subject=Grüße an alle\nto=bob@example.com\nX-Empty=\nX-Fold=a\tb  c\n");
}

static void header_without_body(void **state) {
    (void)state;
    assert_reads("A: 1\r\nB: 2\r\n", "A=1\nB=2\n");
    assert_reads("A: 1", "A=1\n");
    assert_reads("\r\nA: 1\r\n", "");
    assert_reads("", "");
    assert_reads("A: 1\n\nB: 2\n", "A=1\n"); // bare LFs end lines too
}

static void malformed_lines_are_told_once(void **state) {
    (void)state;
    assert_reads("From bob Mon\r\nA: 1\r\nno colon here\r\n\r\n", "!line From bob Mon\nA=1\n");
    assert_reads("no colon\r\n folded\r\nA: 1\r\n\r\n", "!line no colon\nA=1\n");
    assert_reads(" folded first\r\nA: 1\r\n\r\n", "!line  folded first\nA=1\n");
    assert_reads("two words: 1\r\n\r\n", "!line two words: 1\n");
    assert_reads(": 1\r\n\r\n", "!line : 1\n");
    assert_reads("Date : now\r\n\r\n", "!space Date\nDate=now\n");
    assert_reads("A: \xe4\r\nB: \xe4\r\n\r\n\xe4\r\n", "!8bit A\nA=\xe4\nB=\xe4\n");
}

static void long_lines_are_counted_without_crlf(void **state) {
    (void)state;
    char text[1100];
    char expected[1200];
    memset(text, 'x', sizeof(text));
    memcpy(text, "A: ", 3);
    memcpy(text + 998, "\r\n\r\n", 5);
    memcpy(expected, "A=", 2);
    memset(expected + 2, 'x', 995);
    memcpy(expected + 997, "\n", 2);
    assert_reads(text, expected);
    memset(text + 998, 'x', 1);
    memcpy(text + 999, "\r\n\r\n", 5);
    struct buf out;
    read_message(&out, text, 1, true);
    assert_non_null(strstr((const char *)buf_slice(&out).data, "!long"));
    assert_non_null(strstr((const char *)buf_slice(&out).data, " 999\n"));
    buf_cleanup(&out);
}

#define MIXED        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
#define MIXED_FIELDS "MIME-Version=1.0\nContent-Type=multipart/mixed; boundary=a\n"

static void whole_structures_have_no_flaw(void **state) {
    (void)state;
    assert_reads(MIXED "preamble\r\n--a\r\n\r\ntext\r\n--a\r\n"
                       "Content-Type: multipart/alternative; boundary=\"b c\"\r\n\r\n"
                       "--b c\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4=\r\n"
                       "--b c\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b c--  \r\n"
                       "epilogue = of b\r\n--a--\r\nepilogue\r\n",
                 MIXED_FIELDS);
    assert_reads("MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n",
                 "MIME-Version=1.0\nContent-Transfer-Encoding=base64\n");
    // A boundary that begins like another is none.
    assert_reads(MIXED "--a\r\n\r\n--ab\r\n--ab--\r\n--a--\r\n", MIXED_FIELDS);
    // Something that looks like a boundary in a plain message.
    assert_reads("A: 1\r\n\r\n--\r\n--a\r\n", "A=1\n");
}

static void broken_structures_are_told(void **state) {
    (void)state;
    assert_reads(MIXED "--a\r\n\r\ntext\r\n", MIXED_FIELDS "!unclosed a\n");
    assert_reads(MIXED "no boundary at all\r\n", MIXED_FIELDS "!unclosed a\n");
    assert_reads(MIXED "--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n"
                       "--a--\r\n",
                 MIXED_FIELDS "!unclosed b\n");
    assert_reads(MIXED "--a\r\nContent-Type: multipart/alternative\r\n\r\n--a--\r\n",
                 MIXED_FIELDS "!boundary multipart/alternative\n");
    assert_reads(MIXED "--a\r\nContent-Transfer-Encoding: base64\r\n\r\nYW!j\r\n--a--\r\n",
                 MIXED_FIELDS "!base64 !\n");
    assert_reads(MIXED "--a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1=2\r\n--a--\r\n",
                 MIXED_FIELDS "!qp \n");
    assert_reads(MIXED
                 "--a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1=zz\r\n--a--\r\n",
                 MIXED_FIELDS "!qp z\n");
    assert_reads("Content-Type: text/plain\r\n\r\nx\r\n", "Content-Type=text/plain\n!version \n");
}

static void incomplete_messages_are_not_judged_to_their_end(void **state) {
    (void)state;
    struct buf out;
    read_message(&out, MIXED "--a\r\n\r\ntext\r\n", 1, false);
    assert_string_equal((const char *)buf_slice(&out).data, MIXED_FIELDS);
    buf_cleanup(&out);
}

static void deep_nesting_is_bounded(void **state) {
    (void)state;
    struct buf text;
    struct buf out;
    buf_init(&text, 1 << 20);
    buf_put_string(&text, "MIME-Version: 1.0\r\n");
    for (int i = 0; i < 1000; i++) {
        buf_putf(&text, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
    }
    buf_put_byte(&text, '\0');
    read_message(&out, (const char *)buf_slice(&text).data, 4096, true);
    assert_non_null(strstr((const char *)buf_slice(&out).data, "!unclosed b31\n"));
    buf_cleanup(&out);
    buf_cleanup(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_unfolded_and_decoded),
        cmocka_unit_test(header_without_body),
        cmocka_unit_test(malformed_lines_are_told_once),
        cmocka_unit_test(long_lines_are_counted_without_crlf),
        cmocka_unit_test(whole_structures_have_no_flaw),
        cmocka_unit_test(broken_structures_are_told),
        cmocka_unit_test(incomplete_messages_are_not_judged_to_their_end),
        cmocka_unit_test(deep_nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
