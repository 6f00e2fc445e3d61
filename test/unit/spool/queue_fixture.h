// SPDX-License-Identifier: MIT
// queue_fixture: one output in a folder of the test's own, without the writer's thread: time is a
// number here.
#ifndef SCOPE_TEST_SPOOL_QUEUE_FIXTURE_H
#define SCOPE_TEST_SPOOL_QUEUE_FIXTURE_H

#include "format/format.h"
#include "spool/output_queue.h"

#include <sys/resource.h>

struct queue_fixture {
    struct destination to;
    struct spool_options options;
    struct output_queue queue;
    int complaints;
    char said[FAILURE_MAX];
};

// The one that the running test uses; cmocka's setups cannot be given the format.
extern struct queue_fixture fixture;

// More than one output has open at once.
enum { FILES = LIMIT_FILES_OPEN + 6 };

// A test with an output of its own.
#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, queue_enter, queue_leave)

int queue_enter(void **state);
int queue_leave(void **state);
enum err open_queue(const struct format_info *format, const char *path);

// Into the output: `path` NULL for the one it was opened with; what the backlog refuses is lost.
void push_at(enum chunk_kind kind, const char *path, const char *text);
void push(enum chunk_kind kind, const char *text);
void push_mail(enum chunk_kind kind, const char *name, uint64_t offset, const char *text);
// Runs it at this time until its turns are done.
enum progress run_at(double seconds);

// As a full disk does it: a part of the line fits.
void limit_files(rlim_t size);
int read_fifo(const char *path); // without waiting for a writer

#endif
