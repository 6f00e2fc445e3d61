// SPDX-License-Identifier: MIT
// All outputs together, with the real writer thread.
#include "observe/output.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/format.h"
#include "support/sample.h"
#include "support/test_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SPECS_MAX = 8 };

struct plan {
    struct output_spec specs[SPECS_MAX];
    struct output_options options;
    struct failure failure;
};

static void plan_add(struct plan *plan, const struct format_info *format, const char *path) {
    plan->options.specs = plan->specs;
    plan->options.spool.queue_max = LIMIT_WRITER_QUEUE;
    plan->specs[plan->options.spec_count++] = (struct output_spec){format, path};
}

static struct output_set *open_set(struct plan *plan) {
    struct output_set *set = NULL;
    enum err err = output_set_open(&set, &plan->failure, &plan->options);
    if (err != OK) {
        fail_msg("%s", plan->failure.text);
    }
    return set;
}

static enum err open_error(struct plan *plan) {
    struct output_set *set = NULL;
    return output_set_open(&set, &plan->failure, &plan->options);
}

static void record_session(struct output_set *set, uint64_t id) {
    struct sample sample;
    void *recording = output_sink.session_new(set);
    sample_init(&sample, (struct event_sink){output_sink.take, recording});
    sample.session.id = id;
    sample_session(&sample);
    output_sink.session_free(recording);
}

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

// Line n begins with the counter n; returns how many lines there are.
static size_t check_counters(const char *text, const char *form) {
    size_t line = 0;
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
        char begin[48];
        int len = snprintf(begin, sizeof(begin), form, ++line);
        assert_memory_equal(at, begin, (size_t)len);
    }
    return line;
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

static void a_path_given_twice_is_wrong_usage(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    plan_add(&plan, &text_format, in_folder("a"));
    plan_add(&plan, &json_format, in_folder("b"));
    plan_add(&plan, &jsonl_format, in_folder("a"));
    assert_int_equal(open_error(&plan), ERR_USAGE);
    assert_non_null(strstr(plan.failure.text, in_folder("a")));
    assert_false(file_exists(in_folder("b")));
}

static void one_file_by_two_names_is_wrong_usage(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    file_put(in_folder("a"), "");
    assert_int_equal(symlink("a", in_folder("b")), 0);
    plan_add(&plan, &text_format, in_folder("a"));
    plan_add(&plan, &jsonl_format, in_folder("b"));
    assert_int_equal(open_error(&plan), ERR_USAGE);
}

static void a_folder_for_mail_by_two_names_is_wrong_usage(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    plan_add(&plan, &eml_format, in_folder("mail"));
    plan_add(&plan, &eml_format, in_folder("./mail/"));
    assert_int_equal(open_error(&plan), ERR_USAGE);
}

static void devices_may_be_shared(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    plan_add(&plan, &text_format, "/dev/null");
    plan_add(&plan, &jsonl_format, "/dev/../dev/null");
    plan_add(&plan, &json_format, "/dev//null");
    plan_add(&plan, &pcap_format, "/dev/./null");
    struct output_set *set = open_set(&plan);
    record_session(set, 1);
    output_set_close(set);
}

static void what_cannot_be_opened_is_said(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    file_put(in_folder("file"), "");
    plan_add(&plan, &text_format, in_folder("file/log"));
    assert_int_equal(open_error(&plan), ERR_SYSTEM);
    assert_non_null(strstr(plan.failure.text, in_folder("file/log")));
    assert_non_null(strstr(plan.failure.text, "Not a directory"));
}

static void no_outputs_at_all_is_fine(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    plan.options.spool.queue_max = LIMIT_WRITER_QUEUE;
    struct output_set *set = open_set(&plan);
    record_session(set, 1);
    output_set_close(set);
}

// ── everything ──────────────────────────────────────────────────────────────────────────────────

static struct output_set *open_all(struct plan *plan) {
    plan_add(plan, &text_format, in_folder("text"));
    plan_add(plan, &jsonl_format, in_folder("jsonl"));
    plan_add(plan, &json_format, in_folder("json"));
    plan_add(plan, &eml_format, in_folder("mail"));
    plan_add(plan, &pcap_format, in_folder("pcap"));
    plan_add(plan, &pcapng_format, in_folder("pcapng"));
    return open_set(plan);
}

