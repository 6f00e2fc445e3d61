// SPDX-License-Identifier: MIT
#include "smtp/envelope.h"

#include "smtp/command_parse.h"

#include "check.h"

static struct envelope_path *path_of(const char *line) {
    struct command command;
    command_parse(&command, slice_of_string(line));
    return envelope_path_new(&command);
}

static void copies_paths(void **state) {
    (void)state;
    char line[] = "MAIL FROM:<a@b> SIZE=12 SMTPUTF8";
    struct command command;
    command_parse(&command, slice_of_string(line));
    struct envelope_path *path = envelope_path_new(&command);
    for (size_t i = 0; line[i] != '\0'; i++) {
        line[i] = '?';
    }
    check_slice(path->address, "a@b");
    assert_int_equal(path->parameter_count, 2);
    check_slice(path->parameters[0].keyword, "SIZE");
    check_slice(path->parameters[0].value, "12");
    check_slice(path->parameters[1].value, NULL);
    envelope_path_free(path);
    path = path_of("MAIL");
    check_slice(path->address, "");
    envelope_path_free(path);
}

static void caps_the_parameters(void **state) {
    (void)state;
    char line[2000] = "MAIL FROM:<>";
    for (size_t i = 12; i + 2 < sizeof(line); i += 2) {
        line[i] = ' ';
        line[i + 1] = 'x';
    }
    struct envelope_path *path = path_of(line);
    assert_int_equal(path->parameter_count, LIMIT_PARAMETERS);
    check_slice(path->parameters[LIMIT_PARAMETERS - 1].keyword, "x");
    envelope_path_free(path);
}

static void keeps_a_transaction_that_a_second_mail_does_not_end(void **state) {
    (void)state;
    struct envelope envelope = {0};
    struct event_message event = {0};
    envelope_answer_mail(&envelope, path_of("MAIL FROM:<a@b> SMTPUTF8"), 250);
    envelope_answer_rcpt(&envelope, path_of("RCPT TO:<c@d>"), 250);
    envelope_answer_mail(&envelope, path_of("MAIL FROM:<x@y>"), 503);
    envelope_describe(&event, &envelope);
    check_slice(event.from, "a@b");
    assert_true(event.smtputf8);
    assert_int_equal(event.recipient_count, 1);
    envelope_answer_mail(&envelope, path_of("MAIL FROM:<x@y>"), 250);
    envelope_describe(&event, &envelope);
    check_slice(event.from, "x@y");
    assert_int_equal(event.recipient_count, 0);
    assert_false(event.smtputf8);
    envelope_clear(&envelope);
}

static void shows_what_was_refused_too(void **state) {
    (void)state;
    struct envelope envelope = {0};
    struct event_message event = {0};
    envelope_answer_mail(&envelope, path_of("MAIL FROM:<a@b>"), 550);
    envelope_answer_rcpt(&envelope, path_of("RCPT TO:<c@d> NOTIFY=NEVER"), 503);
    envelope_describe(&event, &envelope);
    check_slice(event.from, "a@b");
    check_slice(event.recipients[0].to, "c@d");
    assert_int_equal(event.recipients[0].parameter_count, 1);
    assert_false(event.recipients[0].accepted);
    assert_int_equal(envelope.accepted_count, 0);
    envelope_clear(&envelope);
}

static void walks_the_accepted_recipients(void **state) {
    (void)state;
    struct envelope envelope = {0};
    size_t cursor = 0;
    envelope_answer_mail(&envelope, path_of("MAIL FROM:<a@b>"), 250);
    envelope_answer_rcpt(&envelope, path_of("RCPT TO:<one@d>"), 250);
    envelope_answer_rcpt(&envelope, path_of("RCPT TO:<two@d>"), 550);
    envelope_answer_rcpt(&envelope, path_of("RCPT TO:<three@d>"), 251);
    struct event_recipient *first = envelope_next_accepted(&envelope, &cursor);
    check_slice(first->to, "one@d");
    first->accepted = false; // its own answer
    check_slice(envelope_next_accepted(&envelope, &cursor)->to, "three@d");
    assert_null(envelope_next_accepted(&envelope, &cursor));
    envelope_clear(&envelope);
}

static void keeps_no_more_than_the_cap(void **state) {
    (void)state;
    struct envelope envelope = {0};
    for (int i = 0; i < LIMIT_RECIPIENTS + 3; i++) {
        envelope_answer_rcpt(&envelope, path_of("RCPT TO:<c@d>"), 250);
    }
    assert_int_equal(envelope.count, LIMIT_RECIPIENTS);
    assert_true(envelope.cut);
    envelope_clear(&envelope);
    envelope_answer_rcpt(&envelope, NULL, 250);
    assert_true(envelope.cut);
    envelope_clear(&envelope);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_paths),
        cmocka_unit_test(caps_the_parameters),
        cmocka_unit_test(keeps_a_transaction_that_a_second_mail_does_not_end),
        cmocka_unit_test(shows_what_was_refused_too),
        cmocka_unit_test(walks_the_accepted_recipients),
        cmocka_unit_test(keeps_no_more_than_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
