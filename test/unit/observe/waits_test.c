// SPDX-License-Identifier: MIT
#include "observe/waits.h"

#include "base/clock.h"
#include "support/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#define LONG_NS (3 * NS_PER_S)

struct fixture {
    struct waits *waits;
    void *session;
    struct sample sample;
};

static int setup(void **state) {
    static struct fixture fixture;
    fixture.waits = waits_new();
    fixture.session = waits_sink.session_new(fixture.waits);
    sample_init(&fixture.sample, (struct event_sink){waits_sink.take, fixture.session});
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    waits_sink.session_free(fixture->session);
    waits_free(fixture->waits);
    return 0;
}

static int64_t now(const struct fixture *fixture) {
    return fixture->sample.session.started_unix_ns + fixture->sample.at_us * 1000;
}

static void expect(struct fixture *fixture, const char *text) {
    struct wait wait;
    size_t sessions = 0;
    assert_false(
        waits_longest(fixture->waits, &wait, &sessions, now(fixture) + LONG_NS - 1, LONG_NS));
    assert_true(waits_longest(fixture->waits, &wait, &sessions, now(fixture) + LONG_NS, LONG_NS));
    assert_string_equal(wait.text, text);
    assert_int_equal(sessions, 1);
}

static const char *hint(struct fixture *fixture) {
    struct wait wait;
    size_t sessions = 0;
    assert_true(waits_longest(fixture->waits, &wait, &sessions, now(fixture) + LONG_NS, LONG_NS));
    return wait.hint;
}

// To a plain client a server of implicit TLS says nothing.
static void a_silent_server_may_expect_tls(void **state) {
    struct fixture *fixture = *state;
    sample_connect(&fixture->sample);
    assert_non_null(strstr(hint(fixture), "TLS"));
    sample_reply(&fixture->sample, 0, "220 mail");
    assert_null(hint(fixture));
}

static void each_step_waits_for_something_else(void **state) {
    struct fixture *fixture = *state;
    struct sample *sample = &fixture->sample;
    sample_connect(sample);
    expect(fixture, "the server's greeting");
    sample_reply(sample, 0, "220 mail");
    expect(fixture, "the client's next command");
    sample_command(sample, 1, "EHLO [192.0.2.1]");
    expect(fixture, "the server's answer to EHLO");
    sample->at_us += 5000000;
    sample_command(sample, 2, "NOOP");
    sample_reply(sample, 1, "250 mail");
    expect(fixture, "the server's next answer");
    sample_reply(sample, 2, "250 ok");
    expect(fixture, "the client's next command");
    sample_command(sample, 3, "DATA");
    sample_reply(sample, 3, "354 go on");
    expect(fixture, "the client's message");
    sample_message_text(sample, 1, "From: a@example.com\r\n\r\n.\r\n");
    expect(fixture, "the server's answer to message 1");
    sample_command(sample, 4, "AUTH LOGIN");
    sample_reply(sample, 4, "334 VXNlcm5hbWU6");
    expect(fixture, "the client's answer");
    sample_continuation(sample, 5, "x");
    expect(fixture, "the server's answer");
    sample_tls(sample, SIDE_SERVER);
    expect(fixture, "the client's TLS handshake");
    sample_tls(sample, SIDE_CLIENT);
    expect(fixture, "the client's next command");
}

static void a_session_that_ended_waits_for_nothing(void **state) {
    struct fixture *fixture = *state;
    struct wait wait;
    size_t sessions = 0;
    sample_connect(&fixture->sample);
    sample_close(&fixture->sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    assert_false(waits_longest(fixture->waits, &wait, &sessions, INT64_MAX / 2, LONG_NS));
}

static void the_longest_wait_is_given(void **state) {
    struct fixture *fixture = *state;
    struct wait wait;
    size_t sessions = 0;
    sample_connect(&fixture->sample);
    void *other = waits_sink.session_new(fixture->waits);
    struct sample later;
    sample_init(&later, (struct event_sink){waits_sink.take, other});
    later.session.id = 7;
    later.at_us = fixture->sample.at_us + 1000;
    sample_connect(&later);
    int64_t much_later = now(fixture) + 10 * LONG_NS;
    assert_true(waits_longest(fixture->waits, &wait, &sessions, much_later, LONG_NS));
    assert_int_equal(wait.session, fixture->sample.session.id);
    assert_int_equal(sessions, 2);
    waits_sink.session_free(other);
}

static void each_step_is_to_be_said_once(void **state) {
    struct fixture *fixture = *state;
    struct wait wait;
    sample_connect(&fixture->sample);
    int64_t later = now(fixture) + LONG_NS;
    assert_true(waits_next_to_say(fixture->waits, &wait, later, LONG_NS));
    assert_false(waits_next_to_say(fixture->waits, &wait, later, LONG_NS));
    sample_reply(&fixture->sample, 0, "220 mail");
    assert_true(waits_next_to_say(fixture->waits, &wait, later, LONG_NS));
    assert_string_equal(wait.text, "the client's next command");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_silent_server_may_expect_tls),         TEST(each_step_waits_for_something_else),
        TEST(a_session_that_ended_waits_for_nothing), TEST(the_longest_wait_is_given),
        TEST(each_step_is_to_be_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
