// SPDX-License-Identifier: MIT
#include "capture/connect_job.h"

#include "base/clock.h"
#include "base/limits.h"
#include "capture/connect_policy.h"
#include "capture/fallback.h"
#include "capture/redirect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct connect_job {
    const struct connect_job_shared *shared;
    struct notification notification;
    struct connect_request request;
    struct capture_connection connection;
    struct remote_fd socket;
    bool hurried;
};

// False when the caller was killed, or its wait was ended otherwise, or capture ends.
static bool is_awaited(const struct connect_job *job) {
    return !atomic_load(&job->shared->stopping) && notification_is_alive(&job->notification);
}

static void let_pass(const struct connect_job *job) {
    notification_let_pass(&job->notification);
}

// Says, once for each kind, that this connection is not captured. `why` ends the sentence.
static void warn_uncaptured(const struct connect_job *job, enum reporter_warning warning,
                            const char *why) {
    reporter_warn(job->shared->reporter, warning, "a connection of %s (pid %u) %s: %s",
                  job->connection.client.program, job->connection.client.pid,
                  job->shared->closed ? "is refused" : "passes uncaptured", why);
}

// What cannot be led to the listener passes, or is refused where that is closed.
static void pass_or_refuse(const struct connect_job *job) {
    if (job->shared->closed) {
        notification_answer(&job->notification, ECONNREFUSED);
    } else {
        let_pass(job);
    }
}

// The server cannot be reached: the caller gets `error`, and the session is reported.
static void refuse(struct connect_job *job, int error) {
    notification_answer(&job->notification, error);
    job->connection.server_fd = -1;
    reporter_failed(job->shared->reporter, &job->connection, error);
}

// ── redirecting the caller's socket ──────────────────────────────────────────────────────────────

static void pass_unredirected(const struct connect_job *job, int error) {
    if (error != ECONNREFUSED) { // that: the proxy has stopped, by `--sessions` or near the end
        char why[128];
        snprintf(why, sizeof(why), "its socket cannot be led to the proxy (%s)", strerror(error));
        warn_uncaptured(job, WARNING_UNREDIRECTED, why);
    }
    pass_or_refuse(job);
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
static void lead_socket(struct connect_job *job, int server_fd, int interruption) {
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

// The listener of the proxy is written into the caller's memory, and the caller's own connect goes
// on with it.
static void lead_by_memory(struct connect_job *job, int server_fd) {
    job->connection.server_fd = server_fd;
    if (fallback_redirect(job->shared->pending, job->shared->listener_port, &job->notification,
                          &job->request, &job->connection) == 0) {
        let_pass(job);
    } else {
        warn_uncaptured(job, WARNING_HIDDEN,
                        "neither its descriptors nor its memory may be changed; give the container "
                        "CAP_SYS_PTRACE");
        pass_or_refuse(job);
    }
}

// The socket is sent where it will be refused for certain.
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

static struct connect_terms terms_of(const struct connect_job *job) {
    return (struct connect_terms){.borrowed = job->socket.fd >= 0,
                                  .nonblocking = job->socket.nonblocking,
                                  .hurried = job->hurried,
                                  .send_timeout_ms = job->socket.send_timeout_ms,
                                  .connect_timeout_ms = job->shared->connect_timeout_ms};
}

// A signal that the caller catches ends its wait, as it would have without us.
static bool waits_still(void *context) {
    const struct connect_job *job = context;
    return is_awaited(job) &&
           (job->socket.nonblocking || !process_is_signalled(job->notification.tid));
}

static struct connect_outcome dial_server(struct connect_job *job,
                                          const struct connect_terms *terms, int *out_server_fd) {
    const struct connect_job_shared *shared = job->shared;
    struct dial_patience patience = {
        .wait_ms = connect_policy_wait_ms(terms), .go_on = waits_still, .context = job};
    int64_t deadline_ns = clock_monotonic_ns() + patience.wait_ms * NS_PER_MS;
    struct server_dial dialled;
    struct connect_outcome outcome = {
        .result = dial(&dialled, &job->request.address, job->socket.fd, &patience)};
    outcome.error = dialled.error;
    outcome.failed_at_once = dialled.failed_at_once;
    outcome.timed_out = clock_monotonic_ns() >= deadline_ns;
    outcome.awaited = is_awaited(job);
    // Before kernel 5.19 a wait that ended may only have been interrupted: the call comes again.
    outcome.killed = !outcome.awaited && shared->kills_only && !atomic_load(&shared->stopping);
    *out_server_fd = dialled.fd;
    return outcome;
}

static void lead(struct connect_job *job, int server_fd, int interruption) {
    if (job->socket.fd >= 0) {
        lead_socket(job, server_fd, interruption);
    } else {
        lead_by_memory(job, server_fd);
    }
}

static void act(struct connect_job *job, const struct connect_decision *decision, int server_fd) {
    switch (decision->action) {
    case CONNECT_LEAD:
        lead(job, server_fd, decision->error);
        return;
    case CONNECT_REFUSE_LATER:
        refuse_later(job);
        return;
    case CONNECT_FAIL:
        refuse(job, decision->error);
        return;
    case CONNECT_ABANDON:
        if (server_fd >= 0) {
            close(server_fd);
        }
        return;
    }
}

static void capture(struct connect_job *job) {
    struct connect_terms terms = terms_of(job);
    int server_fd = -1;
    int undialled =
        job->shared->closed ? 0 : reporter_before_dial(job->shared->reporter, &job->connection);
    if (job->shared->closed || undialled == CAPTURE_DIALS_LATER) {
        lead(job, -1, 0);
        return;
    }
    struct connect_outcome outcome = {
        .result = DIAL_FAILED, .error = undialled, .awaited = is_awaited(job)};
    if (undialled == 0) {
        outcome = dial_server(job, &terms, &server_fd);
    }
    struct connect_decision decision = connect_policy_decide(&terms, &outcome);
    act(job, &decision, server_fd);
}

// ── the socket ──────────────────────────────────────────────────────────────────────────────────

// True where the socket is as a new one; else the call was answered.
static bool decide(struct connect_job *job) {
    int error = remote_fd_decide(&job->socket, job->shared->home);
    if (error == EISCONN && completed_connects_has(job->shared->completed, job->socket.cookie)) {
        answer_settled(job);
    } else if (error == EINVAL) { // a security module came first
        pass_or_refuse(job);
    } else if (error != 0) {
        notification_answer(&job->notification, error);
    }
    return error == 0;
}

static void run(struct connect_job *job) {
    if (!is_awaited(job)) {
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
        warn_uncaptured(job, WARNING_FOREIGN,
                        "it is in another network namespace, start the proxy there");
        pass_or_refuse(job);
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
        fallback_look(&job.socket, tid, &order->request);
        run(&job);
    } else if (error == EMFILE || error == ENFILE) {
        pass_unredirected(&job, error);
    } else if (error != 0) {
        let_pass(&job);
    } else {
        run(&job);
    }
    remote_fd_return(&job.socket);
}
