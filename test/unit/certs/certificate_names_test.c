// SPDX-License-Identifier: MIT
#include "certs/certificate_names.h"

#include "base/boringssl.h"

#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void addresses_are_read_with_and_without_brackets(void **state) {
    (void)state;
    uint8_t address[NAMES_ADDRESS_LEN];
    assert_int_equal(names_parse_address(address, "192.0.2.1"), 4);
    assert_memory_equal(address, "\xC0\0\x02\x01", 4);
    assert_int_equal(names_parse_address(address, "2001:db8::1"), 16);
    assert_int_equal(names_parse_address(address, "[2001:db8::1]"), 16);
    assert_memory_equal(address, "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    static const char *const none[] = {
        "",
        "[]",
        "[",
        "192.0.2",
        "mail.example.com",
        "[2001:db8::1",
        "1:2:3:4:5:6:7:8:9",
        "0000000000000000000000000000000000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(names_parse_address(address, none[i]), 0);
    }
}

static void loopback_is_both_families(void **state) {
    (void)state;
    assert_true(names_is_loopback("127.0.0.1"));
    assert_true(names_is_loopback("127.9.9.9"));
    assert_true(names_is_loopback("::1"));
    assert_true(names_is_loopback("[::1]"));
    assert_false(names_is_loopback("128.0.0.1"));
    assert_false(names_is_loopback("::2"));
    assert_false(names_is_loopback("localhost"));
}

static size_t count_of(const char *const *texts, size_t count) {
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (size_t i = 0; i < count; i++) {
        names_append(names, texts[i]);
    }
    size_t found = sk_GENERAL_NAME_num(names);
    GENERAL_NAMES_free(names);
    return found;
}

static void the_same_name_is_added_once(void **state) {
    (void)state;
    static const char *const host[] = {"mail.example.com", "mail.example.com."};
    static const char *const address[] = {"::1", "[::1]", "0:0::1"};
    static const char *const others[] = {"a.example.com", "b.example.com", "127.0.0.1"};
    assert_int_equal(count_of(host, 2), 1); // a dot at the end is the root's
    assert_int_equal(count_of(address, 3), 1);
    assert_int_equal(count_of(others, 3), 3);
}

static size_t names_for(const char *also) {
    GENERAL_NAMES *names = names_of(NULL, also);
    size_t count = names == NULL ? 0 : sk_GENERAL_NAME_num(names);
    GENERAL_NAMES_free(names);
    return count;
}

static void what_cannot_stand_in_a_certificate_is_left_out(void **state) {
    (void)state;
    char longest[256];
    memset(longest, 'a', sizeof(longest));
    for (size_t i = 63; i < sizeof(longest); i += 64) {
        longest[i] = '.';
    }
    longest[253] = '\0';
    assert_int_equal(names_for(longest), 1);
    longest[253] = '.'; // the root's
    longest[254] = '\0';
    assert_int_equal(names_for(longest), 1);
    longest[253] = 'a';
    assert_int_equal(names_for(longest), 0);
    assert_int_equal(names_for("mail.example.com."), 1);
    assert_int_equal(names_for("[::1]"), 1);
    assert_int_equal(names_for("a b"), 0);
    assert_int_equal(names_for("."), 0);
    assert_int_equal(names_for(""), 0);
    assert_int_equal(names_for(NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_with_and_without_brackets),
        cmocka_unit_test(loopback_is_both_families),
        cmocka_unit_test(the_same_name_is_added_once),
        cmocka_unit_test(what_cannot_stand_in_a_certificate_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
