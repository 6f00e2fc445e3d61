// SPDX-License-Identifier: MIT
// Claims: each value has its file; a file that is not ours is left; one that is lost is made again.
#include "spool/output_files.h"

#include "base/limits.h"
#include "format/capture_file.h"
#include "format/format.h"
#include "queue_fixture.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void each_value_has_its_file_and_all_share_the_counter(void **state) {
    (void)state;
    assert_int_equal(open_queue(&text_format, in_folder("{client}/{session}")), OK);
    for (int i = 0; i < 2 * FILES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "c/%d", i % FILES);
        push_at(CHUNK_LINES, in_folder(name), "x\n");
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    for (int i = 0; i < FILES; i++) {
        char name[32];
        char lines[32];
        snprintf(name, sizeof(name), "c/%d", i);
        snprintf(lines, sizeof(lines), "%d x\n%d x\n", 1 + i, 1 + FILES + i);
        assert_string_equal(file_text(in_folder(name)), lines);
    }
    assert_true(fixture.queue.files.table.active_count <= LIMIT_FILES_OPEN);
}

static void each_capture_has_one_head_however_often_it_is_opened(void **state) {
    (void)state;
    assert_int_equal(open_queue(&pcap_format, in_folder("{client}")), OK);
    for (int i = 0; i < 3 * FILES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i % FILES);
        push_at(CHUNK_APPEND, in_folder(name), "0123456789");
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(file_len(in_folder("0")), 24 + 30);
    assert_int_equal(file_len(in_folder("6")), 24 + 30);
}

static void a_renamed_file_is_left_when_it_is_reopened(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "a\n");
    run_at(0);
    assert_int_equal(rename(path, in_folder("old")), 0);
    push(CHUNK_LINES, "b\n");
    run_at(0);
    output_queue_reopen(&fixture.queue);
    assert_true(file_exists(path));
    push(CHUNK_LINES, "c\n");
    run_at(0);
    assert_string_equal(file_text(in_folder("old")), "1 a\n2 b\n");
    assert_string_equal(file_text(path), "3 c\n");
}

static void a_deleted_file_is_made_again(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "a\n");
    run_at(0);
    assert_int_equal(unlink(path), 0);
    push(CHUNK_LINES, "b\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "2 b\n");
}

static void a_lost_folder_is_said_and_mends(void **state) {
    (void)state;
    const char *path = in_folder("sub/log");
    assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
    assert_int_equal(open_queue(&text_format, path), OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(in_folder("sub")), 0);
    push(CHUNK_LINES, "a\n");
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_int_equal(run_at(1), PROGRESS_FAILED);
    assert_int_equal(fixture.complaints, 1);
    assert_non_null(strstr(fixture.said, path));
    assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
    assert_int_equal(run_at(2), PROGRESS_DONE);
    assert_string_equal(file_text(path), "1 a\n");
}

static void ours_is_replaced(void **state) {
    (void)state;
    const char *path = in_folder("doc");
    file_put(path, "{\"schema\":\"smtpscope/1\",\"sessions\":[\n{\"id\":1}\n]}\n");
    assert_int_equal(open_queue(&json_format, path), OK);
    assert_string_equal(file_text(path), "{\"schema\":\"smtpscope/1\",\"sessions\":[]}\n");
}

static void ours_is_replaced_in_another_layout_too(void **state) {
    (void)state;
    const char *path = in_folder("doc");
    file_put(path, "{\n  \"schema\": \"smtpscope/1\",\n  \"sessions\": [ ]\n}\n");
    assert_int_equal(open_queue(&json_format, path), OK);
    assert_string_equal(file_text(path), "{\"schema\":\"smtpscope/1\",\"sessions\":[]}\n");
}

static void a_strangers_file_is_not_replaced(void **state) {
    (void)state;
    const struct format_info *formats[] = {&json_format, &pcap_format, &pcapng_format};
    const char *path = in_folder("precious");
    for (size_t i = 0; i < 3; i++) {
        file_put(path, "{\"precious\": true}\n");
        assert_int_equal(open_queue(formats[i], path), ERR_INPUT);
        assert_string_equal(file_text(path), "{\"precious\": true}\n");
        output_queue_cleanup(&fixture.queue);
    }
}

static void a_strangers_file_met_later_is_left_and_counted(void **state) {
    (void)state;
    file_put(in_folder("a"), "precious");
    assert_int_equal(open_queue(&json_format, in_folder("{client}")), OK);
    push_at(CHUNK_DOCUMENT, in_folder("a"), "{}");
    push_at(CHUNK_DOCUMENT, in_folder("b"), "{}");
    push_at(CHUNK_DOCUMENT, in_folder("a"), "{}");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(in_folder("a")), "precious");
    assert_non_null(strstr(file_text(in_folder("b")), "{}"));
    assert_int_equal(fixture.complaints, 1);
    assert_int_equal(fixture.queue.files.backlog.lost, 2);
}

static void a_folder_is_no_file(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
    assert_int_equal(open_queue(&text_format, in_folder("sub")), ERR_SYSTEM);
    output_queue_cleanup(&fixture.queue);
    file_put(in_folder("file"), "");
    assert_int_equal(open_queue(&text_format, in_folder("file/log")), ERR_SYSTEM);
    output_queue_cleanup(&fixture.queue);
    assert_int_equal(open_queue(&text_format, in_folder("file/{client}")), ERR_SYSTEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(each_value_has_its_file_and_all_share_the_counter),
        QUEUE_TEST(each_capture_has_one_head_however_often_it_is_opened),
        QUEUE_TEST(a_renamed_file_is_left_when_it_is_reopened),
        QUEUE_TEST(a_deleted_file_is_made_again),
        QUEUE_TEST(a_lost_folder_is_said_and_mends),
        QUEUE_TEST(ours_is_replaced),
        QUEUE_TEST(ours_is_replaced_in_another_layout_too),
        QUEUE_TEST(a_strangers_file_is_not_replaced),
        QUEUE_TEST(a_strangers_file_met_later_is_left_and_counted),
        QUEUE_TEST(a_folder_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
