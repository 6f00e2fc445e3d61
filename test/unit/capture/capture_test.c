// SPDX-License-Identifier: MIT
// A captured command must not be able to tell, and everything it says must come to the proxy. Each
// scene runs under a real filter; where the machine has none the tests are skipped.
#include "capture/capture.h"
#include "capture/seccomp_filter.h"

#include "scenes.h"
#include "stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What main was given; it is taken before the servers' threads start, which must not get signals.
static const struct capture_inherited *inherited(const struct capture_inherited *given) {
    static struct capture_inherited kept;
    if (given != NULL) {
        kept = *given;
    }
    return &kept;
}

static bool can_capture(void) {
    pid_t child = fork();
    if (child == 0) {
        struct filter_installed filter;
        _exit(filter_install(&filter, false) == 0 ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void play_patiently(struct stage_result *out, const char *scene, uint16_t port,
                           uint16_t watched, int64_t connect_timeout_ms) {
    static const char self[] = "/proc/self/exe";
    struct port_range ports = {watched, watched};
    char number[8];
    if (!can_capture()) {
        skip();
    }
    snprintf(number, sizeof(number), "%u", port);
    char *command[] = {(char *)(uintptr_t)self, (char *)(uintptr_t)scene, number, NULL};
    struct stage_setting setting = {.command = command,
                                    .ports = {.ranges = &ports, .count = 1},
                                    .connect_timeout_ms = connect_timeout_ms,
                                    .inherited = inherited(NULL)};
    stage_play(out, &setting);
    assert_int_equal(out->unclaimed_count, 0);
}

static void play(struct stage_result *out, const char *scene, uint16_t port, uint16_t watched) {
    play_patiently(out, scene, port, watched, 30000);
}

// A scene against a real server; `claims` connections come to the proxy, dialled already.
static void play_to_server(const char *scene, int family, size_t claims) {
    struct stage_result result;
    uint16_t port = stage_server(family);
    play(&result, scene, port, port);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.claimed_count, claims);
    assert_int_equal(result.failed_count, 0);
    assert_int_equal(result.warned_count, 0);
    for (size_t i = 0; i < claims && i < STAGE_EVENTS_MAX; i++) {
        assert_int_equal(result.claimed[i].server_fd, 1);
        assert_string_equal(result.claimed[i].client.program, "exe");
        assert_int_not_equal(result.claimed[i].client.pid, 0);
    }
}

static void captures_blocking_connects(void **state) {
    (void)state;
    play_to_server("blocking", AF_INET, 1);
}

static void captures_nonblocking_connects(void **state) {
    (void)state;
    play_to_server("nonblocking", AF_INET, 1);
}

static void captures_ipv6_sockets(void **state) {
    (void)state;
    play_to_server("ipv6", AF_INET6, 1);
    play_to_server("ipv6-bound", AF_INET6, 1);
}

static void captures_mapped_addresses(void **state) {
    (void)state;
    struct stage_result result;
    uint16_t port = stage_server(AF_INET);
    play(&result, "mapped", port, port);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.claimed_count, 1);
    struct sockaddr_in server;
    memcpy(&server, &result.claimed[0].server, sizeof(server));
    assert_int_equal(server.sin_family, AF_INET); // told as what it is
    assert_int_equal(ntohs(server.sin_port), port);
    assert_int_equal(ntohl(server.sin_addr.s_addr), INADDR_LOOPBACK);
}

static void captures_after_a_refused_fast_open(void **state) {
    (void)state;
    play_to_server("fast-open", AF_INET, 1);
}

static void captures_fifty_at_once(void **state) {
    (void)state;
    play_to_server("many", AF_INET, 50);
}

static void captures_in_a_storm_of_signals(void **state) {
    (void)state;
    play_to_server("storm", AF_INET, 300);
}

static void captures_what_disconnects_and_connects_again(void **state) {
    (void)state;
    play_to_server("connect-again", AF_INET, 3);
}

static void captures_a_thread_with_descriptors_of_its_own(void **state) {
    (void)state;
    play_to_server("own-table", AF_INET, 1);
}

static void a_crowd_that_waits_holds_up_nobody_else(void **state) {
    (void)state;
    struct stage_result result;
    uint16_t port = stage_silent_port();
    play_patiently(&result, "crowd", port, port, 3600 * 1000); // what waits for it never ends
    assert_int_equal(result.status, 0);
}

static void captures_programs_of_32_bits(void **state) {
    (void)state;
    struct stage_result result;
    uint16_t port = stage_server(AF_INET);
    play(&result, "small-words", port, port);
    if (result.status == SCENE_IMPOSSIBLE || result.status == 128 + SIGSEGV) {
        skip(); // another processor, or a kernel without them
    }
    assert_int_equal(result.status, 0);
    assert_int_equal(result.claimed_count, 2);
}

// A machine that can less than this one: a filter over the whole process refuses what it lacks.
static bool install_lack(const struct sock_filter *program, unsigned short len) {
    struct sock_fprog prog = {.len = len, .filter = (struct sock_filter *)(uintptr_t)program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

// The default profile of a container: no descriptor of another process is to be had.
static bool lack_borrowing(void) {
    static const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_getfd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return install_lack(program, sizeof(program) / sizeof(program[0]));
}

// A kernel before 5.19: any signal ends the wait for our answer.
static bool lack_killable_waits(void) {
    static const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return install_lack(program, sizeof(program) / sizeof(program[0]));
}

// A kernel before 6.9: pidfd_open knows no PIDFD_THREAD.
static bool lack_thread_pidfds(void) {
    static const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return install_lack(program, sizeof(program) / sizeof(program[0]));
}

static const struct {
    const char *name;
    bool (*install)(void);
} lacks[] = {{"borrowing", lack_borrowing},
             {"killable-waits", lack_killable_waits},
             {"thread-pidfds", lack_thread_pidfds}};

// What the process does that play_lacking starts: `SELF LACK SCENE PORT`; the result goes out by
// standard output. It is a program of its own since it needs threads, which not every sanitizer
// allows behind a fork.
static int play_with_lack(char **words) {
    bool installed = false;
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
        installed = installed || (strcmp(lacks[i].name, words[1]) == 0 && lacks[i].install());
    }
    struct stage_result *result = calloc(1, sizeof(*result));
    uint16_t port = (uint16_t)strtoul(words[3], NULL, 10);
    if (!installed || result == NULL) {
        return 1;
    }
    play(result, words[2], port, port);
    bool written = write(STDOUT_FILENO, result, sizeof(*result)) == (ssize_t)sizeof(*result);
    free(result);
    return written ? 0 : 1;
}

static void exec_lacking(const char *lack, const char *scene, uint16_t port, int out) {
    char number[8];
    snprintf(number, sizeof(number), "%u", port);
    dup2(out, STDOUT_FILENO);
    execl("/proc/self/exe", "capture_test", lack, scene, number, (char *)NULL);
    _exit(1);
}

static void play_lacking(struct stage_result *out, const char *lack, const char *scene,
                         uint16_t port) {
    int way[2];
    assert_int_equal(pipe(way), 0);
    pid_t child = fork();
    if (child == 0) {
        exec_lacking(lack, scene, port, way[1]);
    }
    close(way[1]);
    size_t len = 0;
    ssize_t part;
    while ((part = read(way[0], (uint8_t *)out + len, sizeof(*out) - len)) > 0) {
        len += (size_t)part;
    }
    close(way[0]);
    waitpid(child, NULL, 0);
    assert_int_equal(len, sizeof(*out));
    assert_int_equal(out->status, 0);
}

static void assert_lacking(const char *lack, const char *scene, uint16_t port, size_t claims,
                           size_t failures) {
    struct stage_result result;
    play_lacking(&result, lack, scene, port);
    assert_int_equal(result.claimed_count, claims);
    assert_int_equal(result.failed_count, failures);
}

static void captures_where_descriptors_cannot_be_borrowed(void **state) {
    (void)state;
    if (!can_capture()) {
        skip();
    }
    uint16_t port = stage_server(AF_INET);
    uint16_t port6 = stage_server(AF_INET6);
    assert_lacking("borrowing", "blocking", port, 1, 0);
    assert_lacking("borrowing", "nonblocking", port, 1, 0);
    assert_lacking("borrowing", "ipv6-any", port6, 1, 0);
    assert_lacking("borrowing", "many", port, 50, 0);
    assert_lacking("borrowing", "connect-again", port, 3, 0);
    assert_lacking("borrowing", "own-table", port, 1, 0);
    assert_lacking("borrowing", "udp", port, 0, 0);
    assert_lacking("borrowing", "refused", stage_refusing_port(), 0, 2);
}

// A signal can end the caller's wait when its socket is connected already, and the call comes
// again.
static void captures_on_older_kernels(void **state) {
    (void)state;
    if (!can_capture()) {
        skip();
    }
    struct stage_result result;
    uint16_t port = stage_server(AF_INET);
    assert_lacking("killable-waits", "nonblocking", port, 1, 0);
    assert_lacking("killable-waits", "connect-again", port, 3, 0);
    play_lacking(&result, "killable-waits", "storm", port); // each connect well, however often
    assert_true(result.claimed_count >= 300);
}

static void captures_on_kernels_without_pidfds_of_threads(void **state) {
    (void)state;
    if (!can_capture()) {
        skip();
    }
    uint16_t port = stage_server(AF_INET);
    assert_lacking("thread-pidfds", "blocking", port, 1, 0);
    assert_lacking("thread-pidfds", "many", port, 50, 0);
    assert_lacking("thread-pidfds", "own-table", port, 1, 0);
}

static void refuses_as_the_server_does(void **state) {
    (void)state;
    static const struct {
        const char *scene;
        size_t failures;
    } cases[] = {
        {"refused", 2}, {"nonblocking-refused", 1}, {"nonblocking-refused-asked-again", 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage_result result;
        uint16_t port = stage_refusing_port();
        play(&result, cases[i].scene, port, port);
        assert_int_equal(result.status, 0);
        assert_int_equal(result.claimed_count, 0);
        assert_int_equal(result.failed_count, cases[i].failures);
        assert_int_equal(result.failed[0], ECONNREFUSED);
    }
}

static void leaves_other_traffic_alone(void **state) {
    (void)state;
    static const char *const names[] = {"udp", "bad-arguments", "no-ring"};
    struct stage_result result;
    uint16_t port = stage_server(AF_INET);
    play(&result, "untouched", port, (uint16_t)(port ^ 1U));
    assert_int_equal(result.status, 0);
    assert_int_equal(result.claimed_count, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        play(&result, names[i], port, port);
        assert_int_equal(result.status, 0);
        assert_int_equal(result.claimed_count + result.failed_count + result.warned_count, 0);
    }
}

static void waits_for_what_the_command_leaves_behind(void **state) {
    (void)state;
    struct stage_result result;
    uint16_t port = stage_server(AF_INET);
    play(&result, "daemon", port, port);
    assert_int_equal(result.status, 7); // the command's own
    assert_int_equal(result.claimed_count, 1);
}

static void ends_as_the_command_does(void **state) {
    (void)state;
    struct stage_result result;
    play(&result, "killed", 1, 1);
    assert_int_equal(result.status, 128 + SIGKILL);
    const struct {
        char *path;
        int status;
    } cases[] = {{(char[]){"/nowhere/at-all"}, 127}, {(char[]){"/etc/passwd"}, 126}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct port_range ports = {25, 25};
        char *command[] = {cases[i].path, NULL};
        struct stage_setting setting = {.command = command,
                                        .ports = {.ranges = &ports, .count = 1},
                                        .inherited = inherited(NULL)};
        stage_play(&result, &setting);
        assert_int_equal(result.status, cases[i].status);
        assert_int_equal(result.warned_count, 1);
        assert_non_null(strstr(result.warned[0], cases[i].path));
    }
}

int main(int argc, char **argv) {
    if (argc == 3) {
        return scene_play(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
    }
    struct capture_inherited given;
    capture_inherited_take(&given);
    inherited(&given);
    if (argc == 4) {
        return play_with_lack(argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captures_blocking_connects),
        cmocka_unit_test(captures_nonblocking_connects),
        cmocka_unit_test(captures_ipv6_sockets),
        cmocka_unit_test(captures_mapped_addresses),
        cmocka_unit_test(captures_after_a_refused_fast_open),
        cmocka_unit_test(captures_fifty_at_once),
        cmocka_unit_test(captures_in_a_storm_of_signals),
        cmocka_unit_test(captures_what_disconnects_and_connects_again),
        cmocka_unit_test(captures_a_thread_with_descriptors_of_its_own),
        cmocka_unit_test(a_crowd_that_waits_holds_up_nobody_else),
        cmocka_unit_test(captures_on_kernels_without_pidfds_of_threads),
        cmocka_unit_test(captures_programs_of_32_bits),
        cmocka_unit_test(captures_where_descriptors_cannot_be_borrowed),
        cmocka_unit_test(captures_on_older_kernels),
        cmocka_unit_test(refuses_as_the_server_does),
        cmocka_unit_test(leaves_other_traffic_alone),
        cmocka_unit_test(waits_for_what_the_command_leaves_behind),
        cmocka_unit_test(ends_as_the_command_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
