// SPDX-License-Identifier: MIT
// Claims: a failure is said once and tried again; a slow reader costs its own output alone.
#include "spool/output_queue.h"

#include "base/limits.h"
#include "format/format.h"
#include "queue_fixture.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void a_full_disk_is_said_once_tears_no_line_and_mends(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&text_format, path), OK);
    limit_files(10);
    push(CHUNK_LINES, "aaaa\nbbbb\n");
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_string_equal(file_text(path), "1 aaaa\n");
    assert_true(fixture.queue.files.backlog.failing);
    assert_int_equal(fixture.complaints, 1);
    assert_non_null(strstr(fixture.said, path));
    assert_non_null(strstr(fixture.said, "File too large"));

    push(CHUNK_LINES, "cccc\n");
    assert_int_equal(run_at(0.5), PROGRESS_FAILED); // not tried yet
    assert_int_equal(run_at(1), PROGRESS_FAILED);
    assert_int_equal(fixture.complaints, 1);
    limit_files(RLIM_INFINITY);
    assert_int_equal(run_at(1.9), PROGRESS_FAILED); // tried once a second
    assert_int_equal(run_at(2), PROGRESS_DONE);
    assert_string_equal(file_text(path), "1 aaaa\n2 bbbb\n3 cccc\n");
    assert_false(fixture.queue.files.backlog.failing);
    assert_int_equal(fixture.queue.files.backlog.lost, 0);
}

static void what_passes_the_queue_is_lost_and_reported(void **state) {
    (void)state;
    const char *path = in_folder("log");
    fixture.options.queue_max = 400;
    assert_int_equal(open_queue(&text_format, path), OK);
    limit_files(0);
    push(CHUNK_LINES, "first\n");
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    for (int i = 0; i < 10; i++) {
        push(CHUNK_LINES, "more\nmore\n");
    }
    uint64_t lost = fixture.queue.files.backlog.lost;
    assert_true(lost > 0 && lost < 20 && lost % 2 == 0);
    limit_files(RLIM_INFINITY);
    assert_int_equal(run_at(1), PROGRESS_DONE);
    push(CHUNK_LINES, "last\n");
    assert_int_equal(run_at(2), PROGRESS_DONE);

    const char *text = file_text(path);
    char expected[64];
    snprintf(expected, sizeof(expected), "%d", (int)lost);
    const char *notice = strstr(text, "### ");
    assert_non_null(notice);
    assert_non_null(strstr(notice, expected));
    assert_non_null(strstr(notice, ": File too large\n"));
    assert_null(strstr(notice, path));
    assert_non_null(strstr(notice, "last\n"));
    assert_null(strstr(notice, "more\n"));
}

static void a_device_that_is_full_fails(void **state) {
    (void)state;
    assert_int_equal(open_queue(&text_format, "/dev/full"), OK);
    push(CHUNK_LINES, "a\n");
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_int_equal(run_at(5), PROGRESS_FAILED);
    assert_int_equal(fixture.complaints, 1);
    assert_non_null(strstr(fixture.said, "/dev/full"));
    assert_non_null(strstr(fixture.said, "No space left on device"));
}

static void a_fifo_waits_for_its_reader(void **state) {
    (void)state;
    char text[64] = "";
    const char *path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "a\n");
    assert_int_equal(run_at(0), PROGRESS_WAIT);
    int fd = read_fifo(path);
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(read(fd, text, sizeof(text)), 4);
    assert_string_equal(text, "1 a\n");
    assert_int_equal(fixture.complaints, 0);
    close(fd);
}

static void push_many_lines(size_t count) {
    for (size_t i = 0; i < count; i++) {
        push(CHUNK_LINES, "0123456789012345678901234567890123456789\n");
    }
}

static void a_reader_that_takes_nothing_holds_no_other_up(void **state) {
    (void)state;
    const char *path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    int fd = read_fifo(path);
    assert_int_equal(open_queue(&text_format, path), OK);
    push_many_lines(8000);
    assert_int_equal(run_at(0), PROGRESS_WAIT);
    assert_int_equal(run_at(3), PROGRESS_WAIT);
    assert_int_equal(fixture.complaints, 0);
    push_many_lines(20000); // more than the queue holds
    assert_true(fixture.queue.files.backlog.lost > 0);
    assert_int_equal(run_at(3), PROGRESS_WAIT);
    assert_int_equal(run_at(4), PROGRESS_WAIT);
    assert_int_equal(fixture.complaints, 1);
    assert_non_null(strstr(fixture.said, path));
    close(fd);
}

// What the reader saw of lines is whole: the counters have no gap.
static void a_reader_that_comes_back_gets_whole_lines(void **state) {
    (void)state;
    static char bytes[70000];
    const char *path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    signal(SIGPIPE, SIG_IGN);
    int fd = read_fifo(path);
    assert_int_equal(open_queue(&text_format, path), OK);
    push_many_lines(3000);
    assert_int_equal(run_at(0), PROGRESS_WAIT);
    close(fd);
    assert_int_equal(run_at(1), PROGRESS_FAILED);
    assert_int_equal(fixture.complaints, 1);
    assert_non_null(strstr(fixture.said, "Broken pipe"));
    assert_int_equal(run_at(2), PROGRESS_WAIT);
    fd = read_fifo(path);
    assert_int_equal(run_at(3), PROGRESS_WAIT);
    assert_false(fixture.queue.files.backlog.failing);
    ssize_t len = read(fd, bytes, sizeof(bytes) - 1);
    assert_true(len > 0);
    unsigned long first = strtoul(bytes, NULL, 10);
    assert_true(first > 1000);
    char *end = strchr(bytes, '\n');
    assert_non_null(end);
    assert_int_equal(strtoul(end + 1, NULL, 10), first + 1);
    assert_int_equal(fixture.complaints, 1);
    close(fd);
}

// So that the other outputs have their turn.
static void a_flood_of_messages_is_taken_in_turns(void **state) {
    (void)state;
    char name[32];
    fixture.options.queue_max = 16 * MIB;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof(name), "%d-1.eml", i);
        push_mail(CHUNK_FILE_OPEN, name, 0, "");
        push_mail(CHUNK_FILE_FINISH, name, 0, "");
    }
    int turns = 0;
    do {
        assert_int_equal(output_queue_run(&fixture.queue, 0, false), PROGRESS_DONE);
        turns++;
    } while (fixture.queue.more);
    assert_true(turns >= 4);
    assert_int_equal(fixture.queue.files.backlog.waiting, 0);
    assert_int_equal(fixture.queue.files.lines, 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(a_full_disk_is_said_once_tears_no_line_and_mends),
        QUEUE_TEST(what_passes_the_queue_is_lost_and_reported),
        QUEUE_TEST(a_device_that_is_full_fails),
        QUEUE_TEST(a_fifo_waits_for_its_reader),
        QUEUE_TEST(a_reader_that_takes_nothing_holds_no_other_up),
        QUEUE_TEST(a_reader_that_comes_back_gets_whole_lines),
        QUEUE_TEST(a_flood_of_messages_is_taken_in_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
