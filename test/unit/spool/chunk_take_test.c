// SPDX-License-Identifier: MIT
// Claims: each kind of chunk gets into its file whole and in its order, or not at all.
#include "spool/chunk_take.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "format/capture_file.h"
#include "format/format.h"
#include "queue_fixture.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void lines_get_their_counters(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "one\ntwo\n");
    push(CHUNK_LINES, "three\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "1 one\n2 two\n3 three\n");
    assert_int_equal(file_mode(path), 0600);
    assert_int_equal(fixture.queue.files.backlog.waiting, 0);
    assert_int_equal(fixture.queue.files.lines, 3);
}

static void jsonl_counts_inside_the_object(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&jsonl_format, path), OK);
    push(CHUNK_LINES, "\"a\":1}\n\"a\":2}\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "{\"counter\":1,\"a\":1}\n{\"counter\":2,\"a\":2}\n");
}

static void lines_are_appended(void **state) {
    (void)state;
    const char *path = in_folder("log");
    file_put(path, "old\n");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "new\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "old\n1 new\n");
}

static void a_line_that_a_crash_cut_is_ended(void **state) {
    (void)state;
    const char *path = in_folder("log");
    file_put(path, "half");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "new\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "half\n1 new\n");
}

static void large_pieces_and_small_ones_keep_their_order(void **state) {
    (void)state;
    const char *path = in_folder("x.pcapng");
    char *large = mem_new(300001);
    memset(large, 'L', 300000);
    assert_int_equal(open_queue(&pcapng_format, path), OK);
    size_t head_len = file_len(path);
    const char *parts[] = {"one", large, "two", large, large, "three"};
    struct buf expected;
    buf_init(&expected, 4 * MIB);
    for (size_t i = 0; i < 6; i++) {
        push(CHUNK_APPEND, parts[i]);
        buf_put_string(&expected, parts[i]);
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(file_len(path), head_len + buf_len(&expected));
    assert_memory_equal(file_text(path) + head_len, buf_slice(&expected).data, buf_len(&expected));
    buf_cleanup(&expected);
    free(large);
}

static void a_file_is_rotated_before_it_passes_its_size(void **state) {
    (void)state;
    const char *path = in_folder("log");
    fixture.options.rotate_size = 12;
    fixture.options.rotate_keep = 2;
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "aaa\nbbb\n"); // just as long as allowed
    run_at(0);
    assert_string_equal(file_text(path), "1 aaa\n2 bbb\n");
    push(CHUNK_LINES, "ccc\ndddd\n"); // one byte more than allowed
    push(CHUNK_LINES, "a line that is longer than a file\neee\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "6 eee\n");
    assert_string_equal(file_text(in_folder("log.1")), "5 a line that is longer than a file\n");
    assert_string_equal(file_text(in_folder("log.2")), "4 dddd\n");
    assert_false(file_exists(in_folder("log.3")));
}

static void a_rotation_that_fails_loses_no_line(void **state) {
    (void)state;
    const char *path = in_folder("log");
    fixture.options.rotate_size = 6;
    fixture.options.rotate_keep = 1;
    assert_int_equal(mkdir(in_folder("log.1"), 0700), 0);
    file_put(in_folder("log.1/x"), "");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "aaa\nbbb\nccc\nddd\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "1 aaa\n2 bbb\n3 ccc\n4 ddd\n");
    assert_int_equal(fixture.complaints, 1);
    assert_non_null(strstr(fixture.said, path));
}

// A capture that ends in the middle of a packet is a warning of every reader.
static void a_full_disk_cuts_no_packet(void **state) {
    (void)state;
    const char *path = in_folder("x.pcap");
    assert_int_equal(open_queue(&pcap_format, path), OK);
    assert_int_equal(file_len(path), 24);
    limit_files(24 + 16 + 10 + 20);
    for (int i = 0; i < 2; i++) {
        struct chunk chunk = {.kind = CHUNK_APPEND};
        struct buf record;
        buf_init(&record, 100);
        pcap_put_packet(&record, 0, SLICE("01234"), SLICE("56789"));
        chunk.bytes = buf_take(&record, &chunk.len);
        backlog_add(&fixture.queue.files.backlog, chunk_cost(&chunk));
        output_queue_push(&fixture.queue, chunk);
    }
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_int_equal(file_len(path), 24 + 26);
    limit_files(RLIM_INFINITY);
    assert_int_equal(run_at(1), PROGRESS_DONE);
    assert_int_equal(file_len(path), 24 + 52);
}

static void a_document_is_valid_after_every_write(void **state) {
    (void)state;
    const char *path = in_folder("doc");
    assert_int_equal(open_queue(&json_format, path), OK);
    assert_string_equal(file_text(path), "{\"schema\":\"smtpscope/1\",\"sessions\":[]}\n");
    push(CHUNK_DOCUMENT, "{\"id\":1}");
    run_at(0);
    assert_string_equal(file_text(path),
                        "{\"schema\":\"smtpscope/1\",\"sessions\":[\n{\"id\":1}\n]}\n");
    push(CHUNK_DOCUMENT, "{\"id\":2}");
    run_at(0);
    assert_string_equal(
        file_text(path),
        "{\"schema\":\"smtpscope/1\",\"sessions\":[\n{\"id\":1},\n{\"id\":2}\n]}\n");
    assert_int_equal(file_mode(path), 0600);
}

static void a_full_disk_leaves_the_document_valid(void **state) {
    (void)state;
    const char *path = in_folder("doc");
    assert_int_equal(open_queue(&json_format, path), OK);
    limit_files(45);
    push(CHUNK_DOCUMENT, "{\"id\":1}");
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_string_equal(file_text(path), "{\"schema\":\"smtpscope/1\",\"sessions\":[]}\n");
    limit_files(55);
    assert_int_equal(run_at(1), PROGRESS_DONE);
    push(CHUNK_DOCUMENT, "{\"id\":2}");
    assert_int_equal(run_at(2), PROGRESS_FAILED);
    const char *one = "{\"schema\":\"smtpscope/1\",\"sessions\":[\n{\"id\":1}\n]}\n";
    assert_string_equal(file_text(path), one);
    limit_files(RLIM_INFINITY);
    assert_int_equal(run_at(3), PROGRESS_DONE);
    assert_non_null(strstr(file_text(path), "{\"id\":2}\n]}\n"));
}

static void a_document_goes_on_after_its_file_was_closed(void **state) {
    (void)state;
    assert_int_equal(open_queue(&json_format, in_folder("{client}")), OK);
    for (int i = 0; i < 2 * FILES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i % FILES);
        push_at(CHUNK_DOCUMENT, in_folder(name), "{}");
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(in_folder("0")),
                        "{\"schema\":\"smtpscope/1\",\"sessions\":[\n{},\n{}\n]}\n");
}

