// SPDX-License-Identifier: MIT
#include "inspect/mask_bytes.h"

#include "mask_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PASSWORD "tanstaaf!7"
#define PLAIN    "AHRpbQB0YW5zdGFhZiE3" // NUL tim NUL tanstaaf!7

static void assert_text(struct slice actual, const char *expected) {
    if (!slice_equal(actual, slice_of_string(expected))) {
        fail_msg("<%.*s> should be <%s>", (int)actual.len, (const char *)actual.data, expected);
    }
}

static void assert_raw(struct mask_fixture *fixture, const char *expected) {
    struct event close = {.kind = EVENT_CLOSE};
    fixture_take(fixture, &close); // what waits comes out before the end
    assert_int_equal(fixture->copy.kind, EVENT_CLOSE);
    assert_text(buf_slice(&fixture->raw), expected);
    fixture_cleanup(fixture);
}

static void take_marked(struct mask_fixture *fixture, struct slice data, struct span span,
                        bool goes_on) {
    struct event event = {.kind = EVENT_BYTES};
    event.bytes.from = SIDE_CLIENT;
    event.bytes.data = data;
    event.bytes.secrets[0] = span;
    event.bytes.secret_count = 1;
    event.bytes.secret_goes_on = goes_on;
    fixture_take(fixture, &event);
}

static void marked_bytes_are_eight_stars_however_they_are_split(void **state) {
    (void)state;
    static const char line[] = "AUTH PLAIN " PLAIN "\r\n";
    size_t start = 11;
    size_t end = sizeof(line) - 3;
    for (size_t cut = 1; cut < sizeof(line) - 1; cut++) {
        struct mask_fixture fixture;
        fixture_init(&fixture, AUTH_VIEW_MASK);
        struct slice all = SLICE(line);
        if (cut <= start) {
            fixture_bytes(&fixture, SIDE_CLIENT, slice_sub(all, 0, cut));
            take_marked(&fixture, slice_from(all, cut), (struct span){start - cut, end - start},
                        false);
        } else if (cut >= end) {
            take_marked(&fixture, slice_sub(all, 0, cut), (struct span){start, end - start}, false);
            fixture_bytes(&fixture, SIDE_CLIENT, slice_from(all, cut));
        } else {
            take_marked(&fixture, slice_sub(all, 0, cut), (struct span){start, cut - start}, false);
            take_marked(&fixture, slice_from(all, cut), (struct span){0, end - cut}, true);
        }
        assert_raw(&fixture, "AUTH PLAIN ********\r\n");
    }
}

static void an_echo_is_hidden_however_it_is_split(void **state) {
    (void)state;
    struct slice echo = SLICE("535 no " PASSWORD " here\r\n250 ok\r\n");
    for (size_t cut = 0; cut <= echo.len; cut++) {
        struct mask_fixture fixture;
        fixture_init(&fixture, AUTH_VIEW_MASK);
        fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
        fixture_bytes(&fixture, SIDE_SERVER, slice_sub(echo, 0, cut));
        fixture_bytes(&fixture, SIDE_SERVER, slice_from(echo, cut));
        assert_raw(&fixture, "535 no ******** here\r\n250 ok\r\n");
    }
}

static void bytes_in_front_of_their_line_teach_too(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_MASK);
    take_marked(&fixture, SLICE("AUTH PLAIN " PLAIN "\r\nNOOP " PASSWORD "\r\n"),
                (struct span){11, strlen(PLAIN)}, false);
    assert_raw(&fixture, "AUTH PLAIN ********\r\nNOOP ********\r\n");
}

static void bytes_in_front_of_their_line_do_not_make_the_name_a_secret(void **state) {
    (void)state;
    static const char *const lines[] = {
        "AHRpbW90aHkAdGFuc3RhYWYhNw==",         // NUL timothy NUL tanstaaf!7
        "dGltb3RoeQB0aW1vdGh5AHRhbnN0YWFmITc=", // timothy NUL timothy NUL tanstaaf!7
        "dXNlcj10aW1vdGh5AWF1dGg9QmVhcmVyIHRhbnN0YWFmITcBAQ==", // user=timothy ^A auth=Bearer …
        "dGltb3RoeQ==",                                         // LOGIN's first line
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct mask_fixture fixture;
        fixture_init(&fixture, AUTH_VIEW_MASK);
        take_marked(&fixture, slice_of_string(lines[i]), (struct span){0, strlen(lines[i])}, false);
        fixture_bytes(&fixture, SIDE_CLIENT, SLICE("\r\nNOOP timothy\r\n"));
        assert_raw(&fixture, "********\r\nNOOP timothy\r\n");
    }
}

// A line longer than --max-line, whose password stands behind the cut.
static void learn_cut(struct mask_fixture *fixture) {
    struct event event = {.kind = EVENT_COMMAND};
    event.command.command.verb = VERB_AUTH;
    event.command.line.text = SLICE("AUTH PLAIN AHRp");
    event.command.command.mechanism = slice_sub(event.command.line.text, 5, 5);
    event.command.line.len = 11 + strlen(PLAIN);
    event.command.line.secrets[0] = (struct span){11, 4};
    event.command.line.secret_count = 1;
    fixture_take(fixture, &event);
}

