// SPDX-License-Identifier: MIT
// The writer's work without its thread: time is a number here.
#include "spool/output_queue.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "format/capture_file.h"
#include "format/format.h"
#include "support/folder.h"

#include <fcntl.h>
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

struct fixture {
    struct destination to;
    struct spool_options options;
    struct output_queue queue;
    int complaints;
    char said[FAILURE_MAX];
};

// The one that the running test uses; cmocka's setups cannot be given the format.
static struct fixture fixture;

static void complain(void *context, const char *sentence) {
    (void)context;
    fixture.complaints++;
    snprintf(fixture.said, sizeof(fixture.said), "%s", sentence);
}

static enum err open_queue(const struct format_info *format, const char *path) {
    struct failure failure;
    bool placeholders = strchr(path, '{') != NULL;
    fixture.to = (struct destination){
        .framing = format->framing, .path = path, .placeholders = placeholders};
    fixture.options.complain = complain;
    if (fixture.options.queue_max == 0) {
        fixture.options.queue_max = MIB;
    }
    return output_queue_open(&failure, &fixture.queue, &fixture.to, &fixture.options);
}

// More than one output has open at once.
enum { FILES = LIMIT_FILES_OPEN + 6 };

static int enter(void **state) {
    fixture = (struct fixture){.complaints = 0};
    return folder_enter(state);
}

static int leave(void **state) {
    output_queue_cleanup(&fixture.queue);
    return folder_leave(state);
}

static void push_at(enum chunk_kind kind, const char *path, const char *text) {
    struct chunk chunk = {.kind = kind, .path = mem_string(path)};
    chunk.bytes = (uint8_t *)mem_string(text);
    chunk.len = strlen(text);
    uint64_t untold = 0;
    struct backlog *backlog = &fixture.queue.backlog;
    if (!backlog_admit(backlog, &untold, chunk_cost(&chunk), fixture.queue.now_ns)) {
        backlog_lose(backlog, chunk_lines(&chunk));
        chunk_cleanup(&chunk);
        return;
    }
    assert_int_equal(untold, 0);
    output_queue_push(&fixture.queue, chunk);
}

static void push(enum chunk_kind kind, const char *text) {
    push_at(kind, NULL, text);
}

static void push_mail(enum chunk_kind kind, const char *name, uint64_t offset, const char *text) {
    struct chunk chunk = {.kind = kind, .name = mem_string(name), .offset = offset};
    chunk.bytes = (uint8_t *)mem_string(text);
    chunk.len = strlen(text);
    backlog_add(&fixture.queue.backlog, chunk_cost(&chunk));
    output_queue_push(&fixture.queue, chunk);
}

static enum progress run_at(double seconds) {
    enum progress progress = PROGRESS_DONE;
    do {
        progress = output_queue_run(&fixture.queue, (int64_t)(seconds * (double)NS_PER_S), false);
    } while (fixture.queue.more);
    return progress;
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void lines_get_their_counters(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&text_format, path), OK);
    push(CHUNK_LINES, "one\ntwo\n");
    push(CHUNK_LINES, "three\n");
    assert_int_equal(run_at(0), PROGRESS_DONE);
    assert_string_equal(file_text(path), "1 one\n2 two\n3 three\n");
    assert_int_equal(file_mode(path), 0600);
    assert_int_equal(fixture.queue.backlog.waiting, 0);
    assert_int_equal(fixture.queue.lines, 3);
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
    assert_true(fixture.queue.files.active_count <= LIMIT_FILES_OPEN);
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

// ── rotation ────────────────────────────────────────────────────────────────────────────────────

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

// ── trouble ─────────────────────────────────────────────────────────────────────────────────────

// As a full disk does it: a part of the line fits.
static void limit_files(rlim_t size) {
    struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
}

static void a_full_disk_is_said_once_tears_no_line_and_mends(void **state) {
    (void)state;
    const char *path = in_folder("log");
    assert_int_equal(open_queue(&text_format, path), OK);
    limit_files(10);
    push(CHUNK_LINES, "aaaa\nbbbb\n");
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_string_equal(file_text(path), "1 aaaa\n");
    assert_true(fixture.queue.backlog.failing);
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
    assert_false(fixture.queue.backlog.failing);
    assert_int_equal(fixture.queue.backlog.lost, 0);
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
    uint64_t lost = fixture.queue.backlog.lost;
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
        backlog_add(&fixture.queue.backlog, chunk_cost(&chunk));
        output_queue_push(&fixture.queue, chunk);
    }
    assert_int_equal(run_at(0), PROGRESS_FAILED);
    assert_int_equal(file_len(path), 24 + 26);
    limit_files(RLIM_INFINITY);
    assert_int_equal(run_at(1), PROGRESS_DONE);
    assert_int_equal(file_len(path), 24 + 52);
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