enum { THREADS = 4, SESSIONS = 20 };

struct worker {
    struct output_set *set;
    uint64_t first_id;
};

static void *work(void *context) {
    struct worker *worker = context;
    for (uint64_t i = 0; i < SESSIONS; i++) {
        record_session(worker->set, worker->first_id + i);
    }
    return NULL;
}

static void run_workers(struct output_set *set) {
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){set, 1 + i * SESSIONS};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void many_threads_into_all_outputs_lose_nothing(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    struct output_set *set = open_all(&plan);
    run_workers(set);
    output_set_close(set);
    check_counters(file_text(in_folder("text")), "%zu ");
    check_counters(file_text(in_folder("jsonl")), "{\"counter\":%zu,");
    size_t sessions = (size_t)THREADS * SESSIONS;
    assert_int_equal(count(file_text(in_folder("jsonl")), "\"event\":\"connect\""), sessions);
    assert_int_equal(count(file_text(in_folder("jsonl")), "\"event\":\"close\""), sessions);
    assert_int_equal(count(file_text(in_folder("json")), "\"mode\":"), sessions);
    for (size_t id = 1; id <= sessions; id++) {
        char name[32];
        snprintf(name, sizeof(name), "mail/%zu-1.eml", id);
        assert_true(file_exists(in_folder(name)));
    }
}

static void rotation_under_load_loses_and_tears_no_line(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    plan.options.spool.rotate_size = 20000;
    plan.options.spool.rotate_keep = 1000;
    plan_add(&plan, &text_format, in_folder("text"));
    struct output_set *set = open_set(&plan);
    run_workers(set);
    output_set_close(set);
    char name[32];
    size_t files = 0;
    do {
        snprintf(name, sizeof(name), "text.%zu", ++files);
    } while (file_exists(in_folder(name)));
    struct buf all;
    buf_init(&all, 64 * MIB);
    while (--files > 0) {
        snprintf(name, sizeof(name), "text.%zu", files);
        assert_true(file_len(in_folder(name)) <= 20000);
        buf_put_string(&all, file_text(in_folder(name)));
    }
    buf_put_string(&all, file_text(in_folder("text")));
    buf_put_byte(&all, 0);
    check_counters((const char *)buf_slice(&all).data, "%zu ");
    assert_int_equal(count((const char *)buf_slice(&all).data, "### Connected to"),
                     THREADS * SESSIONS);
    buf_cleanup(&all);
}

static void renaming_by_others_loses_and_tears_no_line(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    const char *path = in_folder("text");
    plan_add(&plan, &text_format, path);
    struct output_set *set = open_set(&plan);
    struct worker worker = {set, 1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
    char name[32];
    size_t renamed = 0;
    for (size_t i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "old.%zu", renamed);
        renamed += rename(path, in_folder(name)) == 0;
        output_set_reopen(set);
    }
    pthread_join(thread, NULL);
    output_set_close(set);
    struct buf all;
    buf_init(&all, 64 * MIB);
    for (size_t i = 0; i < renamed; i++) {
        snprintf(name, sizeof(name), "old.%zu", i);
        buf_put_string(&all, file_text(in_folder(name)));
    }
    const char *last = file_text(path);
    buf_put_string(&all, last == NULL ? "" : last);
    buf_put_byte(&all, 0);
    check_counters((const char *)buf_slice(&all).data, "%zu ");
    assert_int_equal(count((const char *)buf_slice(&all).data, "### Connected to"), SESSIONS);
    buf_cleanup(&all);
}

// ── switches ────────────────────────────────────────────────────────────────────────────────────

