// SPDX-License-Identifier: MIT
#include "base/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *own_process(void *argument) {
    uint32_t *process = argument;
    *process = process_of_thread((uint32_t)syscall(SYS_gettid));
    return NULL;
}

static void knows_the_process_of_a_thread(void **state) {
    (void)state;
    pthread_t thread;
    uint32_t process = 0;
    pthread_create(&thread, NULL, own_process, &process);
    pthread_join(thread, NULL);
    assert_int_equal(process, getpid());
}

static void names_a_process(void **state) {
    (void)state;
    struct process_identity identity;
    process_identify(&identity, (uint32_t)getpid());
    assert_int_equal(identity.pid, getpid());
    assert_string_equal(identity.program, "process_test");
}

static void knows_nothing_of_one_that_is_gone(void **state) {
    (void)state;
    struct process_identity identity;
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
    assert_int_equal(process_of_thread((uint32_t)child), 0);
    process_identify(&identity, (uint32_t)child);
    assert_string_equal(identity.program, "");
    assert_false(process_is_signalled((uint32_t)child));
}

static void on_signal(int number) {
    (void)number;
}

// A stopped process handles nothing, so that what is sent to it stays pending.
static void sees_signals_that_would_interrupt(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        sigset_t blocked;
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR2);
        sigprocmask(SIG_BLOCK, &blocked, NULL);
        signal(SIGUSR1, on_signal);
        signal(SIGHUP, SIG_IGN);
        raise(SIGSTOP);
        _exit(0);
    }
    waitpid(child, NULL, WUNTRACED);
    assert_false(process_is_signalled((uint32_t)child));
    kill(child, SIGHUP);  // ignored
    kill(child, SIGUSR2); // blocked
    assert_false(process_is_signalled((uint32_t)child));
    kill(child, SIGUSR1); // caught
    assert_true(process_is_signalled((uint32_t)child));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_process_of_a_thread),
        cmocka_unit_test(names_a_process),
        cmocka_unit_test(knows_nothing_of_one_that_is_gone),
        cmocka_unit_test(sees_signals_that_would_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
