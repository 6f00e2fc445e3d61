// SPDX-License-Identifier: MIT
#include "capture/connect_job.h"

#include "base/clock.h"
#include "base/limits.h"
#include "capture/dial.h"
#include "capture/fallback.h"
#include "capture/redirect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool connect_job_is_awaited(const struct connect_job *job) {
    return !atomic_load(&job->shared->stopping) && notification_is_alive(&job->notification);
}

static void let_pass(const struct connect_job *job) {
    notification_let_pass(&job->notification);
}

void connect_job_warn_uncaptured(const struct connect_job *job, enum reporter_warning warning,
                                 const char *why) {
    reporter_warn(job->shared->reporter, warning, "a connection of %s (pid %u) %s: %s",
                  job->connection.client.program, job->connection.client.pid,
                  job->shared->closed ? "is refused" : "passes uncaptured", why);
}

void connect_job_pass_or_refuse(const struct connect_job *job) {
    if (job->shared->closed) {
        notification_answer(&job->notification, ECONNREFUSED);
    } else {
        let_pass(job);
    }
}

void connect_job_fail(struct connect_job *job, int error) {
    notification_answer(&job->notification, error);
    job->connection.server_fd = -1;
    reporter_failed(job->shared->reporter, &job->connection, error);
}

// ── redirecting the caller's socket ──────────────────────────────────────────────────────────────

static void pass_unredirected(const struct connect_job *job, int error) {
    if (error != ECONNREFUSED) { // that: the proxy has stopped, by `--sessions` or near the end
        char why[128];
        snprintf(why, sizeof(why), "its socket cannot be led to the proxy (%s)", strerror(error));
        connect_job_warn_uncaptured(job, WARNING_UNREDIRECTED, why);
    }
    connect_job_pass_or_refuse(job);
}

static void answer_unconnected(struct connect_job *job, int error) {
    if (redirect_is_own_error(error)) {
        pass_unredirected(job, error);
    } else {
        notification_answer(&job->notification, error);
    }
}

// Answers for a socket that an earlier job has connected. Where the answer surely arrives it is
// the last one that this connect needs.
static void answer_settled(const struct connect_job *job) {
    if (notification_answer(&job->notification, 0) && job->shared->kills_only) {
        completed_connects_take(job->shared->completed, job->socket.cookie);
    }
}

// Connects the caller's socket to our listener with a record after it. `interruption` is what to
// answer instead of success: 0, or what a wait that was cut short gives.
//
// Before kernel 5.19 any signal ends the caller's wait, even when our answer is on its way already;
// then the call comes again, perhaps while this job is still at work.
static void connect_redirected(struct connect_job *job, int server_fd, int interruption) {
    const struct connect_job_shared *shared = job->shared;
    if (!shared->kills_only || interruption != 0) {
        completed_connects_add(shared->completed, job->socket.cookie);
    }
    job->connection.server_fd = server_fd;
    names_add(shared->names, &job->socket, &job->request.address, server_fd);
    int error = redirect(shared->pending, shared->listener_port, &job->socket, &job->connection);
    if (error == 0) {
        notification_answer(&job->notification, interruption);
    } else if (error == EISCONN && !shared->kills_only && !remote_fd_is_fresh(&job->socket)) {
        answer_settled(job);
    } else {
        completed_connects_take(shared->completed, job->socket.cookie);
        answer_unconnected(job, error);
    }
}

// A non-blocking connect that is refused is "in progress" first and refused later. So the socket
// is sent where it will be refused for certain.
static void refuse_later(struct connect_job *job) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(job->shared->refusing_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int error = remote_fd_connect(&job->socket, &to);
    notification_answer(&job->notification, error);
    job->connection.server_fd = -1;
    reporter_failed(job->shared->reporter, &job->connection, ECONNREFUSED);
}

// ── the dial and what comes of it ───────────────────────────────────────────────────────────────

static bool waits_still(void *context) {
    const struct connect_job *job = context;
    if (!connect_job_is_awaited(job)) {
        return false;
    }
    return job->socket.nonblocking || !process_is_signalled(job->notification.tid);
}

static struct dial_patience patience_of(struct connect_job *job) {
    struct dial_patience patience = {.go_on = waits_still, .context = job};
    patience.wait_ms = job->shared->connect_timeout_ms;
    int64_t own_ms = job->socket.send_timeout_ms;
    if (job->socket.nonblocking || job->hurried) {
        patience.wait_ms = CONNECT_JOB_NONBLOCKING_WAIT_MS;
    } else if (own_ms > 0 && own_ms < patience.wait_ms) {
        patience.wait_ms = own_ms;
    }
    return patience;
}