static void a_pause_leaves_out_a_span_and_says_so(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    struct output_set *set = open_all(&plan);
    record_session(set, 1);
    output_set_pause(set, true, INT64_C(1795359791000000000));
    output_set_pause(set, true, INT64_C(1795359792000000000));
    assert_true(output_set_paused(set));
    record_session(set, 2);
    output_set_pause(set, false, INT64_C(1795359793000000000));
    output_set_pause(set, false, INT64_C(1795359794000000000));
    record_session(set, 3);
    output_set_close(set);

    const char *jsonl = file_text(in_folder("jsonl"));
    assert_int_equal(count(jsonl, "\"event\":\"paused\""), 1);
    assert_non_null(strstr(jsonl, "\"from\":\"2026-11-22T15:03:11.000000Z\""));
    assert_non_null(strstr(jsonl, "\"to\":\"2026-11-22T15:03:13.000000Z\""));
    assert_int_equal(count(jsonl, "\"event\":\"connect\""), 2);
    assert_null(strstr(jsonl, "\"session\":2,"));
    assert_int_equal(count(file_text(in_folder("json")), "\"mode\":"), 2);
    assert_false(file_exists(in_folder("mail/2-1.eml")));
    assert_false(file_exists(in_folder("mail/2-1.eml.partial")));
    check_counters(file_text(in_folder("text")), "%zu ");
}

static void a_pause_to_the_end_is_said_at_the_end(void **state) {
    (void)state;
    struct plan plan = {.options.paused = true};
    plan_add(&plan, &jsonl_format, in_folder("jsonl"));
    struct output_set *set = open_set(&plan);
    assert_true(output_set_paused(set));
    record_session(set, 1);
    output_set_close(set);
    const char *jsonl = file_text(in_folder("jsonl"));
    assert_int_equal(check_counters(jsonl, "{\"counter\":%zu,"), 1);
    assert_non_null(strstr(jsonl, "\"session\":0,\"event\":\"paused\""));
}

static void status_counts(void **state) {
    (void)state;
    struct output_status status[8];
    struct plan plan = {.options.spec_count = 0};
    plan_add(&plan, &text_format, in_folder("text"));
    struct output_set *set = open_set(&plan);
    assert_int_equal(output_set_status(set, status, 0), 1);
    assert_int_equal(output_set_status(set, status, 8), 1);
    assert_string_equal(status[0].format, "text");
    assert_string_equal(status[0].path, in_folder("text"));
    assert_int_equal(status[0].lost, 0);
    assert_false(status[0].failing);
    output_set_close(set);
}

static void wire_is_wanted_by_pcapng_alone(void **state) {
    (void)state;
    struct plan plan = {.options.spec_count = 0};
    plan_add(&plan, &pcap_format, in_folder("pcap"));
    struct output_set *set = open_set(&plan);
    assert_false(output_set_wants_wire(set));
    output_set_close(set);
    plan_add(&plan, &pcapng_format, in_folder("pcapng"));
    set = open_set(&plan);
    assert_true(output_set_wants_wire(set));
    output_set_close(set);
}

// ── trouble ─────────────────────────────────────────────────────────────────────────────────────

static void count_complaint(void *context, const char *sentence) {
    (void)sentence;
    (*(int *)context)++;
}

static void one_that_fails_leaves_the_others_alone(void **state) {
    (void)state;
    int complaints = 0;
    struct plan plan = {.options.spool.complain = count_complaint};
    plan.options.spool.complain_context = &complaints;
    plan_add(&plan, &text_format, "/dev/full");
    plan_add(&plan, &jsonl_format, in_folder("jsonl"));
    struct output_set *set = open_set(&plan);
    run_workers(set);
    output_set_close(set);
    assert_int_equal(complaints, 1);
    assert_int_equal(count(file_text(in_folder("jsonl")), "\"event\":\"close\""),
                     THREADS * SESSIONS);
}

#define SET_TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        SET_TEST(a_path_given_twice_is_wrong_usage),
        SET_TEST(one_file_by_two_names_is_wrong_usage),
        SET_TEST(a_folder_for_mail_by_two_names_is_wrong_usage),
        SET_TEST(devices_may_be_shared),
        SET_TEST(what_cannot_be_opened_is_said),
        SET_TEST(no_outputs_at_all_is_fine),
        SET_TEST(many_threads_into_all_outputs_lose_nothing),
        SET_TEST(rotation_under_load_loses_and_tears_no_line),
        SET_TEST(renaming_by_others_loses_and_tears_no_line),
        SET_TEST(a_pause_leaves_out_a_span_and_says_so),
        SET_TEST(a_pause_to_the_end_is_said_at_the_end),
        SET_TEST(status_counts),
        SET_TEST(wire_is_wanted_by_pcapng_alone),
        SET_TEST(one_that_fails_leaves_the_others_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
