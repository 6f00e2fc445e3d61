// SPDX-License-Identifier: MIT
// What a session puts in the place of the placeholders of an output's path.
#include "observe/output_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const int64_t noon = INT64_C(1795359791586123000); // 2026-11-22T15:03:11Z

static void expect(const char *path, const struct event_session *session, const char *expected) {
    const struct output output = {.to = {.path = path, .placeholders = true}};
    char *expanded = output_path_expand(&output, session);
    assert_string_equal(expanded, expected);
    free(expanded);
}

static void a_server_is_its_name(void **state) {
    (void)state;
    const struct event_session session = {.id = 7,
                                          .started_unix_ns = noon,
                                          .has_server = true,
                                          .client = {.address = "192.0.2.9"},
                                          .server = {.host = "smtp.example.com", .address = "::1"}};
    expect("{session}/{date}/{client}/{server}", &session,
           "7/2026-11-22/192.0.2.9/smtp.example.com");
}

static void a_server_without_a_name_is_its_address(void **state) {
    (void)state;
    const struct event_session session = {.has_server = true, .server = {.address = "192.0.2.7"}};
    expect("{server}", &session, "192.0.2.7");
}

static void the_sink_has_its_mode_for_a_name(void **state) {
    (void)state;
    const struct event_session session = {.mode = MODE_SINK};
    expect("{server}.txt", &session, "sink.txt");
}

static void session_zero_has_no_peers(void **state) {
    (void)state;
    expect("{session}-{client}-{server}", NULL, "0-_-_");
}

static void a_path_without_placeholders_needs_none(void **state) {
    (void)state;
    const struct output output = {.to = {.path = "a"}};
    assert_null(output_path_expand(&output, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_its_name),
        cmocka_unit_test(a_server_without_a_name_is_its_address),
        cmocka_unit_test(the_sink_has_its_mode_for_a_name),
        cmocka_unit_test(session_zero_has_no_peers),
        cmocka_unit_test(a_path_without_placeholders_needs_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
