// SPDX-License-Identifier: MIT
// Claims: each place of the user's that holds the certificate is named with its remedy, and none
// that does not hold it whole; where nothing is found nothing is said.
#include "cli/ca_trusted.h"

#include "base/limits.h"
#include "base/memory.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

// Not a certificate of any machine's, so that the places of this one never hold it.
#define PEM                                                                                        \
    "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGUgb2YgYW55IG1hY2hpbmUncw==\n"                  \
    "-----END CERTIFICATE-----\n"
static const char der[] = "no certificate of any machine's";

struct fixture {
    char *home; // the one of the machine, while HOME is the test's folder
    struct buf said;
};

static void fixture_init(struct fixture *f) {
    const char *home = getenv("HOME");
    f->home = home == NULL ? NULL : mem_string(home);
    buf_init(&f->said, 64 * KIB);
    setenv("HOME", in_folder("."), 1);
    file_put(in_folder("ca.pem"), PEM);
}

static void fixture_cleanup(struct fixture *f) {
    buf_cleanup(&f->said);
    if (f->home == NULL) {
        unsetenv("HOME");
    } else {
        setenv("HOME", f->home, 1);
    }
    free(f->home);
}

// What is said of all places, as a string that is valid until the next call.
static const char *rest(struct fixture *f) {
    buf_clear(&f->said);
    ca_trusted_put_rest(&f->said, in_folder("ca.pem"), slice_of(der, sizeof(der) - 1));
    buf_put_byte(&f->said, '\0');
    return (const char *)buf_slice(&f->said).data;
}

static void test_places_of_the_user(void **state) {
    (void)state;
    static const struct {
        const char *folders[3];
        const char *file;
        const char *remedy;
    } places[] = {
        {{".pki", ".pki/nssdb"}, ".pki/nssdb/cert9.db", "certutil -D -d sql:"},
        {{".mozilla", ".mozilla/firefox", ".mozilla/firefox/a"},
         ".mozilla/firefox/a/cert9.db",
         "certutil -D -d sql:"},
        {{".thunderbird", ".thunderbird/b"}, ".thunderbird/b/cert9.db", "certutil -D -d sql:"},
        {{NULL}, ".keystore", "keytool -delete -keystore "},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (size_t j = 0; j < 3 && places[i].folders[j] != NULL; j++) {
            assert_int_equal(mkdir(in_folder(places[i].folders[j]), 0700), 0);
        }
        const char *path = in_folder(places[i].file);
        file_put(path, "a database with no certificate of any machine; and others");
        assert_null(strstr(rest(&f), places[i].file));
        file_put(path, "a database with no certificate of any machine's and others");
        const char *said = rest(&f);
        assert_memory_equal(said, "left     ", 9);
        assert_non_null(strstr(said, places[i].file));
        assert_non_null(strstr(said, places[i].remedy));
        file_put(path, "");
    }
    fixture_cleanup(&f);
}

static void test_nothing_found_is_nothing_said(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_string_equal(rest(&f), "");
    unsetenv("HOME");
    assert_string_equal(rest(&f), "");
    buf_clear(&f.said);
    ca_trusted_remove_copies(&f.said, in_folder("ca.pem"));
    ca_trusted_remove_copies(&f.said, in_folder("missing.pem"));
    assert_int_equal(buf_len(&f.said), 0);
    fixture_cleanup(&f);
}

// A database of any size is read to its end, and one that is a pipe does not hold the command up.
static void test_what_is_no_small_file(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    size_t len = 3 * MIB;
    char *text = mem_new_array(1, len + sizeof(der));
    memset(text, 'x', len);
    memcpy(text + len, der, sizeof(der));
    file_put(in_folder(".keystore"), text);
    assert_non_null(strstr(rest(&f), ".keystore: keytool"));
    free(text);
    assert_int_equal(remove(in_folder(".keystore")), 0);
    assert_int_equal(mkfifo(in_folder(".keystore"), 0600), 0);
    assert_string_equal(rest(&f), "");
    fixture_cleanup(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places_of_the_user, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_nothing_found_is_nothing_said, folder_enter,
                                        folder_leave),
        cmocka_unit_test_setup_teardown(test_what_is_no_small_file, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
