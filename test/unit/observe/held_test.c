// SPDX-License-Identifier: MIT
// Sessions that wait for --only fill the memory that is kept for them: what is left out is counted,
// said in each output that has lines, and a session that comes later is whole.
#include "observe/output_parts.h"

#include "base/limits.h"
#include "support/sample.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FLOOD = 20000, FLOODING = 1, SMALL = 2, UNWANTED = 3 };

static bool is_wanted(void *context, const struct record *session) {
    (void)context;
    return session->session.id != UNWANTED;
}

// Outputs whose sessions may keep little together.
static struct output_set *open_small(void) {
    struct output_set *set = NULL;
    struct failure failure = {""};
    const struct output_spec specs[] = {{&text_format, in_folder("t")},
                                        {&jsonl_format, in_folder("l")},
                                        {&json_format, in_folder("j")},
                                        {&eml_format, in_folder("mail")}};
    struct output_options options = {.specs = specs,
                                     .spec_count = sizeof(specs) / sizeof(specs[0]),
                                     .body = BODY_FULL,
                                     .only = is_wanted,
                                     .spool.queue_max = LIMIT_WRITER_QUEUE};
    assert_int_equal(output_set_open(&set, &failure, &options), OK);
    budget_init(&set->kept, 8 * MIB, KIB);
    return set;
}

struct session {
    struct sample sample;
    void *recording;
};

static void begin(struct session *session, struct output_set *set, uint64_t id) {
    session->recording = output_sink.session_new(set);
    sample_init(&session->sample, (struct event_sink){output_sink.take, session->recording});
    session->sample.session.id = id;
}

static void flood(struct session *session) {
    sample_connect(&session->sample);
    for (int i = 1; i <= FLOOD; i++) {
        sample_command(&session->sample, i, "NOOP of the flood");
    }
}

static void end_flood(struct session *session) {
    sample_close(&session->sample, PARTY_CLIENT, OUTCOME_CLIENT_CLOSED, "it left");
    output_sink.session_free(session->recording);
}

static void record_small(struct output_set *set, uint64_t id) {
    struct session small;
    begin(&small, set, id);
    sample_session(&small.sample);
    output_sink.session_free(small.recording);
}

static size_t count_of(const char *path, const char *part) {
    size_t count = 0;
    for (const char *at = file_text(in_folder(path)); (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

static size_t number_in_front_of(const char *path, const char *words) {
    const char *text = file_text(in_folder(path));
    const char *at = strstr(text, words);
    assert_non_null(at);
    while (at > text && at[-1] >= '0' && at[-1] <= '9') {
        at--;
    }
    return strtoul(at, NULL, 10);
}

static void what_is_left_out_is_counted(void **state) {
    (void)state;
    struct session flooding;
    struct output_set *set = open_small();
    begin(&flooding, set, FLOODING);
    flood(&flooding);
    record_small(set, SMALL); // while the other one holds all that it may
    end_flood(&flooding);
    output_set_close(set);
    size_t shown = count_of("t", "C > \"NOOP of the flood\"");
    size_t lost = number_in_front_of("t", " lines were lost: the sessions that wait for --only");
    assert_in_range(shown, 1, FLOOD - 1);
    assert_int_equal(shown + lost, FLOOD);
    assert_int_equal(count_of("l", "NOOP of the flood\",\"pipelined"), shown);
    assert_int_equal(count_of("l", "\"event\":\"lost\""), 1);
    assert_int_equal(count_of("t", " 1 ### Connection closed"), 1);
    assert_true(count_of("j", "\"truncated\":true") == 1); // of the flood alone
    assert_true(count_of("t", " 2 ### Connection closed") == 1);
    assert_true(file_exists(in_folder("mail/2-1.eml")));
}

static void what_is_not_wanted_leaves_nothing(void **state) {
    (void)state;
    struct session flooding;
    struct output_set *set = open_small();
    begin(&flooding, set, UNWANTED);
    flood(&flooding);
    end_flood(&flooding);
    record_small(set, UNWANTED);
    assert_int_equal(atomic_load(&set->kept.used), 0);
    output_set_close(set);
    assert_string_equal(file_text(in_folder("t")), "");
    assert_string_equal(file_text(in_folder("l")), "");
    assert_false(file_exists(in_folder("mail/3-1.eml")));
}

// More than LIMIT_HELD_LINES of the text of one message.
static void of_a_huge_session_the_text_is_left_out_and_the_rest_is_whole(void **state) {
    (void)state;
    enum { LINE = 32 * 1024, LINES = (int)(LIMIT_HELD_LINES / LINE) + 100 };
    struct session huge;
    struct output_set *set = NULL;
    struct failure failure = {""};
    const struct output_spec specs[] = {{&text_format, in_folder("t")}};
    struct output_options options = {.specs = specs,
                                     .spec_count = 1,
                                     .body = BODY_FULL,
                                     .only = is_wanted,
                                     .spool.queue_max = LIMIT_WRITER_QUEUE};
    assert_int_equal(output_set_open(&set, &failure, &options), OK);
    budget_init(&set->kept, 8 * LIMIT_HELD_LINES, KIB);
    begin(&huge, set, SMALL);
    sample_connect(&huge.sample);
    sample_command(&huge.sample, 1, "DATA");
    char *line = malloc(LINE);
    memset(line, 'x', LINE);
    struct event text = {.kind = EVENT_TEXT, .text = {.message = 1}};
    text.text.line =
        (struct event_line){.text = slice_of(line, LINE), .len = LINE, .ending = ENDING_CRLF};
    for (int i = 0; i < LINES; i++) {
        sample_send(&huge.sample, &text);
    }
    sample_final(&huge.sample, 1, "250 ok");
    sample_close(&huge.sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
    output_sink.session_free(huge.recording);
    output_set_close(set);
    free(line);
    assert_in_range(count_of("t", " C > \"xxxxxxxxxxxxxxxx"), 1, LINES - 1);
    assert_int_equal(count_of("t", "the text of its messages is left out from here"), 1);
    assert_int_equal(count_of("t", " S < \"250 ok\""), 1);
    assert_int_equal(count_of("t", " 2 ### Connection closed"), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)
    const struct CMUnitTest tests[] = {
        TEST(what_is_left_out_is_counted),
        TEST(what_is_not_wanted_leaves_nothing),
        TEST(of_a_huge_session_the_text_is_left_out_and_the_rest_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
