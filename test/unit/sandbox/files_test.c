// SPDX-License-Identifier: MIT
#include "sandbox/files.h"

#include "in_child.h"
#include "sandbox/sandbox.h"
#include "support/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static const char *own, *read_only, *foreign, *above; // folders

static int enter(void **state) {
    int result = folder_enter(state);
    above = in_folder("above");
    own = in_folder("above/own");
    read_only = in_folder("read");
    foreign = in_folder("foreign");
    mkdir(above, 0700);
    mkdir(own, 0700);
    mkdir(read_only, 0700);
    mkdir(foreign, 0700);
    file_put(in_folder("above/own/old"), "old");
    file_put(in_folder("read/file"), "text");
    file_put(in_folder("foreign/file"), "text");
    return result;
}

static void need_landlock(void) {
    if (files_version() == 0 || !sandbox_is_built_in()) {
        skip(); // a kernel without it, or a build that writes files of its own
    }
}

static void restrict_to(int list_fd) {
    CLAIM(list_fd >= 0);
    CLAIM(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CLAIM(files_restrict(list_fd) == 0);
}

static bool can_open(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC, 0600);
    bool can = fd >= 0 || errno != EACCES;
    if (fd >= 0) {
        close(fd);
    }
    return can;
}

static void enter_places(void) {
    const struct file_place places[] = {
        {own, PLACE_WRITE}, {read_only, PLACE_READ}, {"/nowhere", PLACE_READ}};
    restrict_to(files_list_open(places, 3));
}

static void use_the_places(void) {
    enter_places();
    CLAIM(can_open(in_folder("above/own/new"), O_WRONLY | O_CREAT | O_EXCL));
    CLAIM(rename(in_folder("above/own/new"), in_folder("above/own/new.1")) == 0);
    CLAIM(can_open(in_folder("above/own/old"), O_WRONLY | O_TRUNC));
    CLAIM(unlink(in_folder("above/own/old")) == 0);
    CLAIM(mkdir(in_folder("above/own/folder"), 0700) == 0);
    CLAIM(can_open(in_folder("above/own/folder/file"), O_WRONLY | O_CREAT));
    CLAIM(can_open(in_folder("read/file"), O_RDONLY));
}

static void leave_the_places(void) {
    enter_places();
    CLAIM(!can_open(in_folder("foreign/file"), O_RDONLY));
    CLAIM(!can_open(in_folder("foreign/new"), O_WRONLY | O_CREAT));
    CLAIM(!can_open(in_folder("read/file"), O_WRONLY));
    CLAIM(unlink(in_folder("read/file")) != 0);
    CLAIM(mkdir(in_folder("above/other"), 0700) != 0);
    CLAIM(symlink("/etc/passwd", in_folder("above/own/link")) != 0);
    CLAIM(!can_open("/etc/passwd", O_RDONLY));
}

// The list is made of what is there at the start; then the folder is another one.
static void lose_the_folder(void) {
    const struct file_place places[] = {{own, PLACE_WRITE}, {above, PLACE_WRITE}};
    int list_fd = files_list_open(places, 2);
    CLAIM(rename(own, in_folder("above/lost")) == 0 && mkdir(own, 0700) == 0);
    restrict_to(list_fd);
    CLAIM(can_open(in_folder("above/own/new"), O_WRONLY | O_CREAT));
}

static void opens_its_places(void **state) {
    (void)state;
    need_landlock();
    assert_int_equal(in_child(use_the_places), 0);
}

static void opens_nothing_else(void **state) {
    (void)state;
    need_landlock();
    assert_int_equal(in_child(leave_the_places), 0);
}

static void finds_a_folder_that_was_made_again_by_the_one_above(void **state) {
    (void)state;
    need_landlock();
    assert_int_equal(in_child(lose_the_folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_its_places, enter, folder_leave),
        cmocka_unit_test_setup_teardown(opens_nothing_else, enter, folder_leave),
        cmocka_unit_test_setup_teardown(finds_a_folder_that_was_made_again_by_the_one_above, enter,
                                        folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
