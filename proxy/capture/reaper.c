// SPDX-License-Identifier: MIT
#include "capture/reaper.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const int taken_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};

struct reaper {
    struct reporter *reporter;
    struct pending_connects *pending;
    struct reaper_command command;
    int64_t next_step_ns; // when the command is to be ended; INT64_MAX for never
    int steps;            // of ending it that were taken
    unsigned requests;    // signals that ask it to end
    int signals;          // a signalfd
    int stop_event;
    pthread_t thread;
    bool command_ended;
    bool timed_out;  // it had not ended when it was to be ended
    bool all_ended;  // said once
    uint64_t memory; // bytes: the most that one process had
    int status;
};

void reaper_signals(sigset_t *out) {
    sigemptyset(out);
    for (size_t i = 0; i < sizeof(taken_signals) / sizeof(taken_signals[0]); i++) {
        sigaddset(out, taken_signals[i]);
    }
}

// The exit status of `run` for what waitpid(2) said.
static int reaper_exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static void say_ended(struct reaper *reaper) {
    if (!reaper->all_ended) {
        reaper->all_ended = true;
        pending_connects_wait_taken(reaper->pending, CLAIM_WAIT_MS);
        reporter_ended(reaper->reporter, reaper->status);
    }
}

// What a command that is run by itself leaves running may still send the mail, but not for long.
static void end_what_is_left(struct reaper *reaper) {
    int64_t end_ns = clock_monotonic_ns() + LIMIT_LEFT_RUNNING_MS * NS_PER_MS;
    reaper->next_step_ns = end_ns < reaper->next_step_ns ? end_ns : reaper->next_step_ns;
}

// Once the end is said, others read it.
static void note_memory(struct reaper *reaper, const struct rusage *usage) {
    uint64_t memory = (uint64_t)usage->ru_maxrss * KIB;
    if (!reaper->all_ended && memory > reaper->memory) {
        reaper->memory = memory;
    }
}

static void reap(struct reaper *reaper) {
    int wait_status = 0;
    struct rusage usage;
    pid_t pid;
    while ((pid = wait4(-1, &wait_status, WNOHANG, &usage)) > 0) {
        note_memory(reaper, &usage);
        if (pid == reaper->command.pid) {
            reaper->command_ended = true;
            reaper->status = reaper_exit_status(wait_status);
        }
    }
    if (pid < 0 && errno == ECHILD) {
        say_ended(reaper);
    } else if (reaper->steps > 1) {
        process_signal_children(SIGKILL); // some became ours by the end of another
    } else if (reaper->command_ended && reaper->command.alone) {
        end_what_is_left(reaper);
    } else if (reaper->command_ended) {
        reporter_warn(reaper->reporter, WARNING_LEFT_BEHIND,
                      "the command has ended; processes that it left running are captured until "
                      "they end too (interrupt to leave them)");
    }
}

static void signal_command(const struct reaper *reaper, int number) {
    kill(reaper->command.alone ? -reaper->command.pid : reaper->command.pid, number);
}

// SIGTERM, then SIGKILL, to the group and to what has left it and lost its parent; then what is
// still there goes unheeded.
static void end_command(struct reaper *reaper) {
    static const int signals[] = {SIGTERM, SIGKILL};
    reaper->timed_out = reaper->timed_out || !reaper->command_ended;
    if (reaper->steps < 2) {
        signal_command(reaper, signals[reaper->steps]);
        process_signal_children(signals[reaper->steps]);
    } else {
        say_ended(reaper);
    }
    reaper->steps++;
    reaper->next_step_ns =
        reaper->steps > 2 ? INT64_MAX : clock_monotonic_ns() + LIMIT_TERM_MS * NS_PER_MS;
}

// How long poll(2) may wait for the next step.
static int patience_ms(const struct reaper *reaper) {
    if (reaper->next_step_ns == INT64_MAX) {
        return -1;
    }
    int64_t left_ns = reaper->next_step_ns - clock_monotonic_ns();
    return left_ns <= 0 ? 0 : (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
}

// The command may need some time after the first one; a second one means that someone waits.
static void count_request(struct reaper *reaper, int number) {
    bool ends = number == SIGINT || number == SIGTERM || number == SIGQUIT;
    reaper->requests += ends ? 1 : 0;
    if (ends && reaper->requests > 1) {
        reporter_warn(reaper->reporter, WARNING_GOES_ON,
                      "the command (process %d) goes on after %u signals, and the capture with it; "
                      "`kill -KILL %d` ends both",
                      (int)reaper->command.pid, reaper->requests, (int)reaper->command.pid);
    }
}

// A signal from the terminal went to the command as well, which is in the same process group; one
// that a process sent came to us alone.
static void pass_on(struct reaper *reaper, const struct signalfd_siginfo *info) {
    int number = (int)info->ssi_signo;
    if (reaper->command_ended && !reaper->command.alone) {
        say_ended(reaper);
        return;
    }
    if (reaper->command.alone) {
        reaper->next_step_ns = 0;
    } else if (info->ssi_code != SI_KERNEL) {
        signal_command(reaper, number);
    }
    if (!reaper->command.alone) {
        count_request(reaper, number);
    }
    reporter_signalled(reaper->reporter, number);
}

static void take_signal(struct reaper *reaper) {
    struct signalfd_siginfo info;
    if (read(reaper->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (info.ssi_signo == SIGCHLD) {
        reap(reaper);
    } else {
        pass_on(reaper, &info);
    }
}

static void *keep(void *argument) {
    struct reaper *reaper = argument;
    struct pollfd fds[] = {{.fd = reaper->signals, .events = POLLIN},
                           {.fd = reaper->stop_event, .events = POLLIN}};
    reap(reaper); // what ended before this thread was there
    for (;;) {
        int ready = poll(fds, 2, patience_ms(reaper));
        if (ready < 0) {
            continue;
        }
        if (ready == 0) {
            end_command(reaper);
            continue;
        }
        if (fds[1].revents != 0) {
            return NULL;
        }
        take_signal(reaper);
    }
}

static void reaper_free(struct reaper *reaper) {
    if (reaper->signals >= 0) {
        close(reaper->signals);
    }
    if (reaper->stop_event >= 0) {
        close(reaper->stop_event);
    }
    free(reaper);
}

struct reaper *reaper_start(const struct reaper_command *command, struct reporter *reporter,
                            struct pending_connects *pending) {
    struct reaper *reaper = mem_new(sizeof(*reaper));
    reaper->pending = pending;
    reaper->reporter = reporter;
    reaper->command = *command;
    reaper->next_step_ns = command->time_limit_ms == 0
                               ? INT64_MAX
                               : clock_monotonic_ns() + command->time_limit_ms * NS_PER_MS;
    sigset_t kept;
    reaper_signals(&kept);
    reaper->signals = signalfd(-1, &kept, SFD_CLOEXEC | SFD_NONBLOCK);
    reaper->stop_event = eventfd(0, EFD_CLOEXEC);
    if (reaper->signals < 0 || reaper->stop_event < 0 ||
        pthread_create(&reaper->thread, NULL, keep, reaper) != 0) {
        reaper_free(reaper);
        return NULL;
    }
    return reaper;
}

bool reaper_timed_out(const struct reaper *reaper) {
    return reaper->timed_out;
}

uint64_t reaper_memory(const struct reaper *reaper) {
    return reaper->memory;
}

void reaper_stop(struct reaper *reaper) {
    if (reaper == NULL) {
        return;
    }
    const uint64_t one = 1;
    while (write(reaper->stop_event, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    pthread_join(reaper->thread, NULL);
    reaper_free(reaper);
}
