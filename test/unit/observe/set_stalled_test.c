// SPDX-License-Identifier: MIT
// What an output may cost at the end when its reader never reads: two seconds, so this is no unit
// test by its label.
#include "observe/output.h"

#include "base/limits.h"
#include "support/sample.h"
#include "support/test_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SESSIONS = 300 };

static void record_session(struct output_set *set) {
    struct sample sample;
    void *recording = output_sink.session_new(set);
    sample_init(&sample, (struct event_sink){output_sink.take, recording});
    sample_session(&sample);
    output_sink.session_free(recording);
}

static void count_complaint(void *context, const char *sentence) {
    assert_non_null(strstr(sentence, "fifo"));
    (*(int *)context)++;
}

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

static void a_reader_that_never_reads_does_not_keep_it_from_closing(void **state) {
    (void)state;
    struct failure failure;
    struct output_set *set = NULL;
    const struct output_spec specs[] = {{&jsonl_format, in_folder("fifo")},
                                        {&text_format, in_folder("text")}};
    int complaints = 0;
    const struct output_options options = {.specs = specs,
                                           .spec_count = 2,
                                           .spool.queue_max = LIMIT_WRITER_QUEUE,
                                           .spool.complain = count_complaint,
                                           .spool.complain_context = &complaints};
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    int fd = open(in_folder("fifo"), O_RDONLY | O_NONBLOCK);
    assert_int_equal(output_set_open(&set, &failure, &options), OK);
    for (int i = 0; i < SESSIONS; i++) {
        record_session(set);
    }
    output_set_close(set);
    assert_int_equal(complaints, 1);
    assert_int_equal(count(file_text(in_folder("text")), "### Connected to"), SESSIONS);
    close(fd);
}

static void a_fifo_without_a_reader_does_not_keep_it_from_closing(void **state) {
    (void)state;
    struct failure failure;
    struct output_set *set = NULL;
    const struct output_spec specs[] = {{&text_format, in_folder("fifo")}};
    int complaints = 0;
    const struct output_options options = {.specs = specs,
                                           .spec_count = 1,
                                           .spool.queue_max = LIMIT_WRITER_QUEUE,
                                           .spool.complain = count_complaint,
                                           .spool.complain_context = &complaints};
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(output_set_open(&set, &failure, &options), OK);
    record_session(set);
    output_set_close(set);
    assert_int_equal(complaints, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_that_never_reads_does_not_keep_it_from_closing,
                                        folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(a_fifo_without_a_reader_does_not_keep_it_from_closing,
                                        folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
