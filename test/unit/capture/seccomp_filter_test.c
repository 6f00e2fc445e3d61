// SPDX-License-Identifier: MIT
#include "capture/seccomp_filter.h"

#include "support/seccomp_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static uint32_t decide(bool watch_exec, const struct seccomp_data *data) {
    struct sock_filter program[FILTER_PROGRAM_MAX];
    size_t len = filter_build(program, watch_exec);
    assert_in_range(len, 1, FILTER_PROGRAM_MAX);
    return seccomp_run(program, len, data);
}

static void stops_what_connects(void **state) {
    (void)state;
    struct seccomp_data connect = {.arch = NATIVE, .nr = SYS_connect};
    struct seccomp_data sendto = {.arch = NATIVE, .nr = SYS_sendto};
    struct seccomp_data sendmsg = {.arch = NATIVE, .nr = SYS_sendmsg};
    assert_int_equal(decide(false, &connect), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(decide(false, &sendto), SECCOMP_RET_ALLOW);
    assert_int_equal(decide(false, &sendmsg), SECCOMP_RET_ALLOW);
    sendto.args[3] = MSG_FASTOPEN | MSG_NOSIGNAL;
    sendmsg.args[2] = MSG_FASTOPEN;
    assert_int_equal(decide(false, &sendto), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(decide(false, &sendmsg), SECCOMP_RET_USER_NOTIF);
}

static void stops_what_asks_for_names(void **state) {
    (void)state;
    bool small = false;
    struct seccomp_data own = {.arch = NATIVE, .nr = SYS_getsockname};
    struct seccomp_data peer = {.arch = NATIVE, .nr = SYS_getpeername};
    assert_int_equal(decide(false, &own), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(decide(false, &peer), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(filter_call_of(NATIVE, own.nr, &small), CALL_OWN_NAME);
    assert_int_equal(filter_call_of(NATIVE, peer.nr, &small), CALL_PEER_NAME);
}

static void refuses_rings_and_lets_all_else_pass(void **state) {
    (void)state;
    struct seccomp_data ring = {.arch = NATIVE, .nr = 425};
    assert_int_equal(decide(false, &ring), SECCOMP_RET_ERRNO | ENOSYS);
    for (int number = 0; number < 600; number++) {
        bool small = false;
        struct seccomp_data other = {.arch = NATIVE, .nr = number};
        if (filter_call_of(NATIVE, number, &small) == CALL_OTHER) {
            assert_int_equal(decide(true, &other), SECCOMP_RET_ALLOW);
        }
    }
    struct seccomp_data foreign = {.arch = AUDIT_ARCH_RISCV64, .nr = SYS_connect};
    assert_int_equal(decide(true, &foreign), SECCOMP_RET_ALLOW);
}

static void stops_execs_only_where_asked(void **state) {
    (void)state;
    struct seccomp_data exec = {.arch = NATIVE, .nr = SYS_execve};
    assert_int_equal(decide(false, &exec), SECCOMP_RET_ALLOW);
    assert_int_equal(decide(true, &exec), SECCOMP_RET_USER_NOTIF);
}

static void knows_programs_of_the_other_word_size(void **state) {
    (void)state;
    bool small = false;
#if defined(__x86_64__)
    struct seccomp_data socketcall = {.arch = AUDIT_ARCH_I386, .nr = 102, .args = {3}};
    struct seccomp_data connect = {.arch = AUDIT_ARCH_I386, .nr = 362};
    struct seccomp_data native_number = {.arch = AUDIT_ARCH_I386, .nr = SYS_connect};
    assert_int_equal(decide(false, &socketcall), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(decide(false, &connect), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(decide(false, &native_number), SECCOMP_RET_ALLOW);
    socketcall.args[0] = 4;
    assert_int_equal(decide(false, &socketcall), SECCOMP_RET_ALLOW);
    assert_int_equal(filter_call_of(AUDIT_ARCH_I386, 102, &small), CALL_SOCKETCALL);
    assert_true(small);
    struct seccomp_data x32 = {.arch = NATIVE, .nr = 0x40000000 | SYS_connect};
    assert_int_equal(decide(false, &x32), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(filter_call_of(NATIVE, x32.nr, &small), CALL_CONNECT);
    assert_true(small);
#else
    struct seccomp_data connect = {.arch = AUDIT_ARCH_ARM, .nr = 283};
    assert_int_equal(decide(false, &connect), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(filter_call_of(AUDIT_ARCH_ARM, 283, &small), CALL_CONNECT);
    assert_true(small);
#endif
    assert_int_equal(filter_call_of(NATIVE, SYS_connect, &small), CALL_CONNECT);
    assert_false(small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_what_connects),
        cmocka_unit_test(stops_what_asks_for_names),
        cmocka_unit_test(refuses_rings_and_lets_all_else_pass),
        cmocka_unit_test(stops_execs_only_where_asked),
        cmocka_unit_test(knows_programs_of_the_other_word_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
