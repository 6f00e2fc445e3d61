// SPDX-License-Identifier: MIT
#include "inspect/mail_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *field;
    const char *addresses; // joined by spaces
} cases[] = {
    {"", ""},
    {"bob@example.com", "bob@example.com"},
    {"Bob@Example.COM, <ann@example.net>", "bob@example.com ann@example.net"},
    {"\"Smith, Bob\" <bob@example.com>", "bob@example.com"},
    {"Bob (a, <x@y>) Smith <bob@example.com>", "bob@example.com"},
    {"bob (comment) @ example.com", "bob@example.com"},
    {"\"bob\"@example.com", "bob@example.com"},
    {"\"a b\"@example.com", "\"a b\"@example.com"},
    {"<@relay,@other:bob@example.com>", "bob@example.com"},
    {"undisclosed-recipients:;", ""},
    {"Friends: ann@example.com, Bob <bob@example.com>;, carl@example.com",
     "ann@example.com bob@example.com carl@example.com"},
    {"bob", ""},
    {"<>", ""},
    {", ,bob@example.com,", "bob@example.com"},
    {"bob@[IPv6:2001:db8::1]", "bob@[ipv6:2001:db8::1]"},
    {"=?UTF-8?Q?Bob=2C?= <bob@example.com>", "bob@example.com"},
    {"\"open <bob@example.com>", ""},
    {"<bob@example.com", "bob@example.com"},
    {"bob@", ""},
    {"@example.com", ""},
};

static void addresses_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf address;
        struct buf all;
        buf_init(&address, LIMIT_ADDRESS);
        buf_init(&all, 4096);
        struct slice rest = slice_of_string(cases[i].field);
        while (address_next(&address, &rest)) {
            buf_put_string(&all, buf_len(&all) > 0 ? " " : "");
            buf_put(&all, buf_slice(&address));
        }
        if (!slice_is(buf_slice(&all), cases[i].addresses)) {
            fail_msg("%s gave %.*s", cases[i].field, (int)buf_len(&all),
                     (const char *)buf_slice(&all).data);
        }
        buf_cleanup(&address);
        buf_cleanup(&all);
    }
}

static void too_long_is_passed_over(void **state) {
    (void)state;
    struct buf field;
    struct buf address;
    buf_init(&field, 4096);
    buf_init(&address, LIMIT_ADDRESS);
    for (int i = 0; i < 1000; i++) {
        buf_put_byte(&field, 'x');
    }
    buf_put_string(&field, "@example.com, bob@example.com");
    struct slice rest = buf_slice(&field);
    assert_true(address_next(&address, &rest));
    assert_true(slice_is(buf_slice(&address), "bob@example.com"));
    assert_false(address_next(&address, &rest));
    buf_cleanup(&field);
    buf_cleanup(&address);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(too_long_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
