// SPDX-License-Identifier: MIT
#include "net/networks.h"

#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static bool have(const char *list, const char *host) {
    struct networks networks = {0};
    struct sockaddr_storage address;
    assert_true(networks_add(&networks, slice_of_string(list)));
    assert_true(address_parse(&address, host, 4711));
    bool found = networks_have(&networks, (const struct sockaddr *)&address);
    networks_cleanup(&networks);
    return found;
}

static bool parses(const char *list) {
    struct networks networks = {0};
    bool good = networks_add(&networks, slice_of_string(list));
    networks_cleanup(&networks);
    return good;
}

static void an_address_alone_is_that_one(void **state) {
    (void)state;
    assert_true(have("192.0.2.7", "192.0.2.7"));
    assert_false(have("192.0.2.7", "192.0.2.6"));
    assert_true(have("2001:db8::7", "2001:db8:0::7"));
    assert_false(have("2001:db8::7", "2001:db8::1:7"));
}

static void a_block_has_what_begins_alike(void **state) {
    (void)state;
    assert_true(have("10.0.0.0/8", "10.255.0.1"));
    assert_false(have("10.0.0.0/8", "11.0.0.1"));
    assert_true(have("10.128.0.0/9", "10.200.0.1"));
    assert_false(have("10.128.0.0/9", "10.127.255.255"));
    assert_true(have("192.0.2.6/31", "192.0.2.7"));
    assert_false(have("192.0.2.6/31", "192.0.2.8"));
    assert_true(have("192.0.2.7/32", "192.0.2.7"));
    assert_true(have("192.0.2.7/24", "192.0.2.200")); // bits past the prefix do not count
    assert_true(have("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(have("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(have("2001:db8::7/128", "2001:db8::7"));
}

static void all_of_a_family_is_none_of_the_other(void **state) {
    (void)state;
    assert_true(have("0.0.0.0/0", "203.0.113.9"));
    assert_false(have("0.0.0.0/0", "::1"));
    assert_true(have("::/0", "::1"));
    assert_false(have("::/0", "203.0.113.9"));
}

static void any_of_several(void **state) {
    (void)state;
    assert_true(have("192.0.2.7,10.0.0.0/8,::1", "10.1.2.3"));
    assert_true(have("192.0.2.7,10.0.0.0/8,::1", "::1"));
    assert_false(have("192.0.2.7,10.0.0.0/8,::1", "::2"));
}

static void mapped_is_ipv4(void **state) {
    (void)state;
    assert_true(have("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(have("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(have("::ffff:10.0.0.0/104", "11.1.2.3"));
    assert_true(have("::ffff:192.0.2.7", "192.0.2.7"));
}

static void an_empty_list_has_nothing(void **state) {
    (void)state;
    const struct networks none = {0};
    struct sockaddr_storage address;
    assert_true(address_parse(&address, "127.0.0.1", 1));
    assert_false(networks_have(&none, (const struct sockaddr *)&address));
}

static void what_is_no_list_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/",
        "10.0.0.0/8/8",
        "10.0.0.0/-1",
        "10.0.0/8",
        "localhost",
        "10.0.0.0/8,",
        ",10.0.0.0/8",
        "10.0.0.0 /8",
        "fe80::1%lo",
        "[::1]",
        "010.0.0.0/8",
        "10.0.0.0/+8",
        "10.0.0.0/x",
        "*",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (parses(wrong[i])) {
            fail_msg("'%s' was taken", wrong[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_alone_is_that_one),
        cmocka_unit_test(a_block_has_what_begins_alike),
        cmocka_unit_test(all_of_a_family_is_none_of_the_other),
        cmocka_unit_test(any_of_several),
        cmocka_unit_test(mapped_is_ipv4),
        cmocka_unit_test(an_empty_list_has_nothing),
        cmocka_unit_test(what_is_no_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
