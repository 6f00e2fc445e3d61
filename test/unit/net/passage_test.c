// SPDX-License-Identifier: MIT
#include "net/passage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PORT = 8025 };

static enum passage_verdict server_says(const char *bytes) {
    return passage_judge(SIDE_SERVER, slice_of_string(bytes), PORT);
}

static enum passage_verdict client_says(const char *bytes) {
    return passage_judge(SIDE_CLIENT, slice_of_string(bytes), PORT);
}

static void a_greeting_is_mail(void **state) {
    (void)state;
    static const char *const mail[] = {"220 mail.example.com ESMTP", "220-first", "220\r\n",
                                       "421 4.3.2 later", "554 no"};
    static const char *const other[] = {
        "SSH-2.0-OpenSSH_9.2", "+OK POP3", "* OK IMAP4", "200 news", "22x", "2200 x", "354 go",
        "\x16\x03\x03"};
    for (size_t i = 0; i < sizeof(mail) / sizeof(mail[0]); i++) {
        assert_int_equal(server_says(mail[i]), PASSAGE_MAIL);
    }
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        assert_int_equal(server_says(other[i]), PASSAGE_OTHER);
    }
    assert_int_equal(server_says("2"), PASSAGE_MORE);
    assert_int_equal(server_says("220"), PASSAGE_MORE);
    assert_int_equal(passage_judge(SIDE_SERVER, SLICE("220 ftp"), 21), PASSAGE_OTHER);
}

static void a_client_that_greets_first_is_mail(void **state) {
    (void)state;
    assert_int_equal(client_says("EHLO client.example.com\r\n"), PASSAGE_MAIL);
    assert_int_equal(client_says("helo x"), PASSAGE_MAIL);
    assert_int_equal(client_says("EH"), PASSAGE_MORE);
    assert_int_equal(client_says("GET / HTTP/1.1\r\n"), PASSAGE_OTHER);
    assert_int_equal(client_says("\x16\x03\x01"), PASSAGE_OTHER);
    assert_int_equal(client_says("HEAD / HTTP/1.1\r\n"), PASSAGE_OTHER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_is_mail),
        cmocka_unit_test(a_client_that_greets_first_is_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
