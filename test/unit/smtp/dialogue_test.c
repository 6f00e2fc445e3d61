// SPDX-License-Identifier: MIT
// What the relay asks of a dialogue. What it says is tested by test/dialogues.
#include "smtp/dialogue.h"

#include "check.h"

static struct dialogue *dialogue;
static const struct event_session session = {.id = 7};
static int64_t latency_ns;
static size_t events;

static void take(void *context, const struct event *event) {
    (void)context;
    assert_ptr_equal(event->session, &session);
    events++;
    if (event->kind == EVENT_REPLY) {
        latency_ns = event->reply.latency_ns;
    }
}

static int setup(void **state) {
    (void)state;
    struct dialogue_config config = {.max_line = 1000};
    dialogue = dialogue_new(&config, &session, (struct event_sink){take, NULL});
    return 0;
}

static int teardown(void **state) {
    (void)state;
    dialogue_free(dialogue); // without a close, too
    return 0;
}

static void client(const char *text, int64_t at_ns) {
    dialogue_feed(dialogue, SIDE_CLIENT, slice_of_string(text), at_ns);
}

static void server(const char *text, int64_t at_ns) {
    dialogue_feed(dialogue, SIDE_SERVER, slice_of_string(text), at_ns);
}

static void knows_when_it_is_between_commands(void **state) {
    (void)state;
    assert_false(dialogue_between_commands(dialogue) || dialogue_greeted(dialogue));
    server("220 mx\r\n", 1);
    assert_true(dialogue_between_commands(dialogue) && dialogue_greeted(dialogue));
    client("NO", 2);
    assert_false(dialogue_between_commands(dialogue));
    client("OP\r\n", 3);
    assert_int_equal(dialogue_commands_waiting(dialogue), 1);
    server("250-a\r\n", 4);
    assert_false(dialogue_between_commands(dialogue));
    server("250 b\r\n", 5);
    assert_true(dialogue_between_commands(dialogue));
    client("AUTH LOGIN\r\n", 6);
    server("334 \r\n", 7);
    assert_false(dialogue_between_commands(dialogue));
}

static void knows_message_text(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    client("DATA\r\n", 2);
    server("354 go\r\n", 3);
    assert_true(dialogue_text_left(dialogue) > 0);
    assert_false(dialogue_between_commands(dialogue));
    client("x\r\n.\r\n", 4);
    assert_true(dialogue_text_left(dialogue) == 0);
    assert_int_equal(dialogue_commands_waiting(dialogue), 1);
    server("250 ok\r\n", 5);
    assert_int_equal(dialogue_commands_waiting(dialogue), 0);
    client("BDAT 2\r\nx", 6);
    assert_true(dialogue_text_left(dialogue) > 0);
    client("y", 7);
    assert_true(dialogue_text_left(dialogue) == 0);
}

static void knows_what_a_line_is(void **state) {
    (void)state;
    struct slice line = SLICE("STARTTLS");
    server("220 mx\r\n", 1);
    assert_int_equal(dialogue_line_kind(dialogue, line), DIALOGUE_LINE_COMMAND);
    client("DATA\r\n", 2);
    assert_int_equal(dialogue_line_kind(dialogue, line), DIALOGUE_LINE_UNDECIDED);
    assert_true(dialogue_text_left(dialogue) == 0);
    server("503 no\r\n", 3);
    assert_int_equal(dialogue_line_kind(dialogue, line), DIALOGUE_LINE_COMMAND);
    client("AUTH LOGIN\r\n", 4);
    assert_int_equal(dialogue_line_kind(dialogue, line), DIALOGUE_LINE_UNDECIDED);
    server("334 \r\n", 5);
    assert_int_equal(dialogue_line_kind(dialogue, line), DIALOGUE_LINE_OPAQUE);
}

static void knows_what_a_reply_answers(void **state) {
    (void)state;
    struct dialogue_next_reply next;
    assert_true(dialogue_next_reply(&next, dialogue, 0) && next.greeting);
    server("220 mx\r\n", 1);
    assert_false(dialogue_next_reply(&next, dialogue, 0));
    dialogue_proxy_command(dialogue, SLICE("NOOP"), 2);
    client("EHLO x\r\nBDAT 0 LAST\r\n", 3);
    assert_true(dialogue_next_reply(&next, dialogue, 0) && next.by_proxy && next.verb == VERB_NOOP);
    server("250 ok\r\n250-x\r\n", 4);
    assert_true(dialogue_next_reply(&next, dialogue, 0) && next.verb == VERB_EHLO);
    assert_true(next.exchange == 2 && !next.by_proxy && dialogue_within_reply(dialogue));
    server("250 y\r\n", 5);
    assert_true(dialogue_next_reply(&next, dialogue, 0) && next.verb == VERB_BDAT && next.final);
    assert_false(dialogue_within_reply(dialogue));
}

static void knows_how_it_ended(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    client("QUIT\r\n", 2);
    assert_false(dialogue_quit_answered(dialogue));
    server("421 no\r\n", 3);
    assert_true(dialogue_quit_answered(dialogue) && dialogue_saw_421(dialogue));
}

static bool in_text(void) {
    return dialogue_progress(dialogue).in_text;
}

static void knows_whether_a_message_is_under_way(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    client("DATA\r\n", 2);
    assert_false(in_text());
    server("354 go\r\n", 3);
    assert_true(in_text());
    client("hello\r\n.\r\n", 4);
    assert_false(in_text());
    server("250 ok\r\n", 5);
    client("BDAT 5\r\nhello", 6);
    assert_true(in_text());
    server("250 ok\r\n", 7);
    assert_true(in_text());
    client("BDAT 5\r\nhello", 8);
    server("554 no\r\n", 9);
    assert_false(in_text());
    client("BDAT 5\r\nhello", 10);
    assert_true(in_text());
    client("RSET\r\n", 11);
    assert_false(in_text());
}

