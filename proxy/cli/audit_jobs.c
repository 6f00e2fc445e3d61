// SPDX-License-Identifier: MIT
#include "cli/audit_jobs.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum err audit_jobs_open(struct audit_jobs *out, struct failure *failure,
                         const struct options *options, const struct capture_inherited *inherited) {
    static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    *out = (struct audit_jobs){.options = options, .inherited = inherited, .input_fd = -1};
    sigset_t taken;
    sigemptyset(&taken);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaddset(&taken, numbers[i]);
    }
    out->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    return out->signals >= 0
               ? OK
               : fail(failure, ERR_SYSTEM, "cannot wait for signals: %s", strerror(errno));
}

void audit_jobs_cleanup(struct audit_jobs *jobs) {
    secret_set_cleanup(&jobs->secrets_known);
    if (jobs->signals >= 0) {
        close(jobs->signals);
    }
    if (jobs->input_fd >= 0) {
        close(jobs->input_fd);
    }
}

// ── one job ─────────────────────────────────────────────────────────────────────────────────────

static int open_input(const struct audit_jobs *jobs) {
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", jobs->input_fd);
    return open(jobs->input_fd < 0 ? "/dev/null" : path, O_RDONLY | O_CLOEXEC);
}

static void refuse(struct audit_job *job, const char *what) {
    buf_init(&job->result.document, 1);
    job->result.err =
        fail(&job->result.failure, ERR_SYSTEM, "cannot %s for a case: %s", what, strerror(errno));
    job->state = JOB_ENDED;
}

static void start_in(struct audit_job *job, const struct audit_jobs *jobs, int input_fd,
                     const int output[static 2]) {
    struct audit_case_setup setup = {
        .options = jobs->options,
        .inherited = jobs->inherited,
        .of = job->of,
        .auth = jobs->auth,
        .auth_in_clear = jobs->auth_in_clear,
        .client_start = jobs->client_start,
        .input_fd = input_fd,
        .output_fd = output[1],
        .result_fd = job->result_fd,
    };
    job->pid = fork();
    if (job->pid == 0) {
        audit_case_run(&setup);
    }
    if (job->pid < 0) {
        refuse(job, "start a process");
        close(job->result_fd);
        close(output[0]);
        return;
    }
    job->output_fd = output[0];
    fcntl(job->output_fd, F_SETFL, O_NONBLOCK);
    job->state = JOB_RUNS;
}

static void start(struct audit_job *job, const struct audit_jobs *jobs) {
    int output[2];
    buf_init(&job->output, LIMIT_AUDIT_OUTPUT);
    int input_fd = open_input(jobs);
    job->result_fd = memfd_create("smtpscope-case", MFD_CLOEXEC);
    if (input_fd < 0 || job->result_fd < 0 || pipe2(output, O_CLOEXEC) != 0) {
        refuse(job, "open a pipe");
    } else {
        start_in(job, jobs, input_fd, output);
        close(output[1]);
    }
    if (input_fd >= 0) {
        close(input_fd);
    }
}

// The end of what comes is kept.
static void read_output(struct audit_job *job) {
    uint8_t bytes[LIMIT_AUDIT_READ];
    ssize_t len;
    while ((len = read(job->output_fd, bytes, sizeof(bytes))) > 0) {
        if (buf_room(&job->output) < (size_t)len) {
            buf_consume(&job->output, buf_len(&job->output) / 2);
            job->output_cut = true;
        }
        buf_put(&job->output, slice_of(bytes, (size_t)len));
    }
}

static void finish(struct audit_job *job, struct audit_jobs *jobs) {
    read_output(job); // what another process may yet write is not waited for
    close(job->output_fd);
    audit_case_read(&job->result, &jobs->secrets_known, job->result_fd);
    close(job->result_fd);
    job->state = JOB_ENDED;
}

void audit_job_cleanup(struct audit_job *job) {
    buf_wipe(&job->output);
    audit_case_result_cleanup(&job->result);
}

// ── all of them ─────────────────────────────────────────────────────────────────────────────────

struct round {
    struct audit_jobs *jobs;
    struct audit_job *list;
    size_t count;
    size_t running;
};

static void start_more(struct round *round) {
    for (size_t i = 0; i < round->count && round->running < round->jobs->options->audit_jobs; i++) {
        if (round->list[i].state == JOB_WAITS && round->jobs->stopped_by == 0) {
            start(&round->list[i], round->jobs);
            round->running += round->list[i].state == JOB_RUNS ? 1 : 0;
        }
    }
}

static struct audit_job *find_running(const struct round *round, pid_t pid) {
    for (size_t i = 0; i < round->count; i++) {
        if (round->list[i].state == JOB_RUNS && round->list[i].pid == pid) {
            return &round->list[i];
        }
    }
    return NULL;
}

static void reap(struct round *round) {
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        struct audit_job *job = find_running(round, pid);
        if (job != NULL) {
            finish(job, round->jobs);
            round->running--;
        }
    }
}

// A case ends its command on SIGTERM; the second signal waits for nothing.
static void stop(struct round *round, int number) {
    int passed = round->jobs->stopped_by == 0 ? SIGTERM : SIGKILL;
    round->jobs->stopped_by = number;
    for (size_t i = 0; i < round->count; i++) {
        if (round->list[i].state == JOB_RUNS) {
            kill(round->list[i].pid, passed);
        }
    }
}

static void take_signals(struct round *round) {
    struct signalfd_siginfo info;
    while (read(round->jobs->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap(round);
        } else {
            stop(round, (int)info.ssi_signo);
        }
    }
}

static void wait_for_more(struct round *round) {
    struct pollfd fds[LIMIT_AUDIT_JOBS + 1] = {{.fd = round->jobs->signals, .events = POLLIN}};
    struct audit_job *readers[LIMIT_AUDIT_JOBS + 1];
    nfds_t count = 1;
    for (size_t i = 0; i < round->count; i++) {
        if (round->list[i].state == JOB_RUNS && round->list[i].output_fd >= 0) {
            readers[count] = &round->list[i];
            fds[count++] = (struct pollfd){.fd = round->list[i].output_fd, .events = POLLIN};
        }
    }
    if (poll(fds, count, -1) < 0) {
        return;
    }
    for (nfds_t i = 1; i < count; i++) {
        if (fds[i].revents != 0) {
            read_output(readers[i]);
        }
    }
    take_signals(round);
}

void audit_jobs_run(struct audit_jobs *jobs, struct audit_job *list, size_t count,
                    void (*take)(void *context, struct audit_job *job), void *context) {
    struct round round = {.jobs = jobs, .list = list, .count = count};
    size_t taken = 0;
    start_more(&round);
    while (round.running > 0 || taken < count) {
        if (round.running > 0) {
            wait_for_more(&round);
        }
        if (jobs->stopped_by != 0 && round.running == 0) {
            return;
        }
        while (taken < count && list[taken].state == JOB_ENDED && jobs->stopped_by == 0) {
            take(context, &list[taken++]);
        }
        start_more(&round);
    }
}
