// SPDX-License-Identifier: MIT
// Events in their order, and what a reader that comes late is told.
#include "web/feed.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool has(const struct buf *buf, const char *text) {
    return slice_find(buf_slice(buf), slice_of_string(text)) != SLICE_NONE;
}

static void a_reader_goes_on_where_it_was(void **state) {
    (void)state;
    struct feed *feed = feed_new(KIB);
    struct buf out;
    uint64_t counter = 0;
    buf_init(&out, MIB);
    assert_false(feed_read(&out, feed, &counter, MIB));
    feed_add(feed, SLICE("\"event\":\"a\"}\n\"event\":\"b\"}\n"));
    assert_true(feed_read(&out, feed, &counter, MIB));
    assert_true(slice_is(buf_slice(&out), "id: 1\ndata: {\"counter\":1,\"event\":\"a\"}\n\n"
                                          "id: 2\ndata: {\"counter\":2,\"event\":\"b\"}\n\n"));
    assert_int_equal(counter, 2);
    buf_clear(&out);
    feed_add(feed, SLICE("\"event\":\"c\"}\n"));
    counter = 1;
    assert_true(feed_read(&out, feed, &counter, 1)); // a whole line at least
    assert_true(slice_is(buf_slice(&out), "id: 2\ndata: {\"counter\":2,\"event\":\"b\"}\n\n"));
    assert_true(feed_read(&out, feed, &counter, MIB));
    assert_true(has(&out, "\"event\":\"c\""));
    assert_false(feed_read(&out, feed, &counter, MIB));
    buf_cleanup(&out);
    feed_free(feed);
}

static void a_slow_reader_is_told_how_many_it_has_missed(void **state) {
    (void)state;
    struct feed *feed = feed_new(KIB);
    struct buf out;
    uint64_t counter = 0;
    buf_init(&out, MIB);
    for (int i = 0; i < 1000; i++) {
        feed_add(feed, SLICE("\"event\":\"a\"}\n"));
    }
    uint64_t missed = feed_before_oldest(feed);
    assert_true(missed > 900 && missed < 1000);
    assert_true(feed_read(&out, feed, &counter, MIB));
    char text[64];
    snprintf(text, sizeof(text), "\"event\":\"lost\",\"count\":%u,", (unsigned)missed);
    assert_true(has(&out, text));
    assert_true(has(&out, "\"counter\":1000,"));
    assert_int_equal(counter, 1000);
    buf_cleanup(&out);
    feed_free(feed);
}

static void a_counter_of_another_run_begins_with_the_next_event(void **state) {
    (void)state;
    struct feed *feed = feed_new(KIB);
    struct buf out;
    uint64_t counter = UINT64_MAX;
    buf_init(&out, MIB);
    feed_add(feed, SLICE("\"event\":\"a\"}\n"));
    assert_false(feed_read(&out, feed, &counter, MIB));
    assert_int_equal(counter, 1);
    buf_cleanup(&out);
    feed_free(feed);
}

static void a_clear_is_said(void **state) {
    (void)state;
    struct feed *feed = feed_new(KIB);
    struct buf out;
    uint64_t counter = 2;
    buf_init(&out, MIB);
    feed_add(feed, SLICE("\"event\":\"a\"}\n\"event\":\"b\"}\n"));
    feed_clear(feed);
    assert_true(feed_read(&out, feed, &counter, MIB));
    assert_true(has(&out, "\"counter\":3,"));
    assert_true(has(&out, "\"count\":2,"));
    assert_false(has(&out, "\"event\":\"a\""));
    buf_cleanup(&out);
    feed_free(feed);
}

static void a_clear_counts_what_a_late_reader_missed_once(void **state) {
    (void)state;
    struct feed *feed = feed_new(KIB);
    struct buf out;
    uint64_t counter = 0;
    buf_init(&out, MIB);
    feed_add(feed, SLICE("\"event\":\"a\"}\n\"event\":\"b\"}\n"));
    feed_clear(feed);
    feed_add(feed, SLICE("\"event\":\"c\"}\n"));
    assert_true(feed_read(&out, feed, &counter, MIB));
    assert_true(slice_starts_with(buf_slice(&out), SLICE("id: 3\n")));
    assert_true(has(&out, "\"count\":2,"));
    assert_true(has(&out, "\"counter\":4,\"event\":\"c\""));
    assert_false(has(&out, "the page was cleared"));
    buf_cleanup(&out);
    feed_free(feed);
}

// A line whose length depends on its number, and who can be told from all others.
static void add_line(struct feed *feed, unsigned number) {
    char line[256];
    int len = snprintf(line, sizeof(line), "\"event\":\"%u %*s\"}\n", number,
                       (int)(number * 37 % 200), ".");
    feed_add(feed, slice_of(line, (size_t)len));
}

// What a reader gets that has seen all up to `counter` is the next ones up to `last`, each with its
// own text.
static void assert_goes_on(struct feed *feed, uint64_t counter, unsigned last) {
    struct buf out;
    buf_init(&out, MIB);
    while (counter < last) {
        char text[64];
        uint64_t next = counter + 1;
        snprintf(text, sizeof(text), "data: {\"counter\":%u,\"event\":\"%u ", (unsigned)next,
                 (unsigned)next);
        buf_clear(&out);
        assert_true(feed_read(&out, feed, &counter, 1));
        assert_int_equal(counter, next);
        assert_true(has(&out, text));
    }
    assert_false(feed_read(&out, feed, &counter, MIB));
    buf_cleanup(&out);
}

static void what_is_kept_has_no_gap(void **state) {
    (void)state;
    struct feed *feed = feed_new(16 * KIB);
    for (unsigned last = 1; last <= 1000; last++) {
        add_line(feed, last);
        uint64_t before = feed_before_oldest(feed);
        assert_int_equal(feed_last(feed), last);
        assert_true(before < last);
        assert_true(last < 200 || last - before >= 90); // most of what there is room for
        assert_goes_on(feed, before, last);
    }
    feed_free(feed);
}

static void lines_for_which_there_is_no_room_are_counted(void **state) {
    (void)state;
    static char line[2 * KIB];
    struct feed *feed = feed_new(KIB);
    struct buf out;
    uint64_t counter = 1;
    buf_init(&out, MIB);
    add_line(feed, 1);
    memset(line, ' ', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    feed_add(feed, slice_of(line, sizeof(line)));
    assert_int_equal(feed_before_oldest(feed), 2);
    add_line(feed, 3);
    assert_true(feed_read(&out, feed, &counter, MIB));
    assert_true(has(&out, "\"event\":\"lost\",\"count\":1,"));
    assert_true(has(&out, "\"counter\":3,\"event\":\"3"));
    buf_cleanup(&out);
    feed_free(feed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_goes_on_where_it_was),
        cmocka_unit_test(a_slow_reader_is_told_how_many_it_has_missed),
        cmocka_unit_test(a_counter_of_another_run_begins_with_the_next_event),
        cmocka_unit_test(a_clear_is_said),
        cmocka_unit_test(what_is_kept_has_no_gap),
        cmocka_unit_test(lines_for_which_there_is_no_room_are_counted),
        cmocka_unit_test(a_clear_counts_what_a_late_reader_missed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
