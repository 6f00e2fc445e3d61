// SPDX-License-Identifier: MIT
#include "capture/probe.h"

#include "capture/captured_command.h"
#include "capture/mount.h"
#include "capture/probe_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void found(struct probe_result *result, enum probe_state state, const char *what,
                  const char *remedy) {
    result->state = state;
    snprintf(result->what, sizeof(result->what), "%s", what);
    snprintf(result->remedy, sizeof(result->remedy), "%s", remedy);
}

// ── capture ─────────────────────────────────────────────────────────────────────────────────────

// Starts `true` as `run` would. What it went under is in `out_filter`.
static enum err try_command(struct filter_installed *out_filter, struct failure *failure) {
    char name[] = "true";
    char *command_line[] = {name, NULL};
    struct capture_inherited inherited = {0};
    getrlimit(RLIMIT_NOFILE, &inherited.descriptors);
    sigprocmask(SIG_BLOCK, NULL, &inherited.signal_mask);
    struct capture_options options = {.command = command_line, .inherited = &inherited};
    struct captured_command command;
    enum err err = command_start(&command, failure, &options);
    if (err == OK) {
        *out_filter = command.filter;
        close(command.filter.listener); // so that nothing of it waits for an answer
        command_wait_executed(&command);
        waitpid(command.pid, NULL, 0);
    }
    return err;
}

// Whether this process may borrow a descriptor at all; a container's profile may forbid the call.
static bool can_borrow(void) {
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);
    if (pidfd >= 0) {
        close(pidfd);
    }
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static long read_number(const char *path) {
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    return len > 0 ? strtol(text, NULL, 10) : -1;
}

static void probe_capture(struct probe_result *result, struct filter_installed *out_filter) {
    struct failure failure = {.text = ""};
    if (try_command(out_filter, &failure) != OK) {
        found(result, PROBE_FAILS, failure.text, "use `smtpscope proxy`, which needs none of it");
    } else if (geteuid() != 0 && read_number("/proc/sys/kernel/yama/ptrace_scope") >= 2) {
        found(result, PROBE_FAILS, "this machine lets no process look into another (yama)",
              "as root: sysctl -w kernel.yama.ptrace_scope=1; or start `run` as root");
    } else if (!can_borrow()) {
        found(result, PROBE_LIMITED,
              "works, by changing addresses in the command's memory: descriptors cannot be "
              "borrowed here",
              "who starts the container: give it CAP_SYS_PTRACE, and it leaves no trace");
    } else {
        found(result, PROBE_WORKS,
              out_filter->kills_only ? "works"
                                     : "works, by a kernel before 5.19 that interrupts it more",
              "");
    }
}

static void probe_exec_rights(struct probe_result *result, const struct filter_installed *filter) {
    if (filter->no_new_rights) {
        found(result, PROBE_LIMITED,
              "set-user-id programs (sudo, postdrop) run without their rights under `run`",
              "as root: start `run` for commands that need them");
    } else {
        found(result, PROBE_WORKS, "set-user-id programs keep their rights under `run`", "");
    }
}

static void probe_trust_mount(struct probe_result *result) {
    switch (mount_try("/dev/null")) {
    case MOUNT_WORKS:
        found(result, PROBE_WORKS,
              "works: `run` puts the CA into the system's bundle for its command", "");
        return;
    case MOUNT_COSTS_RIGHTS:
        found(result, PROBE_WORKS,
              "works, but costs the command its capabilities, so `run` does it only by "
              "--trust-mount",
              "");
        return;
    case MOUNT_FAILS:
        found(
            result, PROBE_LIMITED,
            "`run` cannot put the CA into the system's bundle, the only one that GnuTLS programs "
            "read",
            "as root: start `run`, or allow user namespaces (sysctl "
            "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)");
        return;
    }
}

// ── redirection ─────────────────────────────────────────────────────────────────────────────────

static bool can_set(int level, int name, int value) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can = fd >= 0 && setsockopt(fd, level, name, &value, sizeof(value)) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return can;
}

static void probe_tproxy(struct probe_result *result) {
    if (can_set(IPPROTO_IP, IP_TRANSPARENT, 1) && can_set(SOL_SOCKET, SO_MARK, 0x534d)) {
        found(result, PROBE_WORKS, "--mode transparent serves REDIRECT and TPROXY", "");
    } else {
        found(result, PROBE_LIMITED,
              "--mode transparent serves only REDIRECT, and cannot mark its own connections",
              "as root: start `proxy`, or setcap cap_net_raw+ep smtpscope");
    }
}

static bool is_program(const char *name) {
    static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin",
                                          "/usr/local/sbin"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        if (access(path, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

// The script that sets the rules: installed beside the program, or in the sources that it was built
// from. False where there is neither.
static bool find_script(char out[static PATH_MAX]) {
    static const char *const places[] = {"smtpscope-redirect", "../../scripts/redirect"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program));
    while (len > 0 && program[len - 1] != '/') {
        len--;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && len > 0; i++) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof(path), "%.*s%s", (int)len, program, places[i]);
        if (realpath(path, out) != NULL && access(out, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

static void probe_firewall(struct probe_result *result) {
    char script[PATH_MAX];
    // SO_RCVBUFFORCE takes CAP_NET_ADMIN, which is what loading rules takes.
    bool may = can_set(SOL_SOCKET, SO_RCVBUFFORCE, 65536);
    if (!find_script(script)) {
        found(result, PROBE_LIMITED, "smtpscope-redirect, which sets firewall rules, is not here",
              "as root: cmake --install build/release, in the sources");
    } else if (!is_program("nft")) {
        found(result, PROBE_LIMITED, "nft is missing: no firewall rules for --mode transparent",
              "as root: apt-get install nftables");
    } else {
        result->state = may ? PROBE_WORKS : PROBE_LIMITED;
        snprintf(result->what, sizeof(result->what), "%.200s %s set firewall rules", script,
                 may ? "can" : "cannot");
        snprintf(result->remedy, sizeof(result->remedy), "%s", may ? "" : "as root: start it");
    }
}

// ── all of them ─────────────────────────────────────────────────────────────────────────────────

size_t probe_all(struct probe_result results[PROBE_COUNT_MAX], const char *ca_file) {
    static const char *const names[] = {"capture", "exec-rights", "trust-mount", "tproxy",
                                        "redirect"};
    enum { CAPTURE, EXEC_RIGHTS, TRUST_MOUNT, TPROXY, REDIRECT, OWN_COUNT };
    memset(results, 0, PROBE_COUNT_MAX * sizeof(*results));
    for (size_t i = 0; i < OWN_COUNT; i++) {
        results[i].name = names[i];
    }
    struct filter_installed filter = {0};
    probe_capture(&results[CAPTURE], &filter);
    probe_exec_rights(&results[EXEC_RIGHTS], &filter);
    probe_trust_mount(&results[TRUST_MOUNT]);
    probe_tproxy(&results[TPROXY]);
    probe_firewall(&results[REDIRECT]);
    return OWN_COUNT + probe_trust(&results[OWN_COUNT], ca_file);
}
