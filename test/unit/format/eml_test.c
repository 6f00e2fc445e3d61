// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
    struct output output;
    struct outlet outlet;
    struct event_session session;
    void *state;
};

static struct fixture fixture;

static int enter(void **state) {
    (void)state;
    fixture = (struct fixture){.output = {.format = &eml_format, .to = {.index = 3}}};
    fixture.outlet.output = &fixture.output;
    fixture.outlet.files = write_batch_new();
    fixture.session.id = 7;
    fixture.state = eml_format.session_new(&fixture.outlet);
    return 0;
}

static int leave(void **state) {
    (void)state;
    eml_format.session_free(fixture.state);
    write_batch_free(fixture.outlet.files);
    return 0;
}

typedef void taker(void *state, const struct event *event);

static void content(taker *take, int message, const char *text) {
    struct event event = {.kind = EVENT_CONTENT, .session = &fixture.session};
    event.content = (struct event_content){.message = message, .bytes = slice_of_string(text)};
    take(fixture.state, &event);
}

static void end(taker *take, int message, bool complete) {
    struct event event = {.kind = EVENT_CONTENT_END, .session = &fixture.session};
    event.content_end = (struct event_content_end){.message = message, .complete = complete};
    take(fixture.state, &event);
}

static void close_session(void) {
    struct event event = {.kind = EVENT_CLOSE, .session = &fixture.session};
    eml_format.take(fixture.state, &event);
}

static void expect(size_t index, enum chunk_kind kind, const char *name, uint64_t offset) {
    assert_true(index < fixture.outlet.files->count);
    const struct chunk *chunk = &fixture.outlet.files->chunks[index];
    assert_int_equal(chunk->kind, kind);
    assert_int_equal(chunk->output, 3);
    assert_string_equal(chunk->name, name);
    assert_int_equal(chunk->offset, offset);
}

static void expect_count(size_t count) {
    assert_int_equal(fixture.outlet.files->count, count);
}

static void a_message_is_a_file(void **state) {
    (void)state;
    content(eml_format.take, 1, "Subject: a\r\n");
    content(eml_format.take, 1, "\r\nb\r\n");
    end(eml_format.take, 1, true);
    expect_count(4);
    expect(0, CHUNK_FILE_OPEN, "7-1.eml", 0);
    expect(1, CHUNK_FILE_DATA, "7-1.eml", 0);
    expect(2, CHUNK_FILE_DATA, "7-1.eml", 12);
    expect(3, CHUNK_FILE_FINISH, "7-1.eml", 17);
    assert_memory_equal(fixture.outlet.files->chunks[2].bytes, "\r\nb\r\n", 5);
}

static void several_messages_are_several_files(void **state) {
    (void)state;
    content(eml_format.take, 1, "a");
    end(eml_format.take, 1, true);
    content(eml_format.take, 2, "b");
    end(eml_format.take, 2, true);
    expect_count(6);
    expect(3, CHUNK_FILE_OPEN, "7-2.eml", 0);
    expect(5, CHUNK_FILE_FINISH, "7-2.eml", 1);
}

static void an_empty_message_is_an_empty_file(void **state) {
    (void)state;
    end(eml_format.take, 1, true);
    expect_count(2);
    expect(0, CHUNK_FILE_OPEN, "7-1.eml", 0);
    expect(1, CHUNK_FILE_FINISH, "7-1.eml", 0);
}

static void what_is_cut_off_is_partial(void **state) {
    (void)state;
    content(eml_format.take, 1, "a");
    end(eml_format.take, 1, false);
    expect(2, CHUNK_FILE_PARTIAL, "7-1.eml", 1);
    content(eml_format.take, 2, "a");
    close_session();
    expect_count(6);
    expect(5, CHUNK_FILE_PARTIAL, "7-2.eml", 1);
}

static void a_pause_within_a_message_leaves_it_partial(void **state) {
    (void)state;
    content(eml_format.take, 1, "a");
    content(eml_format.skip, 1, "b");
    content(eml_format.take, 1, "c");
    end(eml_format.take, 1, true);
    expect_count(3);
    expect(2, CHUNK_FILE_PARTIAL, "7-1.eml", 1);
}

static void a_message_that_began_in_a_pause_is_not_kept(void **state) {
    (void)state;
    content(eml_format.skip, 1, "a");
    content(eml_format.take, 1, "b");
    end(eml_format.take, 1, true);
    content(eml_format.skip, 2, "a");
    end(eml_format.skip, 2, true);
    expect_count(0);
}

static void a_message_that_ended_in_a_pause_is_partial(void **state) {
    (void)state;
    content(eml_format.take, 1, "a");
    end(eml_format.skip, 1, true);
    expect_count(3);
    expect(2, CHUNK_FILE_PARTIAL, "7-1.eml", 1);
}

#define EML_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        EML_TEST(a_message_is_a_file),
        EML_TEST(several_messages_are_several_files),
        EML_TEST(an_empty_message_is_an_empty_file),
        EML_TEST(what_is_cut_off_is_partial),
        EML_TEST(a_pause_within_a_message_leaves_it_partial),
        EML_TEST(a_message_that_began_in_a_pause_is_not_kept),
        EML_TEST(a_message_that_ended_in_a_pause_is_partial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