static void knows_that_it_ended_within_a_message(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    client("BDAT 5\r\nhe", 2);
    dialogue_close(dialogue, 3);
    assert_true(in_text());
    assert_int_equal(dialogue_progress(dialogue).due.count, 1);
}

static void awaits_tls_of_each_leg(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    client("STARTTLS\r\n", 2);
    assert_false(dialogue_awaits_tls(dialogue));
    server("220 go\r\n", 3);
    assert_true(dialogue_awaits_tls(dialogue));
    dialogue_tls_begun(dialogue, SIDE_CLIENT);
    assert_true(dialogue_awaits_tls(dialogue));
    dialogue_tls_begun(dialogue, SIDE_SERVER);
    assert_false(dialogue_awaits_tls(dialogue));
}

static void a_starttls_of_the_proxy_is_the_servers_alone(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    dialogue_proxy_command(dialogue, SLICE("STARTTLS"), 2);
    server("220 go\r\n", 3);
    assert_true(dialogue_awaits_tls(dialogue));
    dialogue_tls_begun(dialogue, SIDE_SERVER);
    assert_false(dialogue_awaits_tls(dialogue));
}

static void measures_from_the_last_byte(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    assert_int_equal(latency_ns, -1);
    client("NO", 10);
    client("OP\r\n", 20);
    server("250-a\r\n", 25);
    server("250 b\r\n", 50);
    assert_int_equal(latency_ns, 30);
    client("DATA\r\n", 60);
    server("354 go\r\n", 61);
    client("x\r\n.\r\n", 100);
    server("250 ok\r\n", 170);
    assert_int_equal(latency_ns, 70);
    client("BDAT 1 LAST\r\n", 200);
    client("x", 300);
    server("250 ok\r\n", 301);
    assert_int_equal(latency_ns, 1);
    server("250 stray\r\n", 302);
    assert_int_equal(latency_ns, -1);
}

static void names_a_stranger(void **state) {
    (void)state;
    assert_int_equal(dialogue_not_smtp(dialogue), PARTY_NONE);
    server("SSH-2", 1); // not even a whole line
    assert_int_equal(dialogue_not_smtp(dialogue), PARTY_SERVER);
    assert_true(slice_find(slice_of_string(dialogue_not_smtp_text(dialogue)), SLICE("SSH")) !=
                SLICE_NONE);
}

static void forgives_a_client_that_turns_out_well(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    client("\x01\x02\x03\x04\r\n", 2);
    assert_int_equal(dialogue_not_smtp(dialogue), PARTY_CLIENT);
    server("500 what?\r\n", 3);
    client("NOOP\r\n", 4);
    server("250 ok\r\n", 5);
    assert_int_equal(dialogue_not_smtp(dialogue), PARTY_NONE);
}

static void survives_more_than_it_remembers(void **state) {
    (void)state;
    server("220 mx\r\n", 1);
    for (int i = 0; i < LIMIT_PIPELINE + 100; i++) {
        client("NOOP\r\n", 2);
    }
    assert_int_equal(dialogue_commands_waiting(dialogue), LIMIT_PIPELINE + 100);
    for (int i = 0; i < LIMIT_PIPELINE + 100; i++) {
        server("250 ok\r\n", 3);
    }
    assert_true(dialogue_between_commands(dialogue));
    dialogue_close(dialogue, 4);
    assert_true(events > 2 * LIMIT_PIPELINE);
}

// Whatever a client heaps up without an answer, what is remembered of it is bounded, and once the
// answers came the dialogue is where it was.
static void flood(const char *what, size_t answers) {
    server("220 mx\r\n", 1);
    for (int i = 0; i < LIMIT_PIPELINE + 100; i++) {
        client(what, 2);
    }
    for (size_t i = 0; i < answers * (LIMIT_PIPELINE + 100); i++) {
        server("500 no\r\n", 3);
    }
    client("NOOP\r\n", 4);
    server("250 ok\r\n", 4);
    assert_true(dialogue_between_commands(dialogue));
    client("AUTH LOGIN\r\n", 5);
    server("334 \r\n", 6);
    dialogue_close(dialogue, 7);
}

static void survives_a_flood_of_chunks(void **state) {
    (void)state;
    flood("BDAT 0 LAST\r\n", 1);
}

static void survives_a_flood_of_messages_given_up(void **state) {
    (void)state;
    flood("BDAT 1\r\nxRSET\r\n", 2);
}

static void survives_a_flood_of_auth(void **state) {
    (void)state;
    flood("AUTH PLAIN c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\r\n", 1);
}

static void survives_a_flood_of_recipients(void **state) {
    (void)state;
    flood("RCPT TO:<somebody@example.net>\r\n", 1);
}

static void survives_a_flood_behind_data(void **state) {
    (void)state;
    flood("DATA\r\n", 1);
}

static void survives_a_flood_behind_starttls(void **state) {
    (void)state;
    flood("STARTTLS\r\n", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_when_it_is_between_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_message_text, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_what_a_line_is, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_what_a_reply_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_how_it_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_whether_a_message_is_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_that_it_ended_within_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(awaits_tls_of_each_leg, setup, teardown),
        cmocka_unit_test_setup_teardown(a_starttls_of_the_proxy_is_the_servers_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(measures_from_the_last_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(names_a_stranger, setup, teardown),
        cmocka_unit_test_setup_teardown(forgives_a_client_that_turns_out_well, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_more_than_it_remembers, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_flood_of_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_flood_of_messages_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_flood_of_auth, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_flood_of_recipients, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_flood_behind_data, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_flood_behind_starttls, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
