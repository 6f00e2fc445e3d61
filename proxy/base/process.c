// SPDX-License-Identifier: MIT
#include "base/process.h"

#include "base/limits.h"
#include "base/slice.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SMALL = 64 };

// The file /proc/`pid`/`name` as text; an empty one where it cannot be read.
static struct slice proc_read(char *buffer, size_t capacity, uint32_t pid, const char *name) {
    char path[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return slice_of(buffer, 0);
    }
    ssize_t len = read(fd, buffer, capacity);
    close(fd);
    return slice_of(buffer, len > 0 ? (size_t)len : 0);
}

// The value of a line `Name:\tvalue` of /proc/PID/status.
static struct slice status_value(struct slice status, const char *name) {
    while (status.len > 0) {
        struct slice line = slice_split(&status, '\n');
        struct slice key = slice_split(&line, ':');
        if (slice_is(key, name)) {
            return slice_trim(line);
        }
    }
    return slice_of(NULL, 0);
}

static uint64_t status_mask(struct slice status, const char *name) {
    struct slice value = status_value(status, name);
    uint64_t mask = 0;
    for (size_t i = 0; i < value.len && text_hex_value(value.data[i]) >= 0; i++) {
        mask = mask << 4 | (uint64_t)text_hex_value(value.data[i]);
    }
    return mask;
}

uint32_t process_of_thread(uint32_t tid) {
    char buffer[LIMIT_PROC_STATUS];
    struct slice status = proc_read(buffer, sizeof(buffer), tid, "status");
    uint64_t pid = 0;
    if (!text_parse_u64(&pid, status_value(status, "Tgid"), UINT32_MAX)) {
        return 0;
    }
    return (uint32_t)pid;
}

void process_identify(struct process_identity *out, uint32_t pid) {
    memset(out, 0, sizeof(*out));
    out->pid = pid;
    struct slice name = proc_read(out->program, sizeof(out->program) - 1, pid, "comm");
    out->program[name.len] = '\0';
    size_t end = slice_find_byte(name, '\n');
    if (end != SLICE_NONE) {
        out->program[end] = '\0';
    }
}

// Signals that, left to their default, stop the process or have it dump core.
static uint64_t waiting_signals(void) {
    static const int numbers[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
                                  SIGBUS,  SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS,  SIGSTOP};
    uint64_t mask = 0;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        mask |= UINT64_C(1) << (numbers[i] - 1);
    }
    return mask;
}

// Whatever else is left to its default kills at once, and so ends the wait; but not under a
// debugger, which gets to see it first.
bool process_is_signalled(uint32_t tid) {
    char buffer[LIMIT_PROC_STATUS];
    struct slice status = proc_read(buffer, sizeof(buffer), tid, "status");
    uint64_t pending = status_mask(status, "SigPnd") | status_mask(status, "ShdPnd");
    pending &= ~status_mask(status, "SigBlk") & ~status_mask(status, "SigIgn");
    if (slice_is(status_value(status, "TracerPid"), "0")) {
        pending &= status_mask(status, "SigCgt") | waiting_signals();
    }
    return pending != 0;
}

// The kernel lists a process's children by the thread that made them.
static void signal_children_of(uint32_t tid, int number) {
    char name[PATH_SMALL];
    char buffer[LIMIT_PROC_STATUS];
    (void)snprintf(name, sizeof(name), "task/%" PRIu32 "/children", tid);
    struct slice rest = proc_read(buffer, sizeof(buffer), (uint32_t)getpid(), name);
    while (rest.len > 0) {
        uint64_t pid = 0;
        bool whole = slice_find_byte(rest, ' ') != SLICE_NONE;
        if (text_parse_u64(&pid, slice_split(&rest, ' '), INT32_MAX) && pid > 1 && whole) {
            kill((pid_t)pid, number);
        }
    }
}

void process_signal_children(int number) {
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *thread;
    while (threads != NULL && (thread = readdir(threads)) != NULL) {
        uint64_t tid = 0;
        if (text_parse_u64(&tid, slice_of_string(thread->d_name), INT32_MAX)) {
            signal_children_of((uint32_t)tid, number);
        }
    }
    if (threads != NULL) {
        closedir(threads);
    }
}