// ── pipes ───────────────────────────────────────────────────────────────────────────────────────

static int read_fifo(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
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
    assert_true(fixture.queue.backlog.lost > 0);
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
    assert_false(fixture.queue.backlog.failing);
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

// ── documents ───────────────────────────────────────────────────────────────────────────────────

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

// ── what may be replaced ────────────────────────────────────────────────────────────────────────

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
    assert_int_equal(fixture.queue.backlog.lost, 2);
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

// ── mail ────────────────────────────────────────────────────────────────────────────────────────

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
    assert_null(fixture.queue.files.by_path);
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
    assert_int_equal(fixture.queue.backlog.lost, 0);
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
    assert_int_equal(fixture.queue.backlog.lost, 1);
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
    assert_int_equal(fixture.queue.backlog.waiting, 0);
    assert_int_equal(fixture.queue.lines, 400);
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
    assert_int_equal(fixture.queue.backlog.lost, 1);
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
    assert_int_equal(fixture.queue.backlog.lost, 2);
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

#define OUTPUT_QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        OUTPUT_QUEUE_TEST(lines_get_their_counters),
        OUTPUT_QUEUE_TEST(jsonl_counts_inside_the_object),
        OUTPUT_QUEUE_TEST(lines_are_appended),
        OUTPUT_QUEUE_TEST(a_line_that_a_crash_cut_is_ended),
        OUTPUT_QUEUE_TEST(each_value_has_its_file_and_all_share_the_counter),
        OUTPUT_QUEUE_TEST(large_pieces_and_small_ones_keep_their_order),
        OUTPUT_QUEUE_TEST(each_capture_has_one_head_however_often_it_is_opened),
        OUTPUT_QUEUE_TEST(messages_that_were_removed_while_closed_are_lost),
        OUTPUT_QUEUE_TEST(a_flood_of_messages_is_taken_in_turns),
        OUTPUT_QUEUE_TEST(a_file_is_rotated_before_it_passes_its_size),
        OUTPUT_QUEUE_TEST(a_rotation_that_fails_loses_no_line),
        OUTPUT_QUEUE_TEST(a_renamed_file_is_left_when_it_is_reopened),
        OUTPUT_QUEUE_TEST(a_full_disk_is_said_once_tears_no_line_and_mends),
        OUTPUT_QUEUE_TEST(what_passes_the_queue_is_lost_and_reported),
        OUTPUT_QUEUE_TEST(a_full_disk_cuts_no_packet),
        OUTPUT_QUEUE_TEST(a_deleted_file_is_made_again),
        OUTPUT_QUEUE_TEST(a_lost_folder_is_said_and_mends),
        OUTPUT_QUEUE_TEST(a_device_that_is_full_fails),
        OUTPUT_QUEUE_TEST(a_fifo_waits_for_its_reader),
        OUTPUT_QUEUE_TEST(a_reader_that_takes_nothing_holds_no_other_up),
        OUTPUT_QUEUE_TEST(a_reader_that_comes_back_gets_whole_lines),
        OUTPUT_QUEUE_TEST(a_document_is_valid_after_every_write),
        OUTPUT_QUEUE_TEST(a_full_disk_leaves_the_document_valid),
        OUTPUT_QUEUE_TEST(a_document_goes_on_after_its_file_was_closed),
        OUTPUT_QUEUE_TEST(a_document_for_a_pipe_comes_at_the_end),
        OUTPUT_QUEUE_TEST(ours_is_replaced),
        OUTPUT_QUEUE_TEST(ours_is_replaced_in_another_layout_too),
        OUTPUT_QUEUE_TEST(a_strangers_file_is_not_replaced),
        OUTPUT_QUEUE_TEST(a_strangers_file_met_later_is_left_and_counted),
        OUTPUT_QUEUE_TEST(a_folder_is_no_file),
        OUTPUT_QUEUE_TEST(a_message_gets_its_name_when_it_is_complete),
        OUTPUT_QUEUE_TEST(a_message_cut_off_stays_partial),
        OUTPUT_QUEUE_TEST(a_message_with_a_gap_is_not_complete),
        OUTPUT_QUEUE_TEST(a_message_whose_beginning_was_lost_is_nothing),
        OUTPUT_QUEUE_TEST(a_dropped_message_leaves_nothing),
        OUTPUT_QUEUE_TEST(many_messages_at_once_are_all_whole),
        OUTPUT_QUEUE_TEST(a_mail_folder_that_is_lost_is_said_and_made_again),
        OUTPUT_QUEUE_TEST(a_link_in_the_place_of_a_message_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
