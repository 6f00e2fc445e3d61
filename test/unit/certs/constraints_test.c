// SPDX-License-Identifier: MIT
// What a CA for some names may sign for is what its certificate says, and a leaf loses every name
// beside it, since clients would refuse all of them for one.
#include "certs/constraints.h"

#include "base/boringssl.h"
#include "certs/certificate_names.h"

#include <openssl/asn1.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 400 };

// A certificate that is limited to these names; not limited without them.
static X509 *limited_to(const char *const *hosts, size_t count) {
    X509 *ca = X509_new();
    struct failure failure = {""};
    NAME_CONSTRAINTS *constraints = NULL;
    if (count > 0) {
        assert_int_equal(constraints_new(&constraints, &failure, hosts, count), OK);
        assert_int_equal(
            X509_add1_ext_i2d(ca, NID_name_constraints, constraints, 1, X509V3_ADD_DEFAULT), 1);
        NAME_CONSTRAINTS_free(constraints);
    }
    return ca;
}

static GENERAL_NAMES *names_from(const char *list) {
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    struct slice rest = slice_of_string(list);
    while (rest.len > 0) {
        char name[TEXT_MAX] = "";
        struct slice word = slice_split(&rest, ' ');
        memcpy(name, word.data, word.len);
        sk_GENERAL_NAME_push(names, names_make_of(name));
    }
    return names;
}

static void keeps(const X509 *ca, const char *list, const char *kept) {
    GENERAL_NAMES *names = names_from(list);
    GENERAL_NAMES *due = names_from(kept);
    constraints_keep_permitted(names, ca);
    assert_int_equal(sk_GENERAL_NAME_num(names), sk_GENERAL_NAME_num(due));
    for (size_t i = 0; i < sk_GENERAL_NAME_num(due); i++) {
        const ASN1_STRING *name = sk_GENERAL_NAME_value(names, i)->d.ia5;
        const ASN1_STRING *wanted = sk_GENERAL_NAME_value(due, i)->d.ia5;
        if (ASN1_STRING_cmp(name, wanted) != 0) {
            fail_msg("of '%s' another one than '%s' is left", list, kept);
        }
    }
    GENERAL_NAMES_free(names);
    GENERAL_NAMES_free(due);
}

static void a_leaf_keeps_what_is_at_or_below_a_name(void **state) {
    (void)state;
    static const char *const hosts[] = {"example.com", "10.0.0.1"};
    X509 *ca = limited_to(hosts, 2);
    keeps(ca, "example.com other.test", "example.com");
    keeps(ca, "a.example.com other.test b.EXAMPLE.com", "a.example.com b.EXAMPLE.com");
    keeps(ca, "badexample.com example.com", "example.com");
    keeps(ca, "example.com.evil.test x.example.com", "x.example.com");
    keeps(ca, "10.0.0.1 10.0.0.2 ::1", "10.0.0.1");
    X509_free(ca);
}

// Then a client refuses it for what it is.
static void a_leaf_without_a_permitted_name_stays_as_it_is(void **state) {
    (void)state;
    static const char *const hosts[] = {"example.com"};
    X509 *ca = limited_to(hosts, 1);
    keeps(ca, "other.test 10.0.0.1", "other.test 10.0.0.1");
    X509_free(ca);
    ca = limited_to(NULL, 0);
    keeps(ca, "other.test example.com", "other.test example.com");
    X509_free(ca);
}

static void addresses_of_one_family_shut_the_other(void **state) {
    (void)state;
    static const char *const hosts[] = {"::1"};
    X509 *ca = limited_to(hosts, 1);
    keeps(ca, "::1 ::2 10.0.0.1 example.com", "::1");
    X509_free(ca);
}

static void shows(const char *const *hosts, size_t count, const char *text) {
    X509 *ca = limited_to(hosts, count);
    struct buf out;
    buf_init(&out, TEXT_MAX);
    constraints_put(&out, ca);
    assert_true(slice_equal(buf_slice(&out), slice_of_string(text)));
    buf_cleanup(&out);
    X509_free(ca);
}

// What stands in for "nothing" is not shown as a name that somebody chose.
static void the_limits_are_shown_as_they_were_given(void **state) {
    (void)state;
    static const char *const hosts[] = {"example.com", "test", "10.0.0.1", "2001:db8::1"};
    shows(hosts, 4, "example.com, test, 10.0.0.1, 2001:db8::1");
    shows(hosts, 1, "example.com");
    shows(hosts + 2, 1, "10.0.0.1");
    shows(hosts + 3, 1, "2001:db8::1");
    shows(NULL, 0, "");
}

static void what_is_no_name_is_refused(void **state) {
    (void)state;
    static const char *const hosts[] = {"example.com", "exa mple"};
    struct failure failure = {""};
    NAME_CONSTRAINTS *constraints = NULL;
    assert_int_equal(constraints_new(&constraints, &failure, hosts, 2), ERR_USAGE);
    assert_non_null(strstr(failure.text, "'exa mple'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_keeps_what_is_at_or_below_a_name),
        cmocka_unit_test(a_leaf_without_a_permitted_name_stays_as_it_is),
        cmocka_unit_test(addresses_of_one_family_shut_the_other),
        cmocka_unit_test(the_limits_are_shown_as_they_were_given),
        cmocka_unit_test(what_is_no_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
