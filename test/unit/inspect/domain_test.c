// SPDX-License-Identifier: MIT
#include "inspect/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *domain;
    enum domain_form form;
} cases[] = {
    {"host.example.com", DOMAIN_QUALIFIED},
    {"a.b", DOMAIN_QUALIFIED},
    {"xn--bcher-kva.example", DOMAIN_QUALIFIED},
    {"1.2.example", DOMAIN_QUALIFIED},
    {"a-b.c-d", DOMAIN_QUALIFIED},
    {"[192.0.2.1]", DOMAIN_LITERAL},
    {"[IPv6:2001:db8::1]", DOMAIN_LITERAL},
    {"[ipv6:::1]", DOMAIN_LITERAL},
    {"[IPv6:::ffff:192.0.2.1]", DOMAIN_LITERAL},
    {"[x400:c=de]", DOMAIN_LITERAL},
    {"localhost", DOMAIN_SINGLE},
    {"192.0.2.1", DOMAIN_BARE_ADDRESS},
    {"2001:db8::1", DOMAIN_BARE_ADDRESS},
    {"[2001:db8::1]", DOMAIN_BAD_LITERAL},
    {"[::1]", DOMAIN_BAD_LITERAL},
    {"[192.0.2]", DOMAIN_BAD_LITERAL},
    {"[192.0.2.256]", DOMAIN_BAD_LITERAL},
    {"[host.example.com]", DOMAIN_BAD_LITERAL},
    {"[IPv6:2001:db8:::1]", DOMAIN_BAD_LITERAL},
    {"[]", DOMAIN_BAD_LITERAL},
    {"my_host.example.com", DOMAIN_UNDERSCORE},
    {"my_host", DOMAIN_UNDERSCORE},
    {"", DOMAIN_MALFORMED},
    {"-a.example", DOMAIN_MALFORMED},
    {"a-.example", DOMAIN_MALFORMED},
    {"a..b", DOMAIN_MALFORMED},
    {".a.b", DOMAIN_MALFORMED},
    {"host.example.com.", DOMAIN_MALFORMED},
    {"host example.com", DOMAIN_MALFORMED},
    {"192.0.2.1.5", DOMAIN_MALFORMED},
    {"b\xc3\xbc"
     "cher.example",
     DOMAIN_MALFORMED},
};

static void forms_are_told_apart(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum domain_form form = domain_form_of(slice_of_string(cases[i].domain));
        if (form != cases[i].form) {
            fail_msg("%s is %d, not %d", cases[i].domain, form, cases[i].form);
        }
    }
}

static void labels_have_63_bytes_at_most(void **state) {
    (void)state;
    static const char label[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example";
    assert_int_equal(sizeof(label) - 1, 64 + 8);
    assert_int_equal(domain_form_of(slice_of_string(label)), DOMAIN_MALFORMED);
    assert_int_equal(domain_form_of(slice_of_string(label + 1)), DOMAIN_QUALIFIED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_told_apart),
        cmocka_unit_test(labels_have_63_bytes_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
