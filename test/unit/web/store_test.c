// SPDX-License-Identifier: MIT
// What the page keeps, and what goes when there is no room.
#include "web/store.h"

#include "base/limits.h"
#include "support/sample.h"
#include "web/page_sink.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool paused;

static bool is_paused(const void *context) {
    (void)context;
    return paused;
}

struct stage {
    struct feed *feed;
    struct page_target target;
};

static void stage_open(struct stage *stage, size_t memory) {
    paused = false;
    stage->feed = feed_new(MIB);
    stage->target = (struct page_target){
        .store = store_new(memory), .feed = stage->feed, .is_paused = is_paused};
}

static void stage_close(struct stage *stage) {
    store_free(stage->target.store);
    feed_free(stage->feed);
}

static void *begin(struct stage *stage, struct sample *sample, uint64_t id) {
    void *session = page_sink.session_new(&stage->target);
    sample_init(sample, (struct event_sink){page_sink.take, session});
    sample->session.id = id;
    sample_connect(sample);
    page_sink.flush(session);
    return session;
}

static void send_message(struct sample *sample, void *session, size_t len) {
    struct event event = {.kind = EVENT_CONTENT};
    uint8_t *text = calloc(1, len);
    memset(text, 'x', len);
    event.content.message = 1;
    event.content.bytes = slice_of(text, len);
    sample_send(sample, &event);
    event = (struct event){.kind = EVENT_CONTENT_END};
    event.content_end.message = 1;
    event.content_end.bytes = len;
    event.content_end.complete = true;
    sample_send(sample, &event);
    page_sink.flush(session);
    free(text);
}

static void end(struct sample *sample, void *session) {
    struct event event = {.kind = EVENT_CLOSE};
    sample_send(sample, &event);
    page_sink.flush(session);
    page_sink.session_free(session);
}

static void one(struct stage *stage, uint64_t id, size_t len) {
    struct sample sample;
    void *session = begin(stage, &sample, id);
    send_message(&sample, session, len);
    end(&sample, session);
}

static bool is_kept(struct stage *stage, uint64_t id) {
    struct kept *kept = store_find(stage->target.store, id);
    kept_release(kept);
    return kept != NULL;
}

static void sessions_are_in_the_order_of_their_numbers(void **state) {
    (void)state;
    struct stage stage;
    struct kept *found[8];
    bool more = false;
    stage_open(&stage, 16 * MIB);
    static const uint64_t ids[] = {2, 1, 5, 3};
    for (size_t i = 0; i < 4; i++) {
        one(&stage, ids[i], 10);
    }
    assert_int_equal(store_list(found, &more, stage.target.store, 1, 2), 2);
    assert_true(more);
    assert_int_equal(kept_id(found[0]), 2);
    assert_int_equal(kept_id(found[1]), 3);
    kept_release(found[0]);
    kept_release(found[1]);
    assert_int_equal(store_list(found, &more, stage.target.store, 3, 8), 1);
    assert_false(more);
    assert_int_equal(kept_id(found[0]), 5);
    kept_release(found[0]);
    stage_close(&stage);
}

static void the_oldest_that_ended_go_first(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    stage_open(&stage, 4 * MIB);
    void *live = begin(&stage, &sample, 1);
    for (uint64_t id = 2; id <= 9; id++) {
        one(&stage, id, MIB);
    }
    assert_true(is_kept(&stage, 1)); // it lives
    assert_false(is_kept(&stage, 2));
    assert_true(is_kept(&stage, 9));
    assert_int_equal(store_dropped(stage.target.store), 5);
    end(&sample, live);
    stage_close(&stage);
}