static void a_cut_line_is_learnt_whole_from_its_bytes(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct mask_fixture fixture;
        fixture_init(&fixture, AUTH_VIEW_MASK);
        if (order == 0) {
            learn_cut(&fixture);
        }
        take_marked(&fixture, SLICE("AUTH PLAIN AHRpbQB0YW"), (struct span){11, 10}, false);
        take_marked(&fixture, SLICE("5zdGFhZiE3\r\n"), (struct span){0, 10}, true);
        if (order == 1) {
            learn_cut(&fixture);
        }
        fixture_reply(&fixture, SLICE("535 no " PASSWORD));
        assert_text(buf_slice(&fixture.last), "535 no ********");
        assert_raw(&fixture, "AUTH PLAIN ********\r\n");
    }
}

static void a_run_that_ends_with_its_event_is_learnt(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_MASK);
    learn_cut(&fixture);
    take_marked(&fixture, SLICE("AUTH PLAIN " PLAIN), (struct span){11, strlen(PLAIN)}, false);
    fixture_bytes(&fixture, SIDE_CLIENT, SLICE("\r\n"));
    fixture_reply(&fixture, SLICE("535 no " PASSWORD));
    assert_text(buf_slice(&fixture.last), "535 no ********");
    fixture_cleanup(&fixture);
}

static void message_text_follows_what_waited(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_MASK);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    fixture_bytes(&fixture, SIDE_CLIENT, SLICE("DATA"));
    struct event event = {.kind = EVENT_BYTES};
    event.bytes.data = SLICE(PASSWORD "\r\n.\r\n");
    event.bytes.message_text = true;
    fixture_take(&fixture, &event);
    assert_raw(&fixture, "DATA" PASSWORD "\r\n.\r\n");
}

// Wherever the lines cease to wait, the two parts of the password may stand on either side of it.
static void a_reply_too_long_to_wait_shows_no_part_of_a_secret(void **state) {
    (void)state;
    for (int lines = 11910; lines < 11918; lines++) { // of 5.5 bytes: 64 KiB
        struct mask_fixture fixture;
        fixture_init(&fixture, AUTH_VIEW_MASK);
        fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
        struct buf long_reply;
        buf_init(&long_reply, 128 * KIB);
        for (int i = 0; i < lines; i++) {
            buf_put_string(&long_reply, i % 2 == 0 ? "250-\n" : "250-\r\n");
        }
        fixture_bytes(&fixture, SIDE_SERVER, buf_slice(&long_reply));
        buf_cleanup(&long_reply);
        fixture_bytes(&fixture, SIDE_SERVER, SLICE("250-tanst\r\n"));
        fixture_bytes(&fixture, SIDE_SERVER, SLICE("250 aaf!7\r\n250 fine\r\n"));
        fixture_bytes(&fixture, SIDE_SERVER, SLICE("250 fine\r\n"));
        struct slice seen = buf_slice(&fixture.raw);
        assert_true(slice_find(seen, SLICE("tanst")) == SLICE_NONE);
        assert_true(slice_find(seen, SLICE("aaf!7")) == SLICE_NONE);
        assert_true(slice_find(seen, SLICE("250 fine\r\n")) != SLICE_NONE);
        fixture_cleanup(&fixture);
    }
}

static void a_line_too_long_to_wait_ends_in_stars(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_MASK);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    uint8_t filler[1024];
    memset(filler, 'x', sizeof(filler));
    for (size_t i = 0; i < 100; i++) {
        fixture_bytes(&fixture, SIDE_SERVER, slice_of(filler, sizeof(filler)));
    }
    fixture_bytes(&fixture, SIDE_SERVER, SLICE(PASSWORD "\r\n250 ok\r\n"));
    struct slice raw = buf_slice(&fixture.raw);
    assert_true(raw.len > 64 * KIB && raw.len < 70 * KIB);
    assert_text(slice_from(raw, raw.len - 18), "********\r\n250 ok\r\n");
    fixture_cleanup(&fixture);
}

// A secret was too much to be read, so nothing can be searched for: base64 may begin like a reply.
static void what_cannot_be_searched_shows_no_part_of_a_response(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_MASK);
    mask_look_ahead(fixture.mask, &(struct event_command){.unread = true});
    fixture_bytes(&fixture, SIDE_CLIENT, SLICE("4oCmcGFzcw==\r\nNOOP x\r\n"));
    fixture_bytes(&fixture, SIDE_SERVER, SLICE("535-no pass\r\n535\r\nno code\r\n"));
    assert_raw(&fixture, "********\r\nNOOP********\r\n535-********\r\n535\r\n********\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marked_bytes_are_eight_stars_however_they_are_split),
        cmocka_unit_test(an_echo_is_hidden_however_it_is_split),
        cmocka_unit_test(bytes_in_front_of_their_line_teach_too),
        cmocka_unit_test(bytes_in_front_of_their_line_do_not_make_the_name_a_secret),
        cmocka_unit_test(a_cut_line_is_learnt_whole_from_its_bytes),
        cmocka_unit_test(a_run_that_ends_with_its_event_is_learnt),
        cmocka_unit_test(message_text_follows_what_waited),
        cmocka_unit_test(a_reply_too_long_to_wait_shows_no_part_of_a_secret),
        cmocka_unit_test(a_line_too_long_to_wait_ends_in_stars),
        cmocka_unit_test(what_cannot_be_searched_shows_no_part_of_a_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
