// SPDX-License-Identifier: MIT
// Who gets in, and who does not.
#include "web/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const hosts[] = {"mail.test"};
static const struct guard guard = {
    .token = "0123456789abcdef", .bound = "127.0.0.1", .hosts = hosts, .host_count = 1};

static enum admission admit(const char *host, const char *origin, const char *authorization) {
    const struct visitor visitor = {.host = slice_of_string(host),
                                    .origin = slice_of_string(origin),
                                    .authorization = slice_of_string(authorization),
                                    .local = "192.0.2.7"};
    return guard_admit(&guard, &visitor, false);
}

#define TOKEN "Bearer 0123456789abcdef"

static void only_our_names_are_hosts(void **state) {
    (void)state;
    static const char *const ours[] = {"127.0.0.1:2526", "127.0.0.1",      "localhost:1",
                                       "LocalHost",      "mail.test:2526", "192.0.2.7:2526"};
    static const char *const others[] = {"",
                                         "evil.example",
                                         "127.0.0.1.evil.example",
                                         "localhost.evil.example:2526",
                                         "xlocalhost",
                                         "mail.test.",
                                         "[::1]:2526",
                                         "192.0.2.8"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        assert_int_equal(admit(ours[i], NULL, TOKEN), ADMITTED);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(admit(others[i], NULL, TOKEN), WRONG_HOST);
    }
    assert_int_equal(admit(NULL, NULL, TOKEN), WRONG_HOST);
}

static void an_address_of_ipv6_has_brackets(void **state) {
    (void)state;
    struct guard six = guard;
    six.bound = "::1";
    struct visitor visitor = {.host = SLICE("[::1]:2526"), .authorization = SLICE(TOKEN)};
    assert_int_equal(guard_admit(&six, &visitor, false), ADMITTED);
    visitor.host = SLICE("[::1");
    assert_int_equal(guard_admit(&six, &visitor, false), ADMITTED);
    visitor.host = SLICE("[::2]:2526");
    assert_int_equal(guard_admit(&six, &visitor, false), WRONG_HOST);
}

static void another_origin_is_turned_away(void **state) {
    (void)state;
    const char *host = "127.0.0.1:2526";
    assert_int_equal(admit(host, "http://127.0.0.1:2526", TOKEN), ADMITTED);
    static const char *const others[] = {
        "http://evil.example",   "null", "", "http://127.0.0.1", "http://127.0.0.1:2527",
        "https://127.0.0.1:2526"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(admit(host, others[i], TOKEN), WRONG_ORIGIN);
    }
    assert_int_equal(admit("mail.test", "https://mail.test", TOKEN), ADMITTED);
}

static void the_token_is_the_whole_token(void **state) {
    (void)state;
    const char *host = "localhost";
    static const char *const others[] = {"Bearer 0123456789abcdeF",
                                         "Bearer 0123456789abcde",
                                         "Bearer 0123456789abcdef0",
                                         "Bearer ",
                                         "Bearer",
                                         "0123456789abcdef",
                                         "Basic 0123456789abcdef",
                                         "Bearer 0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(admit(host, NULL, others[i]), WRONG_TOKEN);
    }
    assert_int_equal(admit(host, NULL, NULL), WRONG_TOKEN);
    assert_int_equal(admit(host, NULL, "bearer 0123456789abcdef"), ADMITTED);
    const struct visitor visitor = {.host = SLICE("localhost")};
    assert_int_equal(guard_admit(&guard, &visitor, true), ADMITTED);
}

static void tokens_have_a_least_length_and_can_be_sent(void **state) {
    (void)state;
    struct failure failure;
    assert_int_equal(guard_check_token(&failure, "0123456789abcdef"), OK);
    assert_int_equal(guard_check_token(&failure, "0123456789abcde"), ERR_USAGE);
    assert_int_equal(guard_check_token(&failure, "0123456789 abcdef"), ERR_USAGE);
    assert_int_equal(guard_check_token(&failure, "0123456789\nabcdef"), ERR_USAGE);
    assert_int_equal(guard_check_token(&failure, "0123456789#abcdef"), ERR_USAGE);
    assert_int_equal(guard_check_token(&failure, "S3cret!?@(0)'a&b;c*"), OK);
    char *one = guard_new_token();
    char *other = guard_new_token();
    assert_int_equal(strlen(one), 32);
    assert_string_not_equal(one, other);
    free(one);
    free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_names_are_hosts),
        cmocka_unit_test(an_address_of_ipv6_has_brackets),
        cmocka_unit_test(another_origin_is_turned_away),
        cmocka_unit_test(the_token_is_the_whole_token),
        cmocka_unit_test(tokens_have_a_least_length_and_can_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
