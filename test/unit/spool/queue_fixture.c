// SPDX-License-Identifier: MIT
#include "queue_fixture.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/test_folder.h"

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

struct queue_fixture fixture;

static void complain(void *context, const char *sentence) {
    (void)context;
    fixture.complaints++;
    snprintf(fixture.said, sizeof(fixture.said), "%s", sentence);
}

enum err open_queue(const struct format_info *format, const char *path) {
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

int queue_enter(void **state) {
    fixture = (struct queue_fixture){.complaints = 0};
    return folder_enter(state);
}

int queue_leave(void **state) {
    output_queue_cleanup(&fixture.queue);
    return folder_leave(state);
}

void push_at(enum chunk_kind kind, const char *path, const char *text) {
    struct chunk chunk = {.kind = kind, .path = mem_string(path)};
    chunk.bytes = (uint8_t *)mem_string(text);
    chunk.len = strlen(text);
    uint64_t untold = 0;
    struct backlog *backlog = &fixture.queue.files.backlog;
    if (!backlog_admit(backlog, &untold, chunk_cost(&chunk), fixture.queue.files.now_ns)) {
        backlog_lose(backlog, chunk_lines(&chunk));
        chunk_cleanup(&chunk);
        return;
    }
    assert_int_equal(untold, 0);
    output_queue_push(&fixture.queue, chunk);
}

void push(enum chunk_kind kind, const char *text) {
    push_at(kind, NULL, text);
}

void push_mail(enum chunk_kind kind, const char *name, uint64_t offset, const char *text) {
    struct chunk chunk = {.kind = kind, .name = mem_string(name), .offset = offset};
    chunk.bytes = (uint8_t *)mem_string(text);
    chunk.len = strlen(text);
    backlog_add(&fixture.queue.files.backlog, chunk_cost(&chunk));
    output_queue_push(&fixture.queue, chunk);
}

enum progress run_at(double seconds) {
    enum progress progress = PROGRESS_DONE;
    do {
        progress = output_queue_run(&fixture.queue, (int64_t)(seconds * (double)NS_PER_S), false);
    } while (fixture.queue.more);
    return progress;
}

void limit_files(rlim_t size) {
    struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
}

int read_fifo(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}