static void a_document_for_a_pipe_comes_at_the_end(void **state) {
    (void)state;
    char text[100] = "";
    const char *path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    int fd = read_fifo(path);
    assert_int_equal(open_queue(&json_format, path), OK);
    push(CHUNK_DOCUMENT, "{\"id\":1}");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(read(fd, text, sizeof(text)), -1);
    assert_int_equal(output_queue_run(&fixture.queue, NS_PER_S, true), PROGRESS_DONE);
    assert_true(read(fd, text, sizeof(text)) > 0);
    assert_string_equal(text, "{\"schema\":\"smtpscope/1\",\"sessions\":[\n{\"id\":1}\n]}\n");
    close(fd);
}

static void a_message_gets_its_name_when_it_is_complete(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    assert_int_equal(file_mode(in_folder("mail")), 0700);
    push_mail(CHUNK_FILE_OPEN, "1-1.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "Subject: a\r\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_false(file_exists(in_folder("mail/1-1.eml")));
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 12, "\r\nb\r\n");
    push_mail(CHUNK_FILE_FINISH, "1-1.eml", 17, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(in_folder("mail/1-1.eml")), "Subject: a\r\n\r\nb\r\n");
    assert_int_equal(file_mode(in_folder("mail/1-1.eml")), 0600);
    assert_false(file_exists(in_folder("mail/1-1.eml.partial")));
    assert_null(fixture.queue.files.table.by_path);
}

