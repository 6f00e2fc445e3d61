// SPDX-License-Identifier: MIT
#include "capture/connect_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "capture/notification.h"

#include <errno.h>

enum { CONNECT_TIMEOUT_MS = 30000, SEND_TIMEOUT_MS = 2000 };

static const struct connect_terms blocking = {.borrowed = true,
                                              .connect_timeout_ms = CONNECT_TIMEOUT_MS};
static const struct connect_terms nonblocking = {
    .borrowed = true, .nonblocking = true, .connect_timeout_ms = CONNECT_TIMEOUT_MS};
static const struct connect_terms impatient = {
    .borrowed = true, .send_timeout_ms = SEND_TIMEOUT_MS, .connect_timeout_ms = CONNECT_TIMEOUT_MS};
static const struct connect_terms hurried = {
    .borrowed = true, .hurried = true, .connect_timeout_ms = CONNECT_TIMEOUT_MS};
static const struct connect_terms by_memory = {.connect_timeout_ms = CONNECT_TIMEOUT_MS};
static const struct connect_terms by_memory_nonblocking = {
    .nonblocking = true, .connect_timeout_ms = CONNECT_TIMEOUT_MS};

static const struct connect_outcome connected = {.result = DIAL_CONNECTED, .awaited = true};
static const struct connect_outcome refused = {
    .result = DIAL_FAILED, .error = ECONNREFUSED, .awaited = true};
static const struct connect_outcome unreachable = {
    .result = DIAL_FAILED, .error = EHOSTUNREACH, .awaited = true};
static const struct connect_outcome refused_at_once = {
    .result = DIAL_FAILED, .error = ECONNREFUSED, .failed_at_once = true, .awaited = true};
static const struct connect_outcome late = {
    .result = DIAL_PENDING, .timed_out = true, .awaited = true};
static const struct connect_outcome signalled = {.result = DIAL_PENDING, .awaited = true};
static const struct connect_outcome killed = {.result = DIAL_PENDING, .killed = true};
static const struct connect_outcome interrupted = {.result = DIAL_PENDING};
static const struct connect_outcome connected_too_late = {.result = DIAL_CONNECTED, .killed = true};

static void check(const struct connect_terms *terms, const struct connect_outcome *outcome,
                  enum connect_action action, int error) {
    struct connect_decision decision = connect_policy_decide(terms, outcome);
    assert_int_equal(decision.action, action);
    assert_int_equal(decision.error, error);
}

static void leads_where_the_server_answers(void **state) {
    (void)state;
    check(&blocking, &connected, CONNECT_LEAD, 0);
    check(&nonblocking, &connected, CONNECT_LEAD, 0);
    check(&by_memory, &connected, CONNECT_LEAD, 0);
}

static void hands_on_the_error_of_a_dial(void **state) {
    (void)state;
    check(&blocking, &refused, CONNECT_FAIL, ECONNREFUSED);
    check(&blocking, &unreachable, CONNECT_FAIL, EHOSTUNREACH);
    check(&nonblocking, &unreachable, CONNECT_FAIL, EHOSTUNREACH);
    check(&by_memory, &refused, CONNECT_FAIL, ECONNREFUSED);
}

static void refuses_a_nonblocking_connect_later(void **state) {
    (void)state;
    check(&nonblocking, &refused, CONNECT_REFUSE_LATER, 0);
    check(&nonblocking, &refused_at_once, CONNECT_FAIL, ECONNREFUSED);
    check(&by_memory_nonblocking, &refused, CONNECT_FAIL, ECONNREFUSED);
}

static void goes_on_without_a_server_for_who_does_not_wait(void **state) {
    (void)state;
    check(&nonblocking, &late, CONNECT_LEAD, 0);
    check(&hurried, &late, CONNECT_LEAD, 0);
    check(&by_memory_nonblocking, &late, CONNECT_LEAD, 0);
}

static void times_out_for_who_waits(void **state) {
    (void)state;
    check(&blocking, &late, CONNECT_FAIL, ETIMEDOUT);
    check(&impatient, &late, CONNECT_LEAD, EINPROGRESS);
    check(&by_memory, &late, CONNECT_FAIL, ETIMEDOUT);
}

static void a_signal_ends_the_wait(void **state) {
    (void)state;
    check(&blocking, &signalled, CONNECT_LEAD, NOTIFICATION_RESTART);
    check(&impatient, &signalled, CONNECT_LEAD, NOTIFICATION_RESTART);
    check(&hurried, &signalled, CONNECT_LEAD, NOTIFICATION_RESTART);
    check(&nonblocking, &signalled, CONNECT_LEAD, 0);
}

static void reports_a_caller_that_was_killed(void **state) {
    (void)state;
    check(&blocking, &killed, CONNECT_FAIL, ECANCELED);
    check(&by_memory, &killed, CONNECT_FAIL, ECANCELED);
    check(&nonblocking, &killed, CONNECT_FAIL, ECANCELED);
}

static void abandons_what_comes_again_or_has_no_caller(void **state) {
    (void)state;
    check(&blocking, &interrupted, CONNECT_ABANDON, 0);
    check(&by_memory, &interrupted, CONNECT_ABANDON, 0);
    check(&blocking, &connected_too_late, CONNECT_ABANDON, 0);
}

static void waits_as_long_as_the_caller_would(void **state) {
    (void)state;
    struct connect_terms longer = impatient;
    longer.send_timeout_ms = CONNECT_TIMEOUT_MS + 1;
    assert_int_equal(connect_policy_wait_ms(&blocking), CONNECT_TIMEOUT_MS);
    assert_int_equal(connect_policy_wait_ms(&by_memory), CONNECT_TIMEOUT_MS);
    assert_int_equal(connect_policy_wait_ms(&impatient), SEND_TIMEOUT_MS);
    assert_int_equal(connect_policy_wait_ms(&longer), CONNECT_TIMEOUT_MS);
    assert_int_equal(connect_policy_wait_ms(&nonblocking), CONNECT_NONBLOCKING_WAIT_MS);
    assert_int_equal(connect_policy_wait_ms(&hurried), CONNECT_NONBLOCKING_WAIT_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leads_where_the_server_answers),
        cmocka_unit_test(hands_on_the_error_of_a_dial),
        cmocka_unit_test(refuses_a_nonblocking_connect_later),
        cmocka_unit_test(goes_on_without_a_server_for_who_does_not_wait),
        cmocka_unit_test(times_out_for_who_waits),
        cmocka_unit_test(a_signal_ends_the_wait),
        cmocka_unit_test(reports_a_caller_that_was_killed),
        cmocka_unit_test(abandons_what_comes_again_or_has_no_caller),
        cmocka_unit_test(waits_as_long_as_the_caller_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