// The dial is not done, and the caller does not wait for it any longer, or should not.
static void go_on_without_server(struct connect_job *job, bool timed_out) {
    const struct remote_fd *socket = &job->socket;
    if (!connect_job_is_awaited(job)) {
        // Killed while it waited. (Before kernel 5.19 it may only have been interrupted.)
        if (job->shared->kills_only && !atomic_load(&job->shared->stopping)) {
            connect_job_fail(job, ECANCELED);
        }
        return;
    }
    if (socket->nonblocking || (timed_out && job->hurried)) {
        connect_redirected(job, -1, 0);
    } else if (!timed_out) {
        connect_redirected(job, -1, NOTIFICATION_RESTART);
    } else if (socket->send_timeout_ms > 0 &&
               socket->send_timeout_ms < job->shared->connect_timeout_ms) {
        connect_redirected(job, -1, EINPROGRESS);
    } else {
        connect_job_fail(job, ETIMEDOUT);
    }
}

static void capture(struct connect_job *job) {
    if (job->shared->closed) {
        connect_redirected(job, -1, 0);
        return;
    }
    struct dial_patience patience = patience_of(job);
    struct dial result;
    int64_t deadline_ns = clock_monotonic_ns() + patience.wait_ms * NS_PER_MS;
    switch (dial(&result, &job->request.address, job->socket.fd, &patience)) {
    case DIAL_CONNECTED:
        if (connect_job_is_awaited(job)) {
            connect_redirected(job, result.fd, 0);
        } else {
            close(result.fd);
        }
        return;
    case DIAL_FAILED:
        if (job->socket.nonblocking && !result.failed_at_once && result.error == ECONNREFUSED) {
            refuse_later(job);
        } else {
            connect_job_fail(job, result.error);
        }
        return;
    case DIAL_PENDING:
        go_on_without_server(job, clock_monotonic_ns() >= deadline_ns);
        return;
    }
}

// True where the socket is as a new one; else the call was answered.
static bool decide(struct connect_job *job) {
    int error = remote_fd_decide(&job->socket, job->shared->home);
    if (error == EISCONN && completed_connects_has(job->shared->completed, job->socket.cookie)) {
        answer_settled(job);
    } else if (error == EINVAL) { // a security module came first
        connect_job_pass_or_refuse(job);
    } else if (error != 0) {
        notification_answer(&job->notification, error);
    }
    return error == 0;
}

static void run_borrowed(struct connect_job *job) {
    if (!connect_job_is_awaited(job)) {
        return; // what was read and borrowed may be another process's
    }
    if (job->socket.state == REMOTE_FD_UNSURE && !decide(job)) {
        return;
    }
    switch (job->socket.state) {
    case REMOTE_FD_FRESH:
        pending_connects_dial_begun(job->shared->pending);
        capture(job);
        pending_connects_dial_ended(job->shared->pending);
        return;
    case REMOTE_FD_USED:
        if (completed_connects_has(job->shared->completed, job->socket.cookie)) {
            answer_settled(job);
        } else {
            let_pass(job);
        }
        return;
    case REMOTE_FD_FOREIGN:
        connect_job_warn_uncaptured(job, WARNING_FOREIGN,
                                    "it is in another network namespace, start the proxy there");
        connect_job_pass_or_refuse(job);
        return;
    case REMOTE_FD_UNRELATED:
    case REMOTE_FD_UNSURE:
        let_pass(job);
        return;
    }
}

void connect_job_run(const struct connect_job_shared *shared,
                     const struct connect_job_order *order) {
    struct connect_job job = {.shared = shared,
                              .notification = order->notification,
                              .request = order->request,
                              .socket.fd = -1,
                              .hurried = order->hurried};
    job.connection.server_fd = -1;
    job.connection.server = order->request.address;
    job.connection.asked_monotonic_ns = clock_monotonic_ns();
    uint32_t tid = order->notification.tid;
    uint32_t pid = process_of_thread(tid);
    if (pid == 0) {
        let_pass(&job);
        return;
    }
    process_identify(&job.connection.client, pid);
    int error = remote_fd_take(&job.socket, tid, &order->request, shared->home);
    if (error == EPERM || error == ENOSYS) {
        fallback_run(&job);
    } else if (error == EMFILE || error == ENFILE) {
        pass_unredirected(&job, error);
    } else if (error != 0) {
        let_pass(&job);
    } else {
        run_borrowed(&job);
    }
    remote_fd_return(&job.socket);
}
