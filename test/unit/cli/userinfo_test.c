// SPDX-License-Identifier: MIT
#include "cli/userinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *sentence;
    const char *shown;
};

static const struct row rows[] = {
    {"'joe:geheim@mx.example' is not a command", "'joe:********@mx.example' is not a command"},
    {"'smtp://joe:geheim@mx.example:25' is no", "'smtp://joe:********@mx.example:25' is no"},
    {"cannot read 'joe:ge heim@mx.example': No", "cannot read 'joe:********@mx.example': No"},
    {"'joe:it's@me@mx.example'; did you", "'joe:********@mx.example'; did you"},
    {"smtp://joe:geheim@mx.example: No such file", "smtp://joe:********@mx.example: No such file"},
    {"'joe%40a:1234567@mx'", "'joe%40a:********@mx'"},
    {"'a@b:geheim@mx' and 'c:d@e'", "'a@b:********@mx' and 'c:********@e'"},
    {"'reverse:joe:geheim@mx'", "'reverse:********@mx'"},
    {"'reverse:smtp://mx.example:587@127.0.0.1:25'",
     "'reverse:smtp://mx.example:587@127.0.0.1:25'"},
    {"'reverse:smtps://[2001:db8::7]@localhost:465'",
     "'reverse:smtps://[2001:db8::7]@localhost:465'"},
    {"listening on 127.0.0.1:2525 (sink), mail for joe@example.com",
     "listening on 127.0.0.1:2525 (sink), mail for joe@example.com"},
    {"'smtp://mx.example:25' leads back, on port 25: listen on another with --mode …@PORT",
     "'smtp://mx.example:25' leads back, on port 25: listen on another with --mode …@PORT"},
    {"'x' is none: 'joe:geheim@mx'", "'x' is none: 'joe:********@mx'"},
    {"'joe:@mx'", "'joe:@mx'"},
    {"'joe@example.com:1234@mx'", "'joe@example.com:********@mx'"},
    {"'smtp://joe@example.com:25@mx'", "'smtp://joe@example.com:********@mx'"},
    {"'smtp://token@mx@25'", "'smtp://********@25'"},
    {"'joe:x//geheim@mx'", "'joe:********@mx'"},
    {"'reverse:smtp://a:70000@0'", "'reverse:smtp://a:********@0'"},
    {"'smtp://[::1]:70000@mx'", "'smtp://[::1]:********@mx'"},
    {"'smtp://[::1]:25@mx'", "'smtp://[::1]:25@mx'"},
    {"'smtp://[::1]@mx'", "'smtp://[::1]@mx'"},
    {"' '' @ : '", "' '' @ : '"},
    {"", ""},
};

static void test_no_password_is_repeated(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf shown;
        buf_init(&shown, 256);
        userinfo_put_hidden(&shown, slice_of_string(rows[i].sentence));
        buf_put_byte(&shown, '\0');
        assert_string_equal((const char *)buf_slice(&shown).data, rows[i].shown);
        buf_cleanup(&shown);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_password_is_repeated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
