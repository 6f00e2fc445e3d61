// SPDX-License-Identifier: MIT
#include "capture/keeper.h"

#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const int taken_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};

enum { CLAIM_WAIT_MS = 2000 };

struct keeper {
    struct reporter *reporter;
    struct records *records;
    pid_t command;
    int signals; // a signalfd
    int stop_event;
    pthread_t thread;
    bool command_ended;
    bool all_ended; // said once
    int status;
};

void keeper_signals(sigset_t *out) {
    sigemptyset(out);
    for (size_t i = 0; i < sizeof(taken_signals) / sizeof(taken_signals[0]); i++) {
        sigaddset(out, taken_signals[i]);
    }
}

// The exit status of `run` for what waitpid(2) said.
static int keeper_exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static void say_ended(struct keeper *keeper) {
    if (!keeper->all_ended) {
        keeper->all_ended = true;
        records_wait_taken(keeper->records, CLAIM_WAIT_MS);
        reporter_ended(keeper->reporter, keeper->status);
    }
}

static void reap(struct keeper *keeper) {
    int wait_status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        if (pid == keeper->command) {
            keeper->command_ended = true;
            keeper->status = keeper_exit_status(wait_status);
        }
    }
    if (pid < 0 && errno == ECHILD) {
        say_ended(keeper);
    } else if (keeper->command_ended) {
        reporter_warn(keeper->reporter, WARNING_LEFT_BEHIND,
                      "the command has ended; processes that it left running are captured until "
                      "they end too (interrupt to leave them)");
    }
}

// A signal from the terminal went to the command as well, which is in the same process group; one
// that a process sent came to us alone.
static void pass_on(struct keeper *keeper, const struct signalfd_siginfo *info) {
    int number = (int)info->ssi_signo;
    if (keeper->command_ended) {
        say_ended(keeper);
        return;
    }
    if (info->ssi_code != SI_KERNEL) {
        kill(keeper->command, number);
    }
    reporter_signalled(keeper->reporter, number);
}

static void take_signal(struct keeper *keeper) {
    struct signalfd_siginfo info;
    if (read(keeper->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (info.ssi_signo == SIGCHLD) {
        reap(keeper);
    } else {
        pass_on(keeper, &info);
    }
}

static void *keep(void *argument) {
    struct keeper *keeper = argument;
    struct pollfd fds[] = {{.fd = keeper->signals, .events = POLLIN},
                           {.fd = keeper->stop_event, .events = POLLIN}};
    reap(keeper); // what ended before this thread was there
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            continue;
        }
        if (fds[1].revents != 0) {
            return NULL;
        }
        take_signal(keeper);
    }
}

static void keeper_free(struct keeper *keeper) {
    if (keeper->signals >= 0) {
        close(keeper->signals);
    }
    if (keeper->stop_event >= 0) {
        close(keeper->stop_event);
    }
    free(keeper);
}

struct keeper *keeper_start(pid_t command, struct reporter *reporter, struct records *records) {
    struct keeper *keeper = mem_new(sizeof(*keeper));
    keeper->records = records;
    keeper->reporter = reporter;
    keeper->command = command;
    sigset_t kept;
    keeper_signals(&kept);
    keeper->signals = signalfd(-1, &kept, SFD_CLOEXEC | SFD_NONBLOCK);
    keeper->stop_event = eventfd(0, EFD_CLOEXEC);
    if (keeper->signals < 0 || keeper->stop_event < 0 ||
        pthread_create(&keeper->thread, NULL, keep, keeper) != 0) {
        keeper_free(keeper);
        return NULL;
    }
    return keeper;
}

void keeper_stop(struct keeper *keeper) {
    if (keeper == NULL) {
        return;
    }
    const uint64_t one = 1;
    while (write(keeper->stop_event, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    pthread_join(keeper->thread, NULL);
    keeper_free(keeper);
}