static void a_message_is_cut_at_its_cap(void **state) {
    (void)state;
    struct stage stage;
    bool cut = false;
    stage_open(&stage, 64 * MIB);
    one(&stage, 1, LIMIT_WEB_MESSAGE);
    one(&stage, 2, LIMIT_WEB_MESSAGE + 1);
    struct kept *whole = store_find(stage.target.store, 1);
    struct kept *over = store_find(stage.target.store, 2);
    assert_int_equal(kept_message_text(&cut, whole, 1).len, LIMIT_WEB_MESSAGE);
    assert_false(cut);
    assert_int_equal(kept_message_text(&cut, over, 1).len, LIMIT_WEB_MESSAGE);
    assert_true(cut);
    assert_true(slice_is_null(kept_message_text(&cut, over, 2)));
    kept_release(whole);
    kept_release(over);
    stage_close(&stage);
}

static void without_body_no_text_is_kept(void **state) {
    (void)state;
    struct stage stage;
    bool cut = false;
    stage_open(&stage, 64 * MIB);
    stage.target.body = BODY_NONE;
    one(&stage, 1, 100);
    struct kept *kept = store_find(stage.target.store, 1);
    assert_true(slice_is_null(kept_message_text(&cut, kept, 1)));
    kept_release(kept);
    stage_close(&stage);
}

static void a_pause_leaves_out_a_session(void **state) {
    (void)state;
    struct stage stage;
    bool cut = false;
    stage_open(&stage, 64 * MIB);
    paused = true;
    one(&stage, 1, 100);
    assert_false(is_kept(&stage, 1));
    assert_int_equal(feed_last(stage.feed), 0);
    struct sample sample;
    paused = false;
    void *session = begin(&stage, &sample, 2);
    paused = true;
    send_message(&sample, session, 100);
    end(&sample, session);
    struct kept *kept = store_find(stage.target.store, 2);
    assert_int_equal(kept_message_text(&cut, kept, 1).len, 0);
    assert_true(cut);
    kept_release(kept);
    stage_close(&stage);
}

static bool is_even(void *context, const struct record *session) {
    (void)context;
    return session->session.id % 2 == 0;
}

static void only_those_that_match_are_kept(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    stage_open(&stage, 64 * MIB);
    stage.target.only = is_even;
    one(&stage, 1, 100);
    void *session = begin(&stage, &sample, 2);
    assert_false(is_kept(&stage, 2)); // not before its end
    assert_int_equal(feed_last(stage.feed), 0);
    end(&sample, session);
    assert_true(is_kept(&stage, 2));
    assert_false(is_kept(&stage, 1));
    assert_int_equal(feed_last(stage.feed), 2);
    stage_close(&stage);
}

static void a_clear_forgets_and_a_live_session_begins_anew(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    struct kept_view view;
    stage_open(&stage, 64 * MIB);
    one(&stage, 1, 100);
    void *live = begin(&stage, &sample, 2);
    store_clear(stage.target.store);
    assert_false(is_kept(&stage, 1));
    assert_false(is_kept(&stage, 2));
    sample_command(&sample, 1, "NOOP");
    page_sink.flush(live);
    struct kept *kept = store_find(stage.target.store, 2);
    assert_true(kept_view_open(&view, kept));
    assert_int_equal(view.record->exchange_count, 1);
    assert_false(view.record->closed);
    kept_view_close(&view);
    kept_release(kept);
    end(&sample, live);
    assert_int_equal(store_dropped(stage.target.store), 0);
    stage_close(&stage);
}

static void a_view_does_not_change_while_the_session_goes_on(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    struct kept_view view;
    stage_open(&stage, 64 * MIB);
    void *live = begin(&stage, &sample, 1);
    sample_command(&sample, 1, "NOOP");
    struct kept *kept = store_find(stage.target.store, 1);
    assert_true(kept_view_open(&view, kept));
    for (int i = 2; i < 100; i++) {
        sample_command(&sample, i, "NOOP");
    }
    end(&sample, live);
    assert_int_equal(view.record->exchange_count, 1);
    assert_true(slice_is(view.record->exchanges[0].command->line.text, "NOOP"));
    kept_view_close(&view);
    kept_release(kept);
    stage_close(&stage);
}

