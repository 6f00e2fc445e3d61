// SPDX-License-Identifier: MIT
// Claims: what the page shows of a session is counted already.
#include "web/web.h"

#include "base/limits.h"
#include "support/sample.h"
#include "web/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct metrics *metrics;
static uint64_t live, ended, messages; // as counted when the page asked whether to show the session

static bool only(void *context, const struct record *session) {
    (void)context;
    (void)session;
    live = metrics->live;
    ended = metrics_ended(metrics);
    messages = metrics_messages(metrics);
    return true;
}

static void a_session_that_the_page_shows_is_counted(void **state) {
    (void)state;
    struct web *web =
        web_new(&(struct web_options){.page = true, .memory = MIB, .token = "t", .only = only});
    struct sink_set *sinks = sink_set_new();
    web_add_sinks(web, sinks);
    metrics = web_metrics(web).context;
    struct sink_sessions *sessions = sink_sessions_new(sinks);
    assert_int_equal(metrics->live, 1);
    struct sample sample;
    sample_init(&sample, (struct event_sink){sink_sessions_take, sessions});
    sample_session(&sample);
    assert_int_equal(live, 0);
    assert_int_equal(ended, 1);
    assert_int_equal(messages, 1);
    sink_sessions_free(sessions);
    sink_set_free(sinks);
    web_free(web);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_that_the_page_shows_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
