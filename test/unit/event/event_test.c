// SPDX-License-Identifier: MIT
#include "event/event.h"

#include "check.h"

// The words of the contract, which scripts of users rely on.
static void has_the_contracts_words(void **state) {
    (void)state;
    assert_string_equal(side_name(SIDE_CLIENT), "client");
    assert_string_equal(party_name(PARTY_PROXY), "proxy");
    assert_null(party_name(PARTY_NONE));
    assert_string_equal(mode_name(MODE_SOCKS5), "socks5");
    for (int mode = 0; mode <= MODE_LAST; mode++) {
        assert_non_null(mode_name((enum mode)mode));
        assert_int_equal(mode_connections((enum mode)mode),
                         mode_has_server((enum mode)mode) ? 2 : 1);
    }
    assert_true(mode_has_server(MODE_REVERSE) && !mode_has_server(MODE_SINK));
    assert_string_equal(auth_outcome_name(AUTH_CANCELLED), "cancelled");
    assert_string_equal(severity_name(SEVERITY_WARNING), "warning");
    assert_string_equal(outcome_name(OUTCOME_TLS_CLIENT_FAILED), "tls-client-failed");
    assert_string_equal(outcome_name(OUTCOME_PROXY_STOPPED), "proxy-stopped");
    assert_string_equal(event_kind_name(EVENT_REPLY), "reply");
    assert_null(event_kind_name(EVENT_BYTES));
}

static void knows_the_other_side(void **state) {
    (void)state;
    assert_int_equal(side_other(SIDE_CLIENT), SIDE_SERVER);
    assert_int_equal(side_other(SIDE_SERVER), SIDE_CLIENT);
    assert_int_equal(party_of(SIDE_SERVER), PARTY_SERVER);
}

static void adds_the_start_of_the_session(void **state) {
    (void)state;
    struct event_session session = {.started_unix_ns = 1000};
    struct event event = {.session = &session, .at_ns = 5};
    assert_int_equal(event_unix_ns(&event), 1005);
    event.session = NULL;
    assert_int_equal(event_unix_ns(&event), 5);
}

static void count(void *context, const struct event *event) {
    *(int *)context += event->kind == EVENT_NOTE;
}

static void sends_to_the_sink(void **state) {
    (void)state;
    int seen = 0;
    struct event event = {.kind = EVENT_NOTE};
    event_send(&(struct event_sink){count, &seen}, &event);
    assert_int_equal(seen, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_contracts_words),
        cmocka_unit_test(knows_the_other_side),
        cmocka_unit_test(adds_the_start_of_the_session),
        cmocka_unit_test(sends_to_the_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
