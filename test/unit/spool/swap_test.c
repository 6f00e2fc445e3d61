// SPDX-License-Identifier: MIT
// The end of a file becomes another one for all readers at once: who has it open keeps what it
// opened, who opens it then has the new one, and where that fails the old one is still whole.
#include "spool/swap.h"

#include "support/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char OLD[] = "[1]";
static const char NEW[] = "[1,2]";
// From one to the other.
static const struct swap longer = {.keep = 2, .parts = {SLICE_INIT(",2"), SLICE_INIT("]")}};
static const struct swap shorter = {.keep = 2, .parts = {SLICE_INIT("]")}};

static struct output_fd make(const char *name, const char *text) {
    struct output_fd file;
    assert_int_equal(swap_make(&file, in_folder(name), slice_of_string(text)), 0);
    return file;
}

static ino_t inode(int fd) {
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static void is(const char *name, const char *text) {
    assert_string_equal(file_text(in_folder(name)), text);
}

// Some file systems have no leases; there the file is a new one each time.
static bool has_leases(int fd) {
    bool has = fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
    return has && fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}

static void a_file_that_nobody_reads_stays_the_same_file(void **state) {
    (void)state;
    struct output_fd file = make("j", OLD);
    ino_t before = inode(file.fd);
    assert_int_equal(swap_end(&file, in_folder("j"), &longer), 0);
    is("j", NEW);
    assert_int_equal(swap_end(&file, in_folder("j"), &shorter), 0);
    is("j", OLD);
    assert_true(inode(file.fd) == before || !has_leases(file.fd));
    output_fd_close(&file);
}

static void a_reader_keeps_what_it_opened(void **state) {
    (void)state;
    char text[16] = "";
    struct output_fd file = make("j", OLD);
    assert_int_equal(fchmod(file.fd, 0640), 0);
    assert_int_equal(symlink("j", in_folder("link")), 0);
    int reader = open(in_folder("j"), O_RDONLY | O_CLOEXEC);
    ino_t before = inode(reader);
    assert_int_equal(swap_end(&file, in_folder("link"), &longer), 0);
    assert_int_equal(read(reader, text, sizeof(text)), strlen(OLD));
    assert_string_equal(text, OLD);
    is("j", NEW);
    assert_true(inode(file.fd) != before); // … and what is written next goes to the new one.
    struct stat status;
    assert_int_equal(lstat(in_folder("link"), &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(fstat(file.fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    close(reader);
    assert_int_equal(swap_end(&file, in_folder("j"), &shorter), 0);
    is("j", OLD);
    output_fd_close(&file);
}

// Somebody has put another file in its place: that one is not ours.
static void another_file_of_the_name_is_left_alone(void **state) {
    (void)state;
    struct output_fd file = make("j", OLD);
    assert_int_equal(rename(in_folder("j"), in_folder("mine")), 0);
    struct output_fd other = make("j", "theirs");
    int reader = open(in_folder("mine"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(swap_end(&file, in_folder("j"), &longer), 0);
    is("j", "theirs");
    is("mine", NEW);
    close(reader);
    output_fd_close(&file);
    output_fd_close(&other);
}

// The disk is full after so many bytes.
static int swap_on_a_full_disk(struct output_fd *file, rlim_t bytes, const struct swap *swap) {
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, before.rlim_max});
    int error = swap_end(file, in_folder("j"), swap);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    return error;
}

static void a_full_disk_leaves_the_old_end(void **state) {
    (void)state;
    for (rlim_t bytes = 2; bytes < strlen(NEW); bytes++) {
        struct output_fd file = make("j", OLD);
        assert_int_equal(swap_on_a_full_disk(&file, bytes < 3 ? 3 : bytes, &longer), EFBIG);
        is("j", OLD);
        int reader = open(in_folder("j"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(swap_on_a_full_disk(&file, bytes, &longer), EFBIG);
        is("j", OLD);
        close(reader);
        output_fd_close(&file);
        assert_int_equal(unlink(in_folder("j")), 0);
    }
}

static void a_name_that_is_taken_is_not_made_again(void **state) {
    (void)state;
    struct output_fd second;
    struct output_fd first = make("j", OLD);
    assert_int_equal(swap_make(&second, in_folder("j"), slice_of_string(NEW)), EEXIST);
    is("j", OLD);
    assert_true(swap_make(&second, in_folder("none/j"), slice_of_string(NEW)) != 0);
    output_fd_close(&first);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_nobody_reads_stays_the_same_file), TEST(a_reader_keeps_what_it_opened),
        TEST(another_file_of_the_name_is_left_alone),       TEST(a_full_disk_leaves_the_old_end),
        TEST(a_name_that_is_taken_is_not_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
