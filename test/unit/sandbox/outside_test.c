// SPDX-License-Identifier: MIT
#include "sandbox/outside.h"

#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 600 }; // more than one answer holds

static struct outside *outside;

static int enter(void **state) {
    int result = folder_enter(state);
    return outside_start(&outside) == 0 ? result : -1;
}

static int leave(void **state) {
    outside_stop(outside);
    outside = NULL;
    return folder_leave(state);
}

static bool count_link(void *context, const struct socket_link *link) {
    size_t *count = context;
    (*count)++;
    return link->inode != 0;
}

static bool take_one(void *context, const struct socket_link *link) {
    (void)count_link(context, link);
    return false;
}

// A process with one socket as descriptor `fd`, until it is told to go.
static pid_t start_holder(int fd, int count) {
    int channel[2];
    char byte = 0;
    assert_int_equal(pipe(channel), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int one = socket(AF_UNIX, SOCK_STREAM, 0);
        for (int i = 0; i < count; i++) {
            dup2(one, fd + i);
        }
        close(one);
        byte = (char)write(channel[1], "", 1);
        pause();
        _exit(byte);
    }
    assert_int_equal(read(channel[0], &byte, 1), 1);
    close(channel[0]);
    close(channel[1]);
    return pid;
}

static void stop_holder(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void sees_the_sockets_of_others(void **state) {
    (void)state;
    size_t count = 0;
    pid_t holder = start_holder(200, SOCKETS);
    uint64_t inode = outside_socket_at(outside, (uint32_t)holder, 200);
    assert_true(inode != 0);
    assert_true(inode == socket_link_at((uint32_t)holder, 200));
    assert_true(outside_socket_at(outside, (uint32_t)holder, 199) == 0);
    outside_sockets_of(outside, (uint32_t)holder, count_link, &count);
    assert_in_range(count, SOCKETS, SOCKETS + 8);
    stop_holder(holder);
    assert_true(outside_socket_at(outside, (uint32_t)holder, 200) == 0);
}

static void goes_on_after_an_answer_that_was_cut_short(void **state) {
    (void)state;
    pid_t holder = start_holder(200, SOCKETS);
    size_t count = 0;
    outside_sockets_of(outside, (uint32_t)holder, take_one, &count);
    assert_int_equal(count, 1);
    assert_true(outside_socket_at(outside, (uint32_t)holder, 200) != 0);
    stop_holder(holder);
}

static pid_t outside_pid(void) {
    char path[64];
    char text[64] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    return (pid_t)strtol(text, NULL, 10);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool answers_again(pid_t holder) {
    int64_t until_ms = now_ms() + 30000;
    uint64_t inode = 0;
    while (inode == 0 && now_ms() < until_ms) {
        inode = outside_socket_at(outside, (uint32_t)holder, 200);
    }
    return inode == socket_link_at((uint32_t)holder, 200);
}

// 50 searches take one short wait, not 50 or the 5 s that others wait. What they were not told is
// no answer to who asks next.
static void no_search_waits_for_one_that_was_stopped(void **state) {
    (void)state;
    pid_t other = outside_pid();
    pid_t holder = start_holder(200, SOCKETS);
    assert_true(answers_again(holder));
    kill(other, SIGSTOP);
    int64_t began_ms = now_ms();
    for (int i = 0; i < 50; i++) {
        assert_true(outside_socket_at(outside, (uint32_t)holder, 200) == 0);
    }
    assert_in_range(now_ms() - began_ms, 0, 900);
    size_t count = 0;
    kill(other, SIGCONT);
    outside_sockets_of(outside, (uint32_t)holder, count_link, &count);
    assert_in_range(count, SOCKETS, SOCKETS + 8);
    assert_true(answers_again(holder));
    stop_holder(holder);
}

static void names_the_ready_file_once(void **state) {
    (void)state;
    struct new_file file;
    const char *path = in_folder("ready");
    assert_int_equal(new_file_open(&file, AT_FDCWD, path, 0600), 0);
    assert_int_equal(outside_name_later(outside, &file), 0);
    outside_seal(outside);
    assert_false(file_exists(path));
    assert_int_equal(outside_commit(outside, &file), 0);
    assert_true(file_exists(path));
    assert_int_not_equal(outside_commit(outside, &file), 0);
    new_file_discard(&file);
}

static void removes_at_the_end_what_it_was_given(void **state) {
    (void)state;
    file_put(in_folder("socket"), "");
    file_put(in_folder("other"), "");
    outside_remove_later(outside, in_folder("socket"));
    outside_seal(outside);
    outside_remove_later(outside, in_folder("other")); // too late
    outside_stop(outside);
    outside = NULL;
    assert_false(file_exists(in_folder("socket")));
    assert_true(file_exists(in_folder("other")));
}

static void leaves_another_file_of_that_name(void **state) {
    (void)state;
    file_put(in_folder("socket"), "");
    outside_remove_later(outside, in_folder("socket"));
    file_put(in_folder("newer"), "");
    assert_int_equal(rename(in_folder("newer"), in_folder("socket")), 0);
    outside_stop(outside);
    outside = NULL;
    assert_true(file_exists(in_folder("socket")));
}

static void without_it_the_process_looks_itself(void **state) {
    (void)state;
    pid_t holder = start_holder(200, 1);
    assert_true(outside_socket_at(NULL, (uint32_t)holder, 200) != 0);
    stop_holder(holder);
    outside_remove_later(NULL, in_folder("socket"));
    outside_seal(NULL);
    outside_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sees_the_sockets_of_others, enter, leave),
        cmocka_unit_test_setup_teardown(goes_on_after_an_answer_that_was_cut_short, enter, leave),
        cmocka_unit_test_setup_teardown(no_search_waits_for_one_that_was_stopped, enter, leave),
        cmocka_unit_test_setup_teardown(names_the_ready_file_once, enter, leave),
        cmocka_unit_test_setup_teardown(removes_at_the_end_what_it_was_given, enter, leave),
        cmocka_unit_test_setup_teardown(leaves_another_file_of_that_name, enter, leave),
        cmocka_unit_test_setup_teardown(without_it_the_process_looks_itself, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
