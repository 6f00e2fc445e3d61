// SPDX-License-Identifier: MIT
#include "observe/tally.h"

#include "support/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(const struct tally *tally, const char *text) {
    struct buf out;
    buf_init(&out, 1 << 10);
    tally_put(&out, tally);
    buf_put_byte(&out, 0);
    assert_string_equal(buf_slice(&out).data, text);
    buf_cleanup(&out);
}

static void counts_what_came_of_all(void **state) {
    (void)state;
    struct tally tally = {0};
    struct sample sample;
    sample_init(&sample, (struct event_sink){tally_sink.take, tally_sink.session_new(&tally)});
    expect(&tally, "0 sessions, 0 messages accepted, 0 refused, 0 errors, 0 warnings");
    sample_message(&sample, 1, 1, 250);
    sample_finding(&sample, SEVERITY_INFO, "x");
    sample_finding(&sample, SEVERITY_WARNING, "x");
    sample_close(&sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    expect(&tally, "1 session, 1 message accepted, 0 refused, 0 errors, 1 warning");
    sample_message(&sample, 1, 1, 250);
    sample_message(&sample, 2, 2, 554);
    sample_message(&sample, 3, 3, 0);
    sample_finding(&sample, SEVERITY_ERROR, "x");
    sample_close(&sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    expect(&tally, "2 sessions, 2 messages accepted, 1 refused, 1 cut off or not answered, "
                   "1 error, 1 warning");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_what_came_of_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
