// SPDX-License-Identifier: MIT
#include "output/path.h"

#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const int64_t noon = INT64_C(1795359791586123000); // 2026-11-22T15:03:11Z

static struct event_session session_with(const char *client, const char *host,
                                         const char *address) {
    struct event_session session = {.id = 7, .started_unix_ns = noon, .has_server = true};
    session.client.address = client;
    session.server.host = host;
    session.server.address = address;
    return session;
}

static void expect(const char *path, const struct event_session *session, const char *expected) {
    char *expanded = path_expand(path, session, noon);
    assert_string_equal(expanded, expected);
    free(expanded);
}

static void each_placeholder_has_its_value(void **state) {
    (void)state;
    struct event_session session = session_with("192.0.2.9", "smtp.example.com", "192.0.2.7");
    expect("a/{session}.json", &session, "a/7.json");
    expect("{date}.txt", &session, "2026-11-22.txt");
    expect("{client}-{server}", &session, "192.0.2.9-smtp.example.com");
    expect("{server}{server}", &session, "smtp.example.comsmtp.example.com");
}

static void a_server_without_a_name_is_its_address(void **state) {
    (void)state;
    struct event_session session = session_with("::1", NULL, "2001:db8::7");
    expect("{client}", &session, "__1");
    expect("{server}", &session, "2001_db8__7");
}

static void the_sink_is_called_so(void **state) {
    (void)state;
    struct event_session session = session_with("::1", NULL, NULL);
    session.has_server = false;
    session.mode = MODE_SINK;
    expect("{server}.txt", &session, "sink.txt");
}

static void nothing_from_the_wire_leaves_the_folder(void **state) {
    (void)state;
    struct event_session session = session_with("192.0.2.9", "../../etc/passwd", NULL);
    expect("out/{server}", &session, "out/___.._etc_passwd");
    session.server.host = "..";
    expect("out/{server}", &session, "out/__");
    session.server.host = "/";
    expect("out/{server}", &session, "out/_");
    session.server.host = "";
    expect("out/{server}", &session, "out/_");
    session.server.host = "a:b c\n\\d*\x01"
                          "e";
    expect("out/{server}", &session, "out/a_b_c__d__e");
    session.server.host = "-rf";
    expect("{server}", &session, "_rf");
    session.server.host = "b\xC3\xBC"
                          "cher.example";
    expect("{server}", &session, "b_cher.example");
    session.server.host = "{session}";
    expect("{server}", &session, "_session_");
}

static void a_long_value_is_cut(void **state) {
    (void)state;
    char host[400];
    for (size_t i = 0; i < sizeof(host); i++) {
        host[i] = i + 1 < sizeof(host) ? 'x' : '\0';
    }
    struct event_session session = session_with("::1", host, NULL);
    char *expanded = path_expand("{server}", &session, noon);
    assert_true(slice_of_string(expanded).len <= 200);
    free(expanded);
}

static void session_zero_has_no_peers(void **state) {
    (void)state;
    expect("{session}-{date}-{client}-{server}", NULL, "0-2026-11-22-_-_");
}

static void other_braces_stand_for_themselves(void **state) {
    (void)state;
    struct event_session session = session_with("::1", "h", NULL);
    expect("{", &session, "{");
    expect("{sessions}{Session}{}", &session, "{sessions}{Session}{}");
    assert_false(path_has_placeholders("{sessions}{Session}"));
    assert_true(path_has_placeholders("a{client}"));
}

static void expect_folder(const char *path, const char *expected) {
    char *folder = path_fixed_folder(path);
    assert_string_equal(folder, expected);
    free(folder);
}

static void the_fixed_folder_stands_before_the_first_placeholder(void **state) {
    (void)state;
    expect_folder("x.json", ".");
    expect_folder("a/b/x.json", "a/b/");
    expect_folder("/{client}/x", "/");
    expect_folder("a/b-{client}/c/{server}", "a/");
    expect_folder("{client}/c", ".");
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
        cmocka_unit_test(a_server_without_a_name_is_its_address),
        cmocka_unit_test(the_sink_is_called_so),
        cmocka_unit_test(nothing_from_the_wire_leaves_the_folder),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(session_zero_has_no_peers),
        cmocka_unit_test(other_braces_stand_for_themselves),
        cmocka_unit_test(the_fixed_folder_stands_before_the_first_placeholder),
        cmocka_unit_test_setup_teardown(folders_of_values_are_made, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_said, folder_enter,
                                        folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
