// SPDX-License-Identifier: MIT
#include "smtp/not_smtp.h"

#include "check.h"

#include <string.h>

static char text[NOT_SMTP_TEXT_MAX];

static void check_server(struct slice head, bool ended, const char *word) {
    bool strange = not_smtp_is_server(text, head, ended);
    assert_int_equal(strange, word != NULL);
    assert_true(word == NULL || strstr(text, word) != NULL);
}

static void check_client(struct slice head, bool ended, const char *word) {
    bool strange = not_smtp_is_client(text, head, ended);
    assert_int_equal(strange, word != NULL);
    assert_true(word == NULL || strstr(text, word) != NULL);
}

static void knows_servers(void **state) {
    (void)state;
    check_server(SLICE("HTTP/1.1 400"), false, "HTTP");
    check_server(SLICE("SSH-2.0-x"), false, "SSH");
    check_server(SLICE("* OK ready"), false, "IMAP");
    check_server(SLICE("+OK ready"), false, "POP3");
    check_server(SLICE("\x15\x03\x01"), false, "TLS");
    check_server(SLICE("\x01\x02\x03\x04"), false, "binary");
    check_server(SLICE("hello \"you\""), true, "\x02hello \"you\"\x03");
    check_server(SLICE("hello"), false, NULL);
    check_server(SLICE("220 HTTP/"), true, NULL);
    check_server(SLICE("25"), false, NULL);
}

static void knows_clients(void **state) {
    (void)state;
    check_client(SLICE("GET / HTTP/1.1"), true, "HTTP");
    check_client(SLICE("GE"), false, NULL);
    check_client(SLICE("GETX"), true, NULL);
    check_client(SLICE("\x16\x03\x01"), false, "ClientHello");
    check_client(SLICE("SSH-2.0-x"), false, "SSH");
    check_client(SLICE("\x05\x01\x00\x03"), true, "binary");
    check_client(SLICE("EHLO x"), true, NULL);
    check_client(SLICE("\xC3\xA4\xC3\xA4"), true, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_servers),
        cmocka_unit_test(knows_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
