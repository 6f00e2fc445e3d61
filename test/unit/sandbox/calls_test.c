// SPDX-License-Identifier: MIT
#include "sandbox/calls.h"

#include "in_child.h"
#include "sandbox/sandbox.h"
#include "support/seccomp_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { OWN_PID = 4711, NUMBERS = 600, NOT_NATIVE = 0x40000003 };

// ── the table ───────────────────────────────────────────────────────────────────────────────────

static const struct caller online = {.own_pid = OWN_PID};
static const struct caller offline = {.own_pid = OWN_PID, .offline = true};

static int judged(int number, uint32_t first, uint32_t second, uint32_t third) {
    const struct call call = {.number = number, .arguments = {first, second, third}};
    return calls_judge(&call, &online);
}

static void forbids_what_a_thief_wants(void **state) {
    (void)state;
    assert_int_equal(judged(SYS_execve, 0, 0, 0), EPERM);
    assert_int_equal(judged(SYS_execveat, 0, 0, 0), EPERM);
    assert_int_equal(judged(SYS_clone, SIGCHLD, 0, 0), EPERM);
    assert_int_equal(judged(SYS_clone3, 0, 0, 0), ENOSYS);
    assert_int_equal(judged(SYS_ptrace, PTRACE_ATTACH, 1, 0), EPERM);
    assert_int_equal(judged(SYS_mprotect, 0, 0, PROT_READ | PROT_WRITE | PROT_EXEC), EPERM);
    assert_int_equal(judged(SYS_socket, AF_INET, SOCK_RAW | SOCK_CLOEXEC, 0), EPERM);
    assert_int_equal(judged(SYS_socket, AF_PACKET, SOCK_DGRAM, 0), EAFNOSUPPORT);
    assert_int_equal(judged(SYS_kill, OWN_PID + 1, SIGTERM, 0), EPERM);
    assert_int_equal(judged(SYS_setresuid, 0, 0, 0), EPERM);
    assert_int_equal(judged(SYS_io_uring_setup, 8, 0, 0), ENOSYS);
    assert_int_equal(judged(SYS_prctl, PR_SET_DUMPABLE, 1, 0), EPERM);
}

static void lets_a_proxy_work(void **state) {
    (void)state;
    assert_int_equal(judged(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0), 0);
    assert_int_equal(judged(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC), 0); // a library
    assert_int_equal(judged(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE), 0);
    assert_int_equal(judged(SYS_socket, AF_INET, SOCK_STREAM, 0), 0);
    assert_int_equal(judged(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), 0);
    assert_int_equal(judged(SYS_socket, AF_UNIX, SOCK_STREAM, 0), 0);
    assert_int_equal(judged(SYS_socket, AF_NETLINK, SOCK_RAW, 0), 0); // the C library's
    assert_int_equal(judged(SYS_tgkill, OWN_PID, 4712, SIGABRT), 0);
    assert_int_equal(judged(SYS_prctl, PR_SET_NAME, 0, 0), 0);
    assert_int_equal(judged(SYS_openat, 0, 0, 0), 0);
    assert_int_equal(judged(SYS_renameat, 0, 0, 0), 0);
    assert_int_equal(judged(SYS_wait4, 0, 0, 0), 0);
}

static void opens_no_socket_offline(void **state) {
    (void)state;
    static const uint32_t families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const struct call call = {.number = SYS_socket, .arguments = {families[i], SOCK_STREAM}};
        assert_int_equal(calls_judge(&call, &offline), EPERM);
    }
}

// ── the program is the table ────────────────────────────────────────────────────────────────────

static uint32_t interpret(const struct sock_filter *program, size_t len, const struct call *call,
                          uint32_t architecture) {
    struct seccomp_data data = {.nr = call->number, .arch = architecture};
    for (size_t i = 0; i < 6; i++) {
        data.args[i] = call->arguments[i];
    }
    return seccomp_run(program, len, &data);
}

static uint32_t action_of(int answer) {
    return answer == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t)answer;
}

static void compare_with_table(const struct caller *caller) {
    static const uint32_t words[] = {
        0, 1, 2, 3, 6, 7, 10, 16, PR_SET_NAME, CLONE_THREAD, OWN_PID, TIOCSTI, UINT32_MAX};
    struct sock_filter program[CALLS_PROGRAM_MAX];
    size_t len = calls_build(program, caller);
    uint32_t native = program[1].k; // what the first comparison is with
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    for (int number = 0; number < NUMBERS; number++) {
        for (size_t i = 0; i < (size_t)WORDS * WORDS; i++) {
            uint32_t first = words[i % WORDS];
            uint32_t other = words[i / WORDS];
            const struct call call = {.number = number, .arguments = {first, other, other}};
            assert_int_equal(interpret(program, len, &call, native),
                             action_of(calls_judge(&call, caller)));
        }
    }
}

static void does_in_the_kernel_what_the_table_says(void **state) {
    (void)state;
    compare_with_table(&online);
    compare_with_table(&offline);
}

static void knows_no_other_word_size(void **state) {
    (void)state;
    struct sock_filter program[CALLS_PROGRAM_MAX];
    size_t len = calls_build(program, &online);
    const struct call call = {.number = SYS_openat};
    const struct call x32 = {.number = NOT_NATIVE};
    assert_int_equal(interpret(program, len, &call, program[1].k + 1), action_of(EPERM));
    assert_int_equal(interpret(program, len, &x32, program[1].k), action_of(ENOSYS));
}

// ── at work ─────────────────────────────────────────────────────────────────────────────────────

static void *do_nothing(void *context) {
    return context;
}

static bool fails_with(long result, int error) {
    return result == -1 && errno == error;
}

static void go_under_it(void) {
    CLAIM(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CLAIM(calls_restrict(false) == 0);
}

static void try_the_forbidden(void) {
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    go_under_it();
    CLAIM(fails_with(execv("/bin/true", words), EPERM));
    CLAIM(fails_with(fork(), EPERM));
    CLAIM(mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
          MAP_FAILED);
    CLAIM(fails_with(socket(AF_PACKET, SOCK_DGRAM, 0), EAFNOSUPPORT));
    CLAIM(fails_with(kill(getppid(), 0), EPERM));
    CLAIM(fails_with(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL), EPERM));
    CLAIM(fails_with(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), EPERM));
    CLAIM(fails_with(setuid(getuid()), EPERM));
}

static void try_the_usual(void) {
    pthread_t thread;
    go_under_it();
    CLAIM(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    CLAIM(pthread_join(thread, NULL) == 0);
    CLAIM(socket(AF_INET, SOCK_STREAM, 0) >= 0);
    CLAIM(open("/proc/self/status", O_RDONLY) >= 0);
    CLAIM(kill(getpid(), 0) == 0);
}

static void need_a_plain_build(void) {
    if (!sandbox_is_built_in() || !calls_can_be_restricted()) {
        skip(); // a sanitizer makes calls of its own, or there is no seccomp
    }
}

static void holds_the_process_to_it(void **state) {
    (void)state;
    need_a_plain_build();
    assert_int_equal(in_child(try_the_forbidden), 0);
}

static void leaves_it_what_it_needs(void **state) {
    (void)state;
    need_a_plain_build();
    assert_int_equal(in_child(try_the_usual), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbids_what_a_thief_wants),
        cmocka_unit_test(lets_a_proxy_work),
        cmocka_unit_test(opens_no_socket_offline),
        cmocka_unit_test(does_in_the_kernel_what_the_table_says),
        cmocka_unit_test(knows_no_other_word_size),
        cmocka_unit_test(holds_the_process_to_it),
        cmocka_unit_test(leaves_it_what_it_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
