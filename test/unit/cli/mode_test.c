// SPDX-License-Identifier: MIT
#include "cli/mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct good_row {
    const char *word;
    enum mode kind;
    bool implicit_tls;
    const char *host;
    uint16_t port;
    const char *listen_host;
    uint16_t listen_port;
    const char *text;
};

static const struct good_row good_rows[] = {
    {"reverse:smtp://mail.example.com:587", MODE_REVERSE, false, "mail.example.com", 587,
     "127.0.0.1", 2525, "reverse smtp://mail.example.com:587"},
    {"reverse:smtp://mail.example.com", MODE_REVERSE, false, "mail.example.com", 25, "127.0.0.1",
     2525, "reverse smtp://mail.example.com:25"},
    {"reverse:smtps://mail.example.com", MODE_REVERSE, true, "mail.example.com", 465, "127.0.0.1",
     2525, "reverse smtps://mail.example.com:465"},
    {"reverse:SMTP://a/@25", MODE_REVERSE, false, "a", 25, "127.0.0.1", 25, "reverse smtp://a:25"},
    {"reverse:smtp://[::1]:26@[::1]:0", MODE_REVERSE, false, "::1", 26, "::1", 0,
     "reverse smtp://[::1]:26"},
    {"reverse:smtps://[2001:db8::7]@localhost:465", MODE_REVERSE, true, "2001:db8::7", 465,
     "localhost", 465, "reverse smtps://[2001:db8::7]:465"},
    {"transparent@0.0.0.0:10025", MODE_TRANSPARENT, false, NULL, 0, "0.0.0.0", 10025,
     "transparent"},
    {"socks5@1080", MODE_SOCKS5, false, NULL, 0, "127.0.0.1", 1080, "socks5"},
    {"sink", MODE_SINK, false, NULL, 0, "127.0.0.1", 2525, "sink"},
};

static void assert_text(const char *actual, const char *expected) {
    if (expected == NULL) {
        assert_null(actual);
    } else {
        assert_string_equal(actual, expected);
    }
}

static void reads_every_form(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(good_rows) / sizeof(good_rows[0]); i++) {
        const struct good_row *row = &good_rows[i];
        struct mode_spec mode;
        struct failure failure = {0};
        assert_int_equal(mode_parse(&mode, &failure, row->word), OK);
        assert_int_equal(mode.kind, row->kind);
        assert_int_equal(mode.implicit_tls, row->implicit_tls);
        assert_text(mode.host, row->host);
        assert_int_equal(mode.port, row->port);
        assert_text(mode.listen_host, row->listen_host);
        assert_int_equal(mode.listen_port, row->listen_port);
        struct buf text;
        buf_init(&text, 1000);
        mode_put_text(&text, &mode);
        assert_true(slice_is(buf_slice(&text), row->text));
        buf_cleanup(&text);
        mode_cleanup(&mode);
    }
}

// The word that is wrong stands in the sentence.
// What stands in the place of a --mode, and the --mode that it is short for.
static const struct {
    const char *word;
    const char *mode;
} short_rows[] = {
    {"mail.example.com:587", "reverse:smtp://mail.example.com:587"},
    {"mail.example.com:465", "reverse:smtps://mail.example.com:465"},
    {"mail.example.com", "reverse:smtp://mail.example.com:25"},
    {"localhost", "reverse:smtp://localhost:25"},
    {"localhost:465@0", "reverse:smtps://localhost:465@0"},
    {"[::1]:587@[::1]:0", "reverse:smtp://[::1]:587@[::1]:0"},
    {"192.0.2.7:2465@2526", "reverse:smtp://192.0.2.7:2465@2526"},
    {"smtp://a:465", "reverse:smtp://a:465"},
    {"smtps://a", "reverse:smtps://a"},
    {"sink", "sink"},
    {"sink@2526", "sink@2526"},
    {"reverse:smtp://a", "reverse:smtp://a"},
};

static void reads_a_server_in_place_of_a_mode(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(short_rows) / sizeof(short_rows[0]); i++) {
        struct mode_spec due;
        struct mode_spec mode;
        struct failure failure = {0};
        assert_int_equal(mode_parse(&due, &failure, short_rows[i].mode), OK);
        if (mode_parse_short(&mode, &failure, short_rows[i].word) != OK) {
            fail_msg("%s: %s", short_rows[i].word, failure.text);
        }
        assert_int_equal(mode.kind, due.kind);
        assert_int_equal(mode.implicit_tls, due.implicit_tls);
        assert_text(mode.host, due.host);
        assert_int_equal(mode.port, due.port);
        assert_text(mode.listen_host, due.listen_host);
        assert_int_equal(mode.listen_port, due.listen_port);
        mode_cleanup(&mode);
        mode_cleanup(&due);
    }
}

