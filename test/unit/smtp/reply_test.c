// SPDX-License-Identifier: MIT
#include "smtp/reply.h"

#include "check.h"

static bool add(struct reply *reply, const char *text) {
    struct event_line line = {.text = slice_of_string(text)};
    line.len = line.text.len;
    return reply_add(reply, &line);
}

static void gathers_lines(void **state) {
    (void)state;
    struct reply reply;
    struct event_reply event = {0};
    reply_init(&reply);
    assert_false(add(&reply, "250-one"));
    assert_false(add(&reply, "junk"));
    assert_true(add(&reply, "550 two"));
    reply_finish(&event, &reply);
    assert_int_equal(event.code, 550);
    assert_int_equal(event.line_count, 3);
    check_slice(event.lines[0].text, "one");
    assert_true(event.lines[1].malformed && !event.lines[1].code_differs);
    assert_true(event.lines[2].code_differs);
    reply_cleanup(&reply);
}

static void waits_behind_a_line_without_a_code(void **state) {
    (void)state;
    struct reply reply;
    reply_init(&reply);
    assert_false(add(&reply, "junk"));
    assert_true(reply.open && reply.pending);
    assert_true(add(&reply, "220 mx"));
    assert_false(reply.pending);
    reply_clear(&reply);
    assert_false(reply.open);
    reply_cleanup(&reply);
}

static void keeps_no_more_than_the_caps(void **state) {
    (void)state;
    struct reply reply;
    struct event_reply event = {0};
    reply_init(&reply);
    for (int i = 0; i < LIMIT_REPLY_LINES + 5; i++) {
        assert_false(add(&reply, "250-x"));
    }
    assert_true(add(&reply, "251 end"));
    reply_finish(&event, &reply);
    assert_int_equal(event.line_count, LIMIT_REPLY_LINES);
    assert_true(event.cut);
    assert_int_equal(event.code, 251);
    reply_cleanup(&reply);
}

static void clips_what_is_shown(void **state) {
    (void)state;
    struct reply reply;
    struct event_reply event = {0};
    reply_init(&reply);
    assert_true(add(&reply, "250 abcdef"));
    reply_finish(&event, &reply);
    reply_clip(&reply, 6);
    check_slice(event.lines[0].line.text, "250 ab");
    check_slice(event.lines[0].text, "ab");
    reply_clip(&reply, 2);
    check_slice(event.lines[0].text, "");
    reply_cleanup(&reply);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gathers_lines),
        cmocka_unit_test(waits_behind_a_line_without_a_code),
        cmocka_unit_test(keeps_no_more_than_the_caps),
        cmocka_unit_test(clips_what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
