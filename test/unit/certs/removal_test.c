// SPDX-License-Identifier: MIT
// Claims: all that the program made in the CA's folder goes, the key first, and what is not its own
// stays; what cannot be removed is an error with its path, and nothing is made to be removed.
#include "certs/removal.h"

#include "base/clock.h"
#include "base/limits.h"
#include "certs/authority.h"
#include "certs/environment.h"
#include "folder_of_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t NOW = INT64_C(1795359791) * NS_PER_S;

struct fixture {
    struct test_folder folder;
    char *dir; // not there yet
    struct buf said;
    struct buf der;
    struct failure failure;
};

static void fixture_init(struct fixture *f) {
    *f = (struct fixture){.failure = {.text = ""}};
    test_folder_make(&f->folder);
    f->dir = test_folder_file(&f->folder, "ca");
    buf_init(&f->said, 64 * KIB);
    buf_init(&f->der, LIMIT_PEM);
}

static void fixture_cleanup(struct fixture *f) {
    buf_cleanup(&f->said);
    buf_cleanup(&f->der);
    free(f->dir);
    test_folder_remove(&f->folder);
}

// The CA and, with `bundles`, what `ca env` makes. The DER form of its certificate into f->der.
static void make_ca(struct fixture *f, bool bundles) {
    struct authority *authority = NULL;
    struct environment *environment = NULL;
    const struct authority_options options = {.dir = f->dir, .now_unix_ns = NOW};
    assert_int_equal(authority_open(&authority, &f->failure, &options), OK);
    buf_put(&f->der, authority_der(authority));
    if (bundles) {
        assert_int_equal(environment_new(&environment, &f->failure, authority, f->dir, NOW), OK);
        environment_free(environment);
    }
    authority_free(authority);
}

static char *in_ca(const struct fixture *f, const char *name) {
    struct test_folder ca;
    assert_true(snprintf(ca.path, sizeof(ca.path), "%s", f->dir) < (int)sizeof(ca.path));
    return test_folder_file(&ca, name);
}

static void put_file(const struct fixture *f, const char *name) {
    char *path = in_ca(f, name);
    test_file_write(path, SLICE("content\n"));
    free(path);
}

static bool has(const struct fixture *f, const char *name) {
    char *path = in_ca(f, name);
    bool is_there = access(path, F_OK) == 0;
    free(path);
    return is_there;
}

static size_t lines_said(const struct fixture *f) {
    size_t count = 0;
    for (struct slice rest = buf_slice(&f->said); rest.len > 0; count++) {
        slice_split(&rest, '\n');
    }
    return count;
}

static void test_all_of_ours_goes_key_first(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    make_ca(&f, true);
    put_file(&f, ".smtpscope-0123456789abcdef"); // of a start that was killed
    assert_int_equal(removal_remove(&f.said, &f.failure, f.dir), OK);
    assert_int_equal(access(f.dir, F_OK), -1);
    struct slice rest = buf_slice(&f.said);
    struct slice first = slice_split(&rest, '\n');
    char *key = in_ca(&f, AUTHORITY_KEY_FILE);
    assert_true(slice_equal(first, slice_of(key, strlen(key))));
    // ca.key, ca.pem, two bundles, the temporary file, the folder.
    assert_int_equal(lines_said(&f), 6);
    free(key);
    fixture_cleanup(&f);
}

static void test_what_is_not_ours_stays(void **state) {
    (void)state;
    static const char *const names[] = {"notes", "bundle-mine.pem", ".smtpscope-notes",
                                        "bundle-0123456789abcdef.txt"};
    struct fixture f;
    fixture_init(&f);
    make_ca(&f, false);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put_file(&f, names[i]);
    }
    assert_int_equal(removal_remove(&f.said, &f.failure, f.dir), OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(has(&f, names[i]));
    }
    assert_false(has(&f, AUTHORITY_KEY_FILE) || has(&f, AUTHORITY_CERTIFICATE_FILE));
    assert_int_equal(lines_said(&f), 2);
    fixture_cleanup(&f);
}

static void test_half_a_ca_goes_too(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    make_ca(&f, false);
    char *key = in_ca(&f, AUTHORITY_KEY_FILE);
    assert_int_equal(unlink(key), 0);
    put_file(&f, AUTHORITY_CERTIFICATE_FILE); // no certificate any more
    assert_int_equal(removal_remove(&f.said, &f.failure, f.dir), OK);
    assert_int_equal(access(f.dir, F_OK), -1);
    assert_int_equal(lines_said(&f), 2);
    free(key);
    fixture_cleanup(&f);
}

static void test_no_folder_is_no_error_and_is_not_made(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_int_equal(removal_remove(&f.said, &f.failure, f.dir), OK);
    assert_int_equal(removal_remove(&f.said, &f.failure, ""), OK);
    removal_read_certificate(&f.der, f.dir);
    assert_int_equal(buf_len(&f.said) + buf_len(&f.der), 0);
    assert_int_equal(access(f.dir, F_OK), -1);
    fixture_cleanup(&f);
}

// A folder in the key's place: unlink refuses it for root too.
static void test_what_cannot_be_removed_is_named(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    make_ca(&f, false);
    char *key = in_ca(&f, AUTHORITY_KEY_FILE);
    assert_int_equal(unlink(key), 0);
    assert_int_equal(mkdir(key, 0700), 0);
    assert_int_equal(removal_remove(&f.said, &f.failure, f.dir), ERR_SYSTEM);
    assert_non_null(strstr(f.failure.text, key));
    assert_true(has(&f, AUTHORITY_CERTIFICATE_FILE));
    free(key);
    fixture_cleanup(&f);
}

static void test_a_folder_open_to_others_is_left_alone(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f);
    make_ca(&f, false);
    assert_int_equal(chmod(f.dir, 0777), 0);
    assert_int_equal(removal_remove(&f.said, &f.failure, f.dir), ERR_INPUT);
    assert_true(has(&f, AUTHORITY_KEY_FILE) && has(&f, AUTHORITY_CERTIFICATE_FILE));
    fixture_cleanup(&f);
}

static void test_the_certificate_is_read(void **state) {
    (void)state;
    struct fixture f;
    struct buf read;
    fixture_init(&f);
    make_ca(&f, false);
    buf_init(&read, LIMIT_PEM);
    removal_read_certificate(&read, f.dir);
    assert_true(slice_equal(buf_slice(&read), buf_slice(&f.der)));
    buf_clear(&read);
    put_file(&f, AUTHORITY_CERTIFICATE_FILE);
    removal_read_certificate(&read, f.dir);
    assert_int_equal(buf_len(&read), 0);
    buf_cleanup(&read);
    fixture_cleanup(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_ours_goes_key_first),
        cmocka_unit_test(test_what_is_not_ours_stays),
        cmocka_unit_test(test_half_a_ca_goes_too),
        cmocka_unit_test(test_no_folder_is_no_error_and_is_not_made),
        cmocka_unit_test(test_what_cannot_be_removed_is_named),
        cmocka_unit_test(test_a_folder_open_to_others_is_left_alone),
        cmocka_unit_test(test_the_certificate_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
