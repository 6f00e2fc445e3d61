// SPDX-License-Identifier: MIT
#include "spool/output_fd.h"

#include "support/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t much[1 << 20];

static void a_new_file_belongs_to_its_owner_alone(void **state) {
    (void)state;
    struct output_fd target;
    size_t len = 0;
    assert_int_equal(output_fd_open(&target, in_folder("x"), true, false), 0);
    assert_int_equal(target.kind, OUTPUT_FD_FILE);
    assert_int_equal(output_fd_write(&target, SLICE("abc"), &len), PROGRESS_DONE);
    assert_int_equal(len, 3);
    assert_int_equal(file_mode(in_folder("x")), 0600);
    assert_false(output_fd_is_deleted(&target));
    assert_int_equal(unlink(in_folder("x")), 0);
    assert_true(output_fd_is_deleted(&target));
    output_fd_close(&target);
    assert_int_equal(target.kind, OUTPUT_FD_CLOSED);
}

static void what_cannot_be_opened_says_why(void **state) {
    (void)state;
    struct output_fd target;
    assert_int_equal(output_fd_open(&target, in_folder("none/x"), true, false), ENOENT);
    assert_int_equal(output_fd_open(&target, in_folder(""), true, false), EISDIR);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(output_fd_open(&target, in_folder("fifo"), true, false), ENXIO);
}

// A full pipe is never waited for, and its description, which others share, stays as it is.
static void check_standard(int read_fd, int write_fd, enum output_fd_kind kind) {
    struct output_fd target;
    size_t len = 0;
    int flags = fcntl(write_fd, F_GETFL);
    assert_int_equal(output_fd_open_standard(&target, write_fd), 0);
    assert_int_equal(target.kind, kind);
    assert_int_equal(output_fd_write(&target, slice_of(much, sizeof(much)), &len), PROGRESS_WAIT);
    assert_true(len > 0 && len < sizeof(much));
    assert_int_equal(fcntl(write_fd, F_GETFL), flags);
    assert_true(read(read_fd, much, sizeof(much)) > 0);
    assert_int_equal(output_fd_write(&target, SLICE("abc"), &len), PROGRESS_DONE);
    output_fd_close(&target);
    close(read_fd);
    close(write_fd);
}

static void a_pipe_that_is_full_is_not_waited_for(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    check_standard(ends[0], ends[1], OUTPUT_FD_STREAM);
}

static void a_socket_that_is_full_is_not_waited_for(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_standard(ends[0], ends[1], OUTPUT_FD_SOCKET);
}

// Where no second description can be had, poll is asked and small bites are written.
static void a_shared_pipe_that_is_full_is_not_waited_for(void **state) {
    (void)state;
    int ends[2];
    size_t len = 0;
    assert_int_equal(pipe(ends), 0);
    struct output_fd target = {.kind = OUTPUT_FD_SHARED, .fd = ends[1]};
    assert_int_equal(output_fd_write(&target, slice_of(much, sizeof(much)), &len), PROGRESS_WAIT);
    assert_true(len > 0 && len < sizeof(much));
    close(ends[0]);
    output_fd_close(&target);
}

static void standard_output_that_is_a_file_keeps_its_place(void **state) {
    (void)state;
    struct output_fd target;
    size_t len = 0;
    int fd = open(in_folder("x"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "before ", 7), 7);
    assert_int_equal(output_fd_open_standard(&target, fd), 0);
    assert_int_equal(output_fd_write(&target, SLICE("ours "), &len), PROGRESS_DONE);
    assert_int_equal(write(fd, "after", 5), 5);
    output_fd_close(&target);
    close(fd);
    assert_string_equal(file_text(in_folder("x")), "before ours after");
}

static void standard_output_that_is_closed_says_so(void **state) {
    (void)state;
    struct output_fd target;
    assert_int_equal(output_fd_open_standard(&target, 1000), EBADF);
}

#define OUTPUT_FD_TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        OUTPUT_FD_TEST(a_new_file_belongs_to_its_owner_alone),
        OUTPUT_FD_TEST(what_cannot_be_opened_says_why),
        OUTPUT_FD_TEST(a_pipe_that_is_full_is_not_waited_for),
        OUTPUT_FD_TEST(a_socket_that_is_full_is_not_waited_for),
        OUTPUT_FD_TEST(a_shared_pipe_that_is_full_is_not_waited_for),
        OUTPUT_FD_TEST(standard_output_that_is_a_file_keeps_its_place),
        OUTPUT_FD_TEST(standard_output_that_is_closed_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
