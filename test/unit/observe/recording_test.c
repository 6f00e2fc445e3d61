// SPDX-License-Identifier: MIT
// One session in all outputs: what --only and a pause make of it, and that what was written can be
// read back.
#include "observe/output.h"

#include "base/limits.h"
#include "format/show.h"
#include "support/sample.h"
#include "support/test_folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct output_set *open_set(struct output_options options) {
    struct output_set *set = NULL;
    struct failure failure = {""};
    const struct output_spec specs[] = {{&text_format, in_folder("t")},
                                        {&jsonl_format, in_folder("l")},
                                        {&json_format, in_folder("j")},
                                        {&eml_format, in_folder("mail")}};
    options.specs = specs;
    options.spec_count = sizeof(specs) / sizeof(specs[0]);
    options.spool.queue_max = LIMIT_WRITER_QUEUE;
    if (output_set_open(&set, &failure, &options) != OK) {
        fail_msg("%s", failure.text);
    }
    return set;
}

// A session with a message, whose events `play` makes from the sample.
static void record(struct output_set *set, uint64_t id, void (*play)(struct sample *sample)) {
    struct sample sample;
    void *recording = output_sink.session_new(set);
    sample_init(&sample, (struct event_sink){output_sink.take, recording});
    sample.session.id = id;
    play(&sample);
    output_sink.session_free(recording);
}

static bool file_has(const char *path, const char *part) {
    return strstr(file_text(in_folder(path)), part) != NULL;
}

// ── reading back ────────────────────────────────────────────────────────────────────────────────

static void append(void *context, struct slice lines) {
    buf_put(context, lines);
}

static void shows_as(const char *path, const char *expected) {
    const char *data = file_text(in_folder(path));
    struct buf shown;
    struct reader *reader = NULL;
    struct failure failure = {""};
    buf_init(&shown, MIB);
    assert_int_equal(reader_open(&reader, &failure, slice_of_string(data)), OK);
    struct terminal no_terminal = {0};
    show_text(reader, &(struct show_options){.terminal = &no_terminal}, append, &shown);
    reader_free(reader);
    buf_put_byte(&shown, 0);
    assert_string_equal(buf_slice(&shown).data, expected);
    buf_cleanup(&shown);
}

static void what_is_written_can_be_shown(void **state) {
    (void)state;
    struct output_set *set = open_set((struct output_options){.body = BODY_FULL});
    record(set, 1, sample_session);
    output_set_close(set);
    shows_as("j", file_text(in_folder("t")));
}

static size_t files_in(const char *name) {
    size_t count = 0;
    DIR *folder = opendir(in_folder(name));
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2 ? 1 : 0;
    }
    closedir(folder);
    return count;
}

// ── --only ──────────────────────────────────────────────────────────────────────────────────────

static bool is_second(void *context, const struct record *session) {
    (void)context;
    return session->session.id == 2;
}

static void only_what_matches_is_recorded(void **state) {
    (void)state;
    struct output_set *set = open_set((struct output_options){.only = is_second});
    record(set, 1, sample_session);
    record(set, 2, sample_session);
    output_set_close(set);
    assert_false(file_has("t", " 1 ### Connected"));
    assert_true(file_has("t", "1 2026-11-22T15:03:11.586Z 4242 2 ### Connected"));
    assert_false(file_has("l", "\"session\":1,"));
    assert_true(file_has("l", "{\"counter\":1,\"time\":\"2026-11-22T15:03:11.586123Z\","
                              "\"pid\":4242,\"session\":2,\"event\":\"connect\""));
    assert_false(file_has("j", "\"id\":1,"));
    assert_true(file_has("j", "\"id\":2,"));
    assert_true(file_exists(in_folder("mail/2-1.eml")));
    assert_int_equal(files_in("mail"), 1);
    shows_as("j", file_text(in_folder("t")));
}

// ── a pause ─────────────────────────────────────────────────────────────────────────────────────

static struct output_set *paused_set;

static void tell_with_a_pause(struct sample *sample) {
    int64_t unix_ns = sample->session.started_unix_ns;
    sample_connect(sample);
    sample_command(sample, 1, "EHLO before");
    output_set_pause(paused_set, true, unix_ns);
    sample_reply(sample, 1, "250 within");
    sample_command(sample, 2, "NOOP within");
    output_set_pause(paused_set, false, unix_ns);
    sample_command(sample, 3, "NOOP after");
    output_set_pause(paused_set, true, unix_ns);
    sample_close(sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    output_set_pause(paused_set, false, unix_ns);
}

static void tell_within_a_pause(struct sample *sample) {
    int64_t unix_ns = sample->session.started_unix_ns;
    output_set_pause(paused_set, true, unix_ns);
    sample_session(sample);
    output_set_pause(paused_set, false, unix_ns);
}

static void nothing_of_a_pause_is_recorded(void **state) {
    (void)state;
    static const char *const files[] = {"t", "l", "j"};
    paused_set = open_set((struct output_options){.body = BODY_HEADERS});
    record(paused_set, 1, tell_with_a_pause);
    record(paused_set, 2, tell_within_a_pause);
    output_set_close(paused_set);
    for (size_t i = 0; i < 3; i++) {
        assert_true(file_has(files[i], "EHLO before"));
        assert_true(file_has(files[i], "NOOP after"));
        assert_false(file_has(files[i], "within"));
        assert_false(file_has(files[i], "smtp.example.com ESMTP"));
    }
    assert_true(file_has("j", "\"truncated\":true,\"outcome\":\"completed\""));
    assert_false(file_has("j", "\"id\":2,"));
}

// ── the record for others ─────────────────────────────────────────────────────────────────────

static void count_session(void *context, const struct record *session) {
    size_t *count = context;
    (*count)++;
    assert_int_equal(session->session.id, *count);
    assert_true(session->closed);
    assert_int_equal(session->message_count, 1);
}

static void who_asks_gets_each_record(void **state) {
    (void)state;
    size_t count = 0;
    struct output_set *set = open_set((struct output_options){.body = BODY_NONE});
    output_set_on_session(set, count_session, &count);
    record(set, 1, sample_session);
    record(set, 2, sample_session);
    assert_int_equal(count, 2);
    output_set_close(set);
}

static void connect_alone(struct sample *sample) {
    sample_connect(sample);
}

// A session that was never closed (the program is stopping hard) is kept as far as it went.
static void a_recording_without_an_end_is_kept(void **state) {
    (void)state;
    struct output_set *set = open_set((struct output_options){.body = BODY_HEADERS});
    record(set, 1, connect_alone);
    output_set_close(set);
    assert_true(file_has("t", "### Connected"));
    assert_true(file_has("j", "\"outcome\":null"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_can_be_shown),       TEST(only_what_matches_is_recorded),
        TEST(nothing_of_a_pause_is_recorded),     TEST(who_asks_gets_each_record),
        TEST(a_recording_without_an_end_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