static void a_collector_sees_what_has_gone(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, MIB);
    one(&stage, 1, 100);
    struct collector *collector = store_watch(stage.target.store);
    for (uint64_t id = 2; id <= 5; id++) {
        one(&stage, id, MIB);
    }
    struct collected collected = store_collect(collector);
    assert_int_equal(collected.ended, 5);
    assert_int_equal(kept_id(collected.sessions[4]), 5);
    store_collected_free(&collected);
    collected = store_collect(collector);
    assert_int_equal(collected.count, 0);
    store_collected_free(&collected);
    store_unwatch(collector);
    stage_close(&stage);
}

// ── what is counted ─────────────────────────────────────────────────────────────────────────────

static size_t held(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void send_bytes(struct sample *sample, void *session, size_t len) {
    struct event event = {.kind = EVENT_BYTES};
    uint8_t *text = calloc(1, len);
    event.bytes.from = SIDE_CLIENT;
    event.bytes.data = slice_of(text, len);
    sample_send(sample, &event);
    page_sink.flush(session);
    free(text);
}

static void counted_one(struct stage *stage, uint64_t id, size_t len) {
    struct sample sample;
    void *session = page_sink.session_new(&stage->target);
    sample_init(&sample, (struct event_sink){page_sink.take, session});
    sample.session.id = id;
    sample_connect(&sample);
    sample_tls(&sample, SIDE_SERVER);
    for (int i = 1; i <= 5; i++) {
        sample_command(&sample, i, "EHLO client.example.com");
        sample_reply(&sample, i, "250-server.example.com\n250 SIZE 1000000");
        send_bytes(&sample, session, 60);
    }
    send_bytes(&sample, session, len);
    send_message(&sample, session, len);
    end(&sample, session);
}

static size_t counted(struct store *store) {
    struct kept *found[LIMIT_WEB_LIST];
    bool more = false;
    size_t sum = 0;
    size_t count = store_list(found, &more, store, 1, LIMIT_WEB_LIST);
    for (size_t i = 0; i < count; i++) {
        sum += kept_bytes(found[i]);
        kept_release(found[i]);
    }
    return sum;
}

static void assert_counted(size_t len) {
    struct stage stage;
    stage_open(&stage, 64 * MIB);
    feed_free(stage.feed);
    stage.target.feed = stage.feed = feed_new(1); // keeps nothing
    counted_one(&stage, 1, len);
    size_t before = held();
    for (uint64_t id = 2; id < 500; id++) {
        counted_one(&stage, id, len);
    }
    size_t now = held();
    size_t sum = counted(stage.target.store);
    if (now > before) { // else the allocator is another, which does not say
        assert_true(now - before < sum + sum / 10);
        assert_true(sum < now - before + (now - before) / 10);
    }
    stage_close(&stage);
}

static void what_is_counted_is_what_is_held(void **state) {
    (void)state;
    assert_counted(100);
    assert_counted(2100);
    assert_counted(20000);
}

// Where there is no page.
static void an_idle_session_is_kept_without_a_record(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    struct kept_view view;
    stage_open(&stage, 64 * MIB);
    stage.target.feed = NULL;
    void *live = begin(&stage, &sample, 7);
    sample_tls(&sample, SIDE_SERVER);
    sample_command(&sample, 1, "EHLO client.example.com");
    page_sink.flush(live);
    struct kept *kept = store_find(stage.target.store, 7);
    assert_true(kept_count(kept) < 256);
    assert_true(kept_view_open(&view, kept));
    assert_int_equal(view.record->session.id, 7);
    assert_string_equal(view.record->tls[SIDE_SERVER]->version, "TLSv1.3");
    assert_null(view.record->tls[SIDE_CLIENT]);
    assert_false(view.record->closed);
    kept_view_close(&view);
    kept_release(kept);
    end(&sample, live);
    stage_close(&stage);
}

// The text is gone when this returns.
static void send_finding(struct sample *sample, int n) {
    char text[32];
    snprintf(text, sizeof(text), "finding %d", n);
    sample_finding(sample, SEVERITY_ERROR, text);
    memset(text, 'x', sizeof(text));
}

static void assert_findings(const struct record *record, size_t count) {
    assert_int_equal(record->finding_count, count);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "finding %zu", i + 1);
        assert_true(slice_is(record->findings[i].text, text));
        assert_int_equal(record->findings[i].severity, SEVERITY_ERROR);
    }
}

