// SPDX-License-Identifier: MIT
// Claims: lines that come one by one are written together, and what is submitted is written without
// anything more being submitted.
#include "spool/writer.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "format/format.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { RUN_MS = 60, GAP_US = 200, GATHERED_MS = 5 };

// A writer to a socket that keeps the bounds of writes.
struct fixture {
    struct destination to;
    struct spool_options options;
    struct output_queue queue;
    struct writer *writer;
    int reader;
};

static void complain(void *context, const char *sentence) {
    (void)context;
    fail_msg("%s", sentence);
}

static void complain_once(void *context, const char *sentence) {
    static bool complained;
    (void)context;
    assert_false(complained);
    assert_non_null(strstr(sentence, "its reader is too slow"));
    complained = true;
}

static void begin(struct fixture *fixture) {
    int ends[2], error = dup(STDERR_FILENO);
    struct failure failure;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    dup2(ends[1], STDERR_FILENO); // "-" is taken from here
    fixture->reader = ends[0];
    fixture->to = (struct destination){.framing = text_format.framing, .path = "-"};
    fixture->options =
        (struct spool_options){.dash_is_stderr = true, .queue_max = MIB, .complain = complain};
    assert_int_equal(output_queue_open(&failure, &fixture->queue, &fixture->to, &fixture->options),
                     OK);
    dup2(error, STDERR_FILENO);
    close(error);
    close(ends[1]);
    assert_int_equal(writer_new(&fixture->writer, NULL, &fixture->queue, 1), OK);
}

static void start(struct fixture *fixture) {
    assert_int_equal(writer_start(fixture->writer, NULL), OK);
}

static void submit_line(struct fixture *fixture, size_t len) {
    struct write_batch *batch = write_batch_new();
    struct chunk chunk = {.kind = CHUNK_LINES, .bytes = mem_new(len), .len = len};
    memset(chunk.bytes, 'x', len);
    chunk.bytes[len - 1] = '\n';
    write_batch_add(batch, chunk);
    writer_submit(fixture->writer, batch);
}

static void submit(struct fixture *fixture) {
    submit_line(fixture, 2);
}

static void end(struct fixture *fixture) {
    assert_true(writer_stop(fixture->writer));
    writer_free(fixture->writer);
    output_queue_cleanup(&fixture->queue);
}

static size_t read_to_end(struct fixture *fixture, size_t *out_lines) {
    char text[4 * KIB];
    size_t writes = 0;
    ssize_t len;
    *out_lines = 0;
    while ((len = read(fixture->reader, text, sizeof(text))) > 0) {
        writes++;
        for (ssize_t i = 0; i < len; i++) {
            *out_lines += text[i] == '\n';
        }
    }
    close(fixture->reader);
    return writes;
}

// However slow the machine is, the writer wakes once in five milliseconds.
static void test_lines_one_by_one_are_written_together(void **state) {
    (void)state;
    struct fixture fixture;
    size_t submitted = 0, lines = 0;
    begin(&fixture);
    start(&fixture);
    int64_t began_ns = clock_monotonic_ns(), next_ns = began_ns;
    while (clock_monotonic_ns() - began_ns < RUN_MS * NS_PER_MS) {
        if (clock_monotonic_ns() >= next_ns) {
            submit(&fixture);
            submitted++;
            next_ns = clock_monotonic_ns() + GAP_US * NS_PER_US;
        }
    }
    end(&fixture);
    size_t passed_ms = (size_t)((clock_monotonic_ns() - began_ns) / NS_PER_MS);
    size_t writes = read_to_end(&fixture, &lines);
    assert_int_equal(lines, submitted);
    assert_true(writes <= 2 + passed_ms / GATHERED_MS);
}

static void test_a_line_alone_is_written(void **state) {
    (void)state;
    struct fixture fixture;
    char text[KIB];
    size_t lines = 0;
    begin(&fixture);
    start(&fixture);
    for (int i = 0; i < 3; i++) {
        submit(&fixture);
        assert_true(read(fixture.reader, text, sizeof(text)) > 0); // comes, or this waits for ever
    }
    end(&fixture);
    assert_int_equal(read_to_end(&fixture, &lines), 0);
}

// The thread sleeps too long, and is not to blame: it is started late.
static void test_what_does_not_fit_is_lost_and_counted_where_lines_go_on(void **state) {
    (void)state;
    struct fixture fixture;
    char text[16 * KIB];
    begin(&fixture);
    struct backlog *backlog = &fixture.queue.files.backlog;
    fixture.options.complain = complain_once;
    backlog->max = 10 * KIB;
    submit_line(&fixture, 8 * KIB);
    atomic_store(&backlog->ahead_ns, INT64_MIN / 2); // it has written nothing for long
    for (int i = 0; i < 3; i++) {
        submit_line(&fixture, 4 * KIB);
    }
    assert_int_equal(atomic_load(&backlog->lost), 3);
    start(&fixture);
    assert_true(read(fixture.reader, text, sizeof(text)) > (ssize_t)(8 * KIB));
    while (atomic_load(&backlog->waiting) > 0) {
        sched_yield();
    }
    submit(&fixture);
    end(&fixture);
    size_t len = 0;
    for (ssize_t got; (got = read(fixture.reader, text + len, sizeof(text) - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    close(fixture.reader);
    text[len] = '\0';
    const char *said = strstr(text, "### 3 lines were lost: ");
    assert_non_null(said);
    assert_string_equal(strchr(said, '\n'), "\n3 x\n"); // 1 came, 2 says what did not
    assert_int_equal(atomic_load(&backlog->lost), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_one_by_one_are_written_together),
        cmocka_unit_test(test_a_line_alone_is_written),
        cmocka_unit_test(test_what_does_not_fit_is_lost_and_counted_where_lines_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
