// SPDX-License-Identifier: MIT
#include "base/safe_file.h"

#include "check.h"
#include "support/test_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t names_in_folder(void) {
    size_t count = 0;
    DIR *folder = opendir(in_folder("."));
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count - 2; // "." and ".."
}

static void appears_whole_under_its_name(void **state) {
    (void)state;
    struct new_file file;
    assert_int_equal(new_file_open(&file, AT_FDCWD, in_folder("new"), 0600), 0);
    assert_true(file_write_all(file.fd, SLICE("text")));
    assert_false(file_exists(in_folder("new")));
    assert_int_equal(new_file_commit(&file, false), 0);
    close(file.fd);
    assert_string_equal(file_text(in_folder("new")), "text");
    assert_int_equal(file_mode(in_folder("new")), 0600);
    assert_int_equal(names_in_folder(), 1);
}

static void is_gone_when_discarded(void **state) {
    (void)state;
    struct new_file file;
    assert_int_equal(new_file_open(&file, AT_FDCWD, in_folder("new"), 0600), 0);
    assert_int_equal(names_in_folder(), 1);
    new_file_discard(&file);
    assert_int_equal(names_in_folder(), 0);
    assert_int_equal(new_file_open(&file, AT_FDCWD, in_folder("no/new"), 0600), ENOENT);
}

static void does_not_replace_unless_asked(void **state) {
    (void)state;
    struct new_file file;
    file_put(in_folder("old"), "old");
    assert_int_equal(new_file_open(&file, AT_FDCWD, in_folder("old"), 0600), 0);
    assert_int_equal(new_file_commit(&file, false), EEXIST);
    new_file_discard(&file);
    assert_string_equal(file_text(in_folder("old")), "old");
    assert_int_equal(new_file_write(in_folder("old"), SLICE("new"), 0600), 0);
    assert_string_equal(file_text(in_folder("old")), "new");
    assert_int_equal(names_in_folder(), 1);
}

static void follows_no_link(void **state) {
    (void)state;
    int fd = -1;
    file_put(in_folder("victim"), "precious");
    assert_int_equal(symlink(in_folder("victim"), in_folder("link")), 0);
    assert_int_equal(private_file_open(&fd, in_folder("link"), O_WRONLY | O_APPEND), ELOOP);
    assert_int_equal(new_file_write(in_folder("link"), SLICE("new"), 0600), 0);
    assert_string_equal(file_text(in_folder("link")), "new");
    assert_string_equal(file_text(in_folder("victim")), "precious");
    assert_int_equal(symlink(in_folder("nothing"), in_folder("dangling")), 0);
    assert_int_equal(private_file_open(&fd, in_folder("dangling"), O_WRONLY), ENOENT);
    assert_false(file_exists(in_folder("nothing")));
}

static void opens_devices_behind_links(void **state) {
    (void)state;
    int fd = -1;
    assert_int_equal(symlink("/dev/null", in_folder("link")), 0);
    assert_int_equal(private_file_open(&fd, in_folder("link"), O_WRONLY | O_APPEND), 0);
    assert_true(file_write_all(fd, SLICE("text")));
    close(fd);
}

static void keeps_a_private_file_to_its_owner(void **state) {
    (void)state;
    int fd = -1;
    assert_int_equal(private_file_open(&fd, in_folder("new"), O_WRONLY | O_APPEND), 0);
    close(fd);
    assert_int_equal(file_mode(in_folder("new")), 0600);
    file_put(in_folder("old"), "old");
    assert_int_equal(chmod(in_folder("old"), 0666), 0);
    assert_int_equal(private_file_open(&fd, in_folder("old"), O_WRONLY | O_APPEND), 0);
    assert_true(file_write_all(fd, SLICE("er")));
    close(fd);
    assert_int_equal(file_mode(in_folder("old")), 0600);
    assert_string_equal(file_text(in_folder("old")), "older");
}

static void says_why_the_first_folder_cannot_be_made(void **state) {
    (void)state;
    assert_int_equal(folders_make("a/b", 0), 0);
    assert_int_equal(file_mode("a"), 0700);
    assert_int_equal(folders_make("a/b/c", 2), 0);
    assert_int_equal(folders_make("a/b/c", 0), 0);
    file_put("name", "");
    assert_int_equal(folders_make("name/b/c", 0), ENOTDIR);
    assert_int_equal(folders_make("/proc/smtpscope/a", 1), ENOENT); // /proc is there all the same
}

static void keeps_the_errno_of_what_failed(void **state) {
    (void)state;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = EADDRINUSE;
    assert_int_equal(file_give_up(fd), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(fcntl(fd, F_GETFD), -1); // it is closed
    errno = EADDRINUSE;
    assert_int_equal(file_give_up(-1), -1); // though close itself fails
    assert_int_equal(errno, EADDRINUSE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(appears_whole_under_its_name, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(is_gone_when_discarded, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(does_not_replace_unless_asked, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(says_why_the_first_folder_cannot_be_made, folder_enter,
                                        folder_leave),
        cmocka_unit_test_setup_teardown(follows_no_link, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(opens_devices_behind_links, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(keeps_a_private_file_to_its_owner, folder_enter,
                                        folder_leave),
        cmocka_unit_test(keeps_the_errno_of_what_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