static const struct {
    const char *word;
    const char *named;
} bad_rows[] = {
    {"", "''"},
    {"regular", "'regular'"},
    {"Reverse:smtp://a", "'Reverse'"},
    {"reverse", "reverse:smtp://"},
    {"reverse:", "''"},
    {"reverse:mail.example.com", "'mail.example.com'"},
    {"reverse:http://a", "'http://a'"},
    {"reverse:smtp://", "'smtp://'"},
    {"reverse:smtp://:25", "'smtp://:25'"},
    {"reverse:smtp://a b", "'smtp://a b'"},
    {"reverse:smtp://a/b", "'smtp://a/b'"},
    {"reverse:smtp://::1", "'smtp://::1'"},
    {"reverse:smtp://[::1", "'smtp://[::1'"},
    {"reverse:smtp://[::1]25", "'smtp://[::1]25'"},
    {"reverse:smtp://a:0", "'0'"},
    {"reverse:smtp://a:65536", "'65536'"},
    {"reverse:smtp://a:", "''"},
    {"reverse:smtp://a:2x", "'2x'"},
    {"sink:smtp://a", "'smtp://a'"},
    {"sink@", "'@'"},
    {"sink@x", "'@x'"},
    {"sink@:25", "'@:25'"},
    {"sink@::1:25", "'@::1:25'"},
    {"sink@[::1]", "'@[::1]'"},
    {"sink@127.0.0.1:65536", "'@127.0.0.1:65536'"},
    {"sink@-1", "'@-1'"},
    {"socks5:x@1080", "'socks5' takes no URL, but got 'x'"},
    {"revers:x@1080", "'revers' is not one of reverse, transparent, socks5, connect, sink"},
    {"reverse:mail.example.com:587@0", "'mail.example.com:587' is not an smtp://"},
    {"reverse:smtp://[::1@0", "'smtp://[::1'"},
};

static void names_what_is_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        struct mode_spec mode;
        struct failure failure = {0};
        assert_int_equal(mode_parse(&mode, &failure, bad_rows[i].word), ERR_USAGE);
        if (strstr(failure.text, bad_rows[i].named) == NULL) {
            fail_msg("%s: %s", bad_rows[i].word, failure.text);
        }
    }
}

static void repeats_no_password(void **state) {
    (void)state;
    static const char *const words[] = {
        "reverse:smtp://user:s3cr3t@mail.example.com:25",
        "reverse:smtps://user:s3cr3t@127.0.0.1:25@0",
        "reverse:smtp://user:s3cr3t@mail.example.com/x",
        "reverse:smtp://user:a@s3cr3t@mail.example.com",
        "reverse:smtp://user:s3cr3t@",
        "reverse:http://user:s3cr3t@mail.example.com",
        "reverse:user:s3cr3t@mail.example.com",
        "revers:smtp://user:s3cr3t@mail.example.com",
        "sink:smtp://user:s3cr3t@mail.example.com",
        "reverse:smtp://s3cr3t@mail.example.com@25",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct mode_spec mode;
        struct failure failure = {0};
        assert_int_equal(mode_parse(&mode, &failure, words[i]), ERR_USAGE);
        if (strstr(failure.text, "s3cr3t") != NULL) {
            fail_msg("%s: %s", words[i], failure.text);
        }
        assert_non_null(strstr(failure.text, "********@"));
    }
}

// A number that is no port may be a password, and so may any number that a name with an `@` is
// before.
static void repeats_no_number_that_may_be_a_password(void **state) {
    (void)state;
    static const char *const words[] = {
        "reverse:smtp://user:70012@mail.example.com",
        "reverse:smtp://user:1234570012@mail.example.com:25",
        "reverse:smtp://user@example.com:70012@mail.example.com",
        "reverse:smtp://user@example.com:7001@mail.example.com",
        "reverse:smtp://[::1]:70012@mail.example.com",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct mode_spec mode;
        struct failure failure = {0};
        assert_int_equal(mode_parse(&mode, &failure, words[i]), ERR_USAGE);
        if (strstr(failure.text, "7001") != NULL) {
            fail_msg("%s: %s", words[i], failure.text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(reads_a_server_in_place_of_a_mode),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(repeats_no_password),
        cmocka_unit_test(repeats_no_number_that_may_be_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