static void see_findings(struct kept *kept, size_t count) {
    struct kept_view view;
    assert_true(kept_view_open(&view, kept));
    assert_findings(view.record, count);
    kept_view_close(&view);
}

static void a_few_findings_are_kept_without_a_record(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    struct kept_view view;
    stage_open(&stage, 64 * MIB);
    stage.target.feed = NULL;
    void *live = begin(&stage, &sample, 7);
    send_finding(&sample, 1);
    send_finding(&sample, 2);
    struct kept *kept = store_find(stage.target.store, 7);
    assert_true(kept_count(kept) < 512);
    assert_true(kept_view_open(&view, kept));
    send_finding(&sample, 3);
    send_finding(&sample, 4);
    see_findings(kept, 4);
    send_finding(&sample, 5); // which is too many
    see_findings(kept, 5);
    assert_findings(view.record, 2); // as they were
    kept_view_close(&view);
    end(&sample, live);
    see_findings(kept, 5);
    kept_release(kept);
    stage_close(&stage);
}

// All that an expression has a name for, also of what came before there was a record.
static void without_a_page_a_session_has_what_can_be_asked(void **state) {
    (void)state;
    struct stage stage;
    struct sample sample;
    struct kept_view view;
    stage_open(&stage, 64 * MIB);
    stage.target.feed = NULL;
    stage.target.body = BODY_FULL;
    void *session = page_sink.session_new(&stage.target);
    sample_init(&sample, (struct event_sink){page_sink.take, session});
    sample_session(&sample);
    struct kept *kept = store_find(stage.target.store, sample.session.id);
    assert_true(kept_view_open(&view, kept));
    const struct record *record = view.record;
    assert_string_equal(record->session.client.address, sample.session.client.address);
    assert_string_equal(record->tls[SIDE_CLIENT]->version, "TLSv1.3");
    assert_string_equal(record->tls[SIDE_SERVER]->version, "TLSv1.3");
    assert_int_equal(record->auth_count, 1);
    assert_int_equal(record->message_count, 1);
    assert_true(record->messages[0].field_count > 0);
    assert_true(slice_is_null(record->messages[0].body));
    assert_int_equal(record->finding_count, 1);
    assert_true(record->closed);
    assert_int_equal(record->exchange_count, 0);
    kept_view_close(&view);
    kept_release(kept);
    page_sink.session_free(session);
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_in_the_order_of_their_numbers),
        cmocka_unit_test(the_oldest_that_ended_go_first),
        cmocka_unit_test(a_message_is_cut_at_its_cap),
        cmocka_unit_test(without_body_no_text_is_kept),
        cmocka_unit_test(a_pause_leaves_out_a_session),
        cmocka_unit_test(only_those_that_match_are_kept),
        cmocka_unit_test(a_clear_forgets_and_a_live_session_begins_anew),
        cmocka_unit_test(a_view_does_not_change_while_the_session_goes_on),
        cmocka_unit_test(a_collector_sees_what_has_gone),
        cmocka_unit_test(what_is_counted_is_what_is_held),
        cmocka_unit_test(an_idle_session_is_kept_without_a_record),
        cmocka_unit_test(a_few_findings_are_kept_without_a_record),
        cmocka_unit_test(without_a_page_a_session_has_what_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
