// SPDX-License-Identifier: MIT
// Sinks come and go while sessions run.
#include "observe/sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct counting_sink {
    int begun;
    int events;
    int flushes;
    int secrets;
    int ended;
    bool congested;
};

static void *session_new(void *context) {
    struct counting_sink *sink = context;
    sink->begun++;
    return sink;
}

static void take(void *session, const struct event *event) {
    struct counting_sink *sink = session;
    assert_int_equal(event->kind, EVENT_NOTE);
    sink->events++;
}

static void flush(void *session) {
    ((struct counting_sink *)session)->flushes++;
}

static void secret(void *session, struct slice line) {
    assert_true(slice_is(line, "CLIENT_RANDOM 00 11"));
    ((struct counting_sink *)session)->secrets++;
}

static bool is_congested(const void *session) {
    return ((const struct counting_sink *)session)->congested;
}

static bool wants_wire(const void *session) {
    (void)session;
    return true;
}

static void session_free(void *session) {
    ((struct counting_sink *)session)->ended++;
}

static const struct sink_ops plain = {
    .session_new = session_new, .take = take, .session_free = session_free};
static const struct sink_ops full = {.session_new = session_new,
                                     .take = take,
                                     .flush = flush,
                                     .secret = secret,
                                     .wants_wire = wants_wire,
                                     .is_congested = is_congested,
                                     .session_free = session_free};

static const struct event note = {.kind = EVENT_NOTE};

static void a_session_keeps_the_sinks_it_began_with(void **state) {
    (void)state;
    struct counting_sink first = {0};
    struct counting_sink second = {0};
    struct sink_set *set = sink_set_new();
    sink_set_add(set, &plain, &first);
    struct sink_sessions *early = sink_sessions_new(set);
    sink_set_add(set, &plain, &second);
    sink_set_remove(set, &first);
    struct sink_sessions *late = sink_sessions_new(set);
    sink_sessions_take(early, &note);
    sink_sessions_take(late, &note);
    sink_sessions_take(late, &note);
    sink_sessions_free(early);
    sink_sessions_free(late);
    sink_set_free(set);
    assert_int_equal(first.begun, 1);
    assert_int_equal(first.events, 1);
    assert_int_equal(first.ended, 1);
    assert_int_equal(second.begun, 1);
    assert_int_equal(second.events, 2);
    assert_int_equal(second.ended, 1);
}

static void what_a_sink_does_not_take_it_is_not_asked_for(void **state) {
    (void)state;
    struct counting_sink sink = {.congested = true};
    struct sink_set *set = sink_set_new();
    sink_set_add(set, &plain, &sink);
    struct sink_sessions *sessions = sink_sessions_new(set);
    sink_sessions_flush(sessions);
    sink_sessions_secret(sessions, SLICE("CLIENT_RANDOM 00 11"));
    assert_false(sink_sessions_want_wire(sessions));
    assert_false(sink_sessions_are_congested(sessions));
    sink_sessions_free(sessions);
    sink_set_free(set);
}

static void one_sink_that_asks_is_enough(void **state) {
    (void)state;
    struct counting_sink quiet = {0};
    struct counting_sink asking = {.congested = true};
    struct sink_set *set = sink_set_new();
    sink_set_add(set, &plain, &quiet);
    sink_set_add(set, &full, &asking);
    struct sink_sessions *sessions = sink_sessions_new(set);
    sink_sessions_flush(sessions);
    sink_sessions_secret(sessions, SLICE("CLIENT_RANDOM 00 11"));
    assert_true(sink_sessions_want_wire(sessions));
    assert_true(sink_sessions_are_congested(sessions));
    asking.congested = false;
    assert_false(sink_sessions_are_congested(sessions));
    sink_sessions_free(sessions);
    sink_set_free(set);
    assert_int_equal(asking.flushes, 1);
    assert_int_equal(asking.secrets, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_keeps_the_sinks_it_began_with),
        cmocka_unit_test(what_a_sink_does_not_take_it_is_not_asked_for),
        cmocka_unit_test(one_sink_that_asks_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
