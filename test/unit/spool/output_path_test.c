// SPDX-License-Identifier: MIT
#include "spool/output_path.h"

#include "base/memory.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const int64_t noon = INT64_C(1795359791586123000); // 2026-11-22T15:03:11Z

static struct path_values values_of(const char *client, const char *server) {
    return (struct path_values){.session = 7, .unix_ns = noon, .client = client, .server = server};
}

static void expect(const char *path, const struct path_values *values, const char *expected) {
    char *expanded = path_expand(path, values);
    assert_string_equal(expanded, expected);
    free(expanded);
}

static void each_placeholder_has_its_value(void **state) {
    (void)state;
    struct path_values values = values_of("192.0.2.9", "smtp.example.com");
    expect("a/{session}.json", &values, "a/7.json");
    expect("{date}.txt", &values, "2026-11-22.txt");
    expect("{client}-{server}", &values, "192.0.2.9-smtp.example.com");
    expect("{server}{server}", &values, "smtp.example.comsmtp.example.com");
}

static void an_address_is_made_safe(void **state) {
    (void)state;
    struct path_values values = values_of("::1", "2001:db8::7");
    expect("{client}", &values, "__1");
    expect("{server}", &values, "2001_db8__7");
}

static void nothing_from_the_wire_leaves_the_folder(void **state) {
    (void)state;
    struct path_values values = values_of("192.0.2.9", "../../etc/passwd");
    expect("out/{server}", &values, "out/___.._etc_passwd");
    values.server = "..";
    expect("out/{server}", &values, "out/__");
    values.server = "/";
    expect("out/{server}", &values, "out/_");
    values.server = "";
    expect("out/{server}", &values, "out/_");
    values.server = "a:b c\n\\d*\x01"
                    "e";
    expect("out/{server}", &values, "out/a_b_c__d__e");
    values.server = "-rf";
    expect("{server}", &values, "_rf");
    values.server = "b\xC3\xBC"
                    "cher.example";
    expect("{server}", &values, "b_cher.example");
    values.server = "{session}";
    expect("{server}", &values, "_session_");
}

static void a_long_value_is_cut(void **state) {
    (void)state;
    char host[400];
    for (size_t i = 0; i < sizeof(host); i++) {
        host[i] = i + 1 < sizeof(host) ? 'x' : '\0';
    }
    struct path_values values = values_of("::1", host);
    char *expanded = path_expand("{server}", &values);
    assert_true(slice_of_string(expanded).len <= 200);
    free(expanded);
}

static void session_zero_has_no_peers(void **state) {
    (void)state;
    const struct path_values values = {.unix_ns = noon};
    expect("{session}-{date}-{client}-{server}", &values, "0-2026-11-22-_-_");
}

static void other_braces_stand_for_themselves(void **state) {
    (void)state;
    struct path_values values = values_of("::1", "h");
    expect("{", &values, "{");
    expect("{sessions}{Session}{}", &values, "{sessions}{Session}{}");
    assert_false(path_has_placeholders("{sessions}{Session}"));
    assert_true(path_has_placeholders("a{client}"));
}

static void expect_folder(const char *path, const char *expected) {
    char *folder = path_fixed_folder(path);
    assert_string_equal(folder, expected);
    free(folder);
}

static void the_fixed_folder_is_before_the_first_placeholder(void **state) {
    (void)state;
    expect_folder("x.json", ".");
    expect_folder("a/b/x.json", "a/b/");
    expect_folder("/{client}/x", "/");
    expect_folder("a/b-{client}/c/{server}", "a/");
    expect_folder("{client}/c", ".");
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum err make_fixed(const char *path) {
    static const struct framing framing = {.name = "json"};
    struct failure failure = {0};
    enum err err =
        path_make_fixed_folder(&failure, &(struct destination){.framing = &framing, .path = path});
    assert_int_equal(err == OK, failure.text[0] == '\0');
    return err;
}

static void the_fixed_folder_is_made_but_not_in_the_root(void **state) {
    (void)state;
    char *path = mem_string(in_folder("a/b/{client}/x.json"));
    assert_int_equal(make_fixed(path), OK);
    assert_int_equal(make_fixed(path), OK);
    assert_true(is_folder(in_folder("a/b")));
    assert_false(is_folder(in_folder("a/b/{client}")));
    free(path);
    assert_int_equal(make_fixed("/smtpscope-none/x.json"), OK); // Opening the file will say it.
    assert_int_equal(make_fixed("/smtpscope-none/b/x.json"), ERR_SYSTEM);
    assert_false(is_folder("/smtpscope-none"));
    assert_int_equal(make_fixed("x.json"), OK);
    assert_int_equal(make_fixed("-"), OK);
    assert_int_equal(make_fixed("/x.json"), OK);
    assert_int_equal(make_fixed("/dev/fd/1"), OK);
}

static void folders_of_values_are_made(void **state) {
    (void)state;
    struct failure failure;
    const char *path = in_folder("{client}/{date}/x.json");
    assert_int_equal(path_make_folders(&failure, path, in_folder("me/today/x.json")), OK);
    assert_int_equal(file_mode(in_folder("me")), 0700);
    assert_int_equal(file_mode(in_folder("me/today")), 0700);
    assert_false(file_exists(in_folder("me/today/x.json")));
    assert_int_equal(path_make_folders(&failure, path, in_folder("me/today/x.json")), OK);
}

static void a_folder_that_cannot_be_made_is_said(void **state) {
    (void)state;
    struct failure failure;
    file_put(in_folder("me"), "");
    const char *path = in_folder("{client}/a/x.json");
    assert_int_equal(path_make_folders(&failure, path, in_folder("me/a/x.json")), ERR_SYSTEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_placeholder_has_its_value),
        cmocka_unit_test(an_address_is_made_safe),
        cmocka_unit_test(nothing_from_the_wire_leaves_the_folder),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(session_zero_has_no_peers),
        cmocka_unit_test(other_braces_stand_for_themselves),
        cmocka_unit_test(the_fixed_folder_is_before_the_first_placeholder),
        cmocka_unit_test_setup_teardown(the_fixed_folder_is_made_but_not_in_the_root, folder_enter,
                                        folder_leave),
        cmocka_unit_test_setup_teardown(folders_of_values_are_made, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_said, folder_enter,
                                        folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