static void a_message_cut_off_stays_partial(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    push_mail(CHUNK_FILE_OPEN, "1-1.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "half");
    push_mail(CHUNK_FILE_PARTIAL, "1-1.eml", 4, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(in_folder("mail/1-1.eml.partial")), "half");
    assert_false(file_exists(in_folder("mail/1-1.eml")));
    assert_int_equal(fixture.queue.files.backlog.lost, 0);
}

static void a_message_with_a_gap_is_not_complete(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    push_mail(CHUNK_FILE_OPEN, "1-1.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "abc");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 6, "ghi");
    push_mail(CHUNK_FILE_FINISH, "1-1.eml", 9, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(in_folder("mail/1-1.eml.partial")), "abc");
    assert_false(file_exists(in_folder("mail/1-1.eml")));
    assert_int_equal(fixture.queue.files.backlog.lost, 1);
}

static void a_message_whose_beginning_was_lost_is_nothing(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "abc");
    push_mail(CHUNK_FILE_FINISH, "1-1.eml", 3, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_false(file_exists(in_folder("mail/1-1.eml")));
    assert_false(file_exists(in_folder("mail/1-1.eml.partial")));
}

static void a_dropped_message_leaves_nothing(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    push_mail(CHUNK_FILE_OPEN, "1-1.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "abc");
    push_mail(CHUNK_FILE_DROP, "1-1.eml", 0, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(rmdir(in_folder("mail")), 0);
}

static void many_messages_at_once_are_all_whole(void **state) {
    (void)state;
    char name[32];
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    for (int part = 0; part < 3; part++) {
        for (int i = 0; i < FILES; i++) {
            snprintf(name, sizeof(name), "%d-1.eml", i);
            if (part == 0) {
                push_mail(CHUNK_FILE_OPEN, name, 0, "");
            }
            push_mail(CHUNK_FILE_DATA, name, (uint64_t)part * 3, "abc");
            if (part == 2) {
                push_mail(CHUNK_FILE_FINISH, name, 9, "");
            }
        }
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "mail/%d-1.eml", i);
        assert_string_equal(file_text(in_folder(name)), "abcabcabc");
    }
}

static void a_mail_folder_that_is_lost_is_said_and_made_again(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    push_mail(CHUNK_FILE_OPEN, "1-1.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "abc");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(unlink(in_folder("mail/1-1.eml.partial")), 0);
    assert_int_equal(rmdir(in_folder("mail")), 0);
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 3, "def");
    push_mail(CHUNK_FILE_FINISH, "1-1.eml", 6, "");
    push_mail(CHUNK_FILE_OPEN, "1-2.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-2.eml", 0, "abc");
    push_mail(CHUNK_FILE_FINISH, "1-2.eml", 3, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_true(fixture.complaints > 0);
    assert_int_equal(fixture.queue.files.backlog.lost, 1);
    assert_string_equal(file_text(in_folder("mail/1-2.eml")), "abc");
    assert_int_equal(file_mode(in_folder("mail")), 0700);
}

// Of many messages at once only some files are open; one that was closed may be gone, or another
// one, when it is opened again.
static void messages_that_were_removed_while_closed_are_lost(void **state) {
    (void)state;
    char name[32];
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d-1.eml", i);
        push_mail(CHUNK_FILE_OPEN, name, 0, "");
        push_mail(CHUNK_FILE_DATA, name, 0, "abc");
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(unlink(in_folder("mail/0-1.eml.partial")), 0);
    // It is there before the other goes, or it might get the other's inode number.
    file_put(in_folder("precious"), "precious");
    assert_int_equal(rename(in_folder("precious"), in_folder("mail/1-1.eml.partial")), 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d-1.eml", i);
        push_mail(CHUNK_FILE_DATA, name, 3, "def");
        push_mail(CHUNK_FILE_FINISH, name, 6, "");
    }
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_int_equal(fixture.queue.files.backlog.lost, 2);
    assert_string_equal(file_text(in_folder("mail/1-1.eml.partial")), "precious");
    for (int i = 2; i < FILES; i++) {
        snprintf(name, sizeof(name), "mail/%d-1.eml", i);
        assert_string_equal(file_text(in_folder(name)), "abcdef");
    }
}

// A name in the folder may be a link to elsewhere.
static void a_link_in_the_place_of_a_message_is_not_followed(void **state) {
    (void)state;
    assert_int_equal(open_queue(&eml_format, in_folder("mail")), OK);
    file_put(in_folder("precious"), "precious");
    assert_int_equal(symlink(in_folder("precious"), in_folder("mail/1-1.eml.partial")), 0);
    assert_int_equal(symlink(in_folder("precious"), in_folder("mail/1-1.eml")), 0);
    push_mail(CHUNK_FILE_OPEN, "1-1.eml", 0, "");
    push_mail(CHUNK_FILE_DATA, "1-1.eml", 0, "abc");
    push_mail(CHUNK_FILE_FINISH, "1-1.eml", 3, "");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(in_folder("precious")), "precious");
    assert_string_equal(file_text(in_folder("mail/1-1.eml")), "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(lines_get_their_counters),
        QUEUE_TEST(jsonl_counts_inside_the_object),
        QUEUE_TEST(lines_are_appended),
        QUEUE_TEST(a_line_that_a_crash_cut_is_ended),
        QUEUE_TEST(large_pieces_and_small_ones_keep_their_order),
        QUEUE_TEST(a_file_is_rotated_before_it_passes_its_size),
        QUEUE_TEST(a_rotation_that_fails_loses_no_line),
        QUEUE_TEST(a_full_disk_cuts_no_packet),
        QUEUE_TEST(a_document_is_valid_after_every_write),
        QUEUE_TEST(a_full_disk_leaves_the_document_valid),
        QUEUE_TEST(a_document_goes_on_after_its_file_was_closed),
        QUEUE_TEST(a_document_for_a_pipe_comes_at_the_end),
        QUEUE_TEST(a_message_gets_its_name_when_it_is_complete),
        QUEUE_TEST(a_message_cut_off_stays_partial),
        QUEUE_TEST(a_message_with_a_gap_is_not_complete),
        QUEUE_TEST(a_message_whose_beginning_was_lost_is_nothing),
        QUEUE_TEST(a_dropped_message_leaves_nothing),
        QUEUE_TEST(many_messages_at_once_are_all_whole),
        QUEUE_TEST(a_mail_folder_that_is_lost_is_said_and_made_again),
        QUEUE_TEST(messages_that_were_removed_while_closed_are_lost),
        QUEUE_TEST(a_link_in_the_place_of_a_message_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
