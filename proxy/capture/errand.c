// SPDX-License-Identifier: MIT
#include "capture/errand.h"

#include "base/clock.h"
#include "capture/dial.h"
#include "capture/fallback.h"
#include "capture/steer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool errand_is_awaited(const struct errand *errand) {
    return !atomic_load(&errand->shared->stopping) && notification_is_alive(&errand->notification);
}

static void let_pass(const struct errand *errand) {
    notification_let_pass(&errand->notification);
}

const char *errand_uncaptured(const struct errand *errand) {
    return errand->shared->closed ? "is refused" : "passes uncaptured";
}

void errand_pass_or_refuse(const struct errand *errand) {
    if (errand->shared->closed) {
        notification_answer(&errand->notification, ECONNREFUSED);
    } else {
        let_pass(errand);
    }
}

void errand_fail(struct errand *errand, int error) {
    notification_answer(&errand->notification, error);
    errand->connection.server_fd = -1;
    reporter_failed(errand->shared->reporter, &errand->connection, error);
}

// ── steering the caller's socket ────────────────────────────────────────────────────────────────

static void pass_unsteered(const struct errand *errand, int error) {
    if (error != ECONNREFUSED) { // that: the proxy has stopped, by `--sessions` or near the end
        reporter_warn(errand->shared->reporter, WARNING_UNSTEERED,
                      "a connection of %s (pid %u) %s: its socket cannot be led to the proxy (%s)",
                      errand->connection.client.program, errand->connection.client.pid,
                      errand_uncaptured(errand), strerror(error));
    }
    errand_pass_or_refuse(errand);
}

static void answer_unconnected(struct errand *errand, int error) {
    if (steer_is_own_error(error)) {
        pass_unsteered(errand, error);
    } else {
        notification_answer(&errand->notification, error);
    }
}

// Answers for a socket that an earlier errand has connected. Where the answer surely arrives it is
// the last one that this connect needs.
static void answer_settled(const struct errand *errand) {
    if (notification_answer(&errand->notification, 0) && errand->shared->kills_only) {
        settled_take(errand->shared->settled, errand->socket.cookie);
    }
}

// Connects the caller's socket to our listener with a record behind it. `interruption` is what to
// answer instead of success: 0, or what a wait that was cut short gives.
//
// Before kernel 5.19 any signal ends the caller's wait, even when our answer is on its way already;
// then the call comes again, perhaps while this errand is still at work.
static void connect_steered(struct errand *errand, int server_fd, int interruption) {
    const struct errand_shared *shared = errand->shared;
    if (!shared->kills_only || interruption != 0) {
        settled_add(shared->settled, errand->socket.cookie);
    }
    errand->connection.server_fd = server_fd;
    names_add(shared->names, &errand->socket, &errand->target.address, server_fd);
    int error = steer(shared->records, shared->listener_port, &errand->socket, &errand->connection);
    if (error == 0) {
        notification_answer(&errand->notification, interruption);
    } else if (error == EISCONN && !shared->kills_only && !borrowed_is_fresh(&errand->socket)) {
        answer_settled(errand);
    } else {
        settled_take(shared->settled, errand->socket.cookie);
        answer_unconnected(errand, error);
    }
}

// A non-blocking connect that is refused is "in progress" first and refused later. So the socket
// is sent where it will be refused for certain.
static void refuse_later(struct errand *errand) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(errand->shared->refusing_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int error = borrowed_connect(&errand->socket, &to);
    notification_answer(&errand->notification, error);
    errand->connection.server_fd = -1;
    reporter_failed(errand->shared->reporter, &errand->connection, ECONNREFUSED);
}

// ── the dial and what comes of it ───────────────────────────────────────────────────────────────

static bool waits_still(void *context) {
    const struct errand *errand = context;
    if (!errand_is_awaited(errand)) {
        return false;
    }
    return errand->socket.nonblocking || !process_is_signalled(errand->notification.tid);
}

static struct dial_patience patience_of(struct errand *errand) {
    struct dial_patience patience = {.go_on = waits_still, .context = errand};
    patience.wait_ms = errand->shared->connect_timeout_ms;
    int64_t own_ms = errand->socket.send_timeout_ms;
    if (errand->socket.nonblocking || errand->hurried) {
        patience.wait_ms = ERRAND_NONBLOCKING_WAIT_MS;
    } else if (own_ms > 0 && own_ms < patience.wait_ms) {
        patience.wait_ms = own_ms;
    }
    return patience;
}

// The dial is not done, and the caller does not wait for it any longer, or should not.
static void go_on_without_server(struct errand *errand, bool timed_out) {
    const struct borrowed *socket = &errand->socket;
    if (!errand_is_awaited(errand)) {
        // Killed while it waited. (Before kernel 5.19 it may only have been interrupted.)
        if (errand->shared->kills_only && !atomic_load(&errand->shared->stopping)) {
            errand_fail(errand, ECANCELED);
        }
        return;
    }
    if (socket->nonblocking) {
        connect_steered(errand, -1, 0);
    } else if (!timed_out) {
        connect_steered(errand, -1, NOTIFICATION_RESTART);
    } else if (errand->hurried) {
        connect_steered(errand, -1, 0);
    } else if (socket->send_timeout_ms > 0 &&
               socket->send_timeout_ms < errand->shared->connect_timeout_ms) {
        connect_steered(errand, -1, EINPROGRESS);
    } else {
        errand_fail(errand, ETIMEDOUT);
    }
}

static void capture(struct errand *errand) {
    if (errand->shared->closed) {
        connect_steered(errand, -1, 0);
        return;
    }
    struct dial_patience patience = patience_of(errand);
    struct dial result;
    int64_t deadline_ns = clock_monotonic_ns() + patience.wait_ms * NS_PER_MS;
    switch (dial(&result, &errand->target.address, errand->socket.fd, &patience)) {
    case DIAL_CONNECTED:
        if (errand_is_awaited(errand)) {
            connect_steered(errand, result.fd, 0);
        } else {
            close(result.fd);
        }
        return;
    case DIAL_FAILED:
        if (errand->socket.nonblocking && !result.failed_at_once && result.error == ECONNREFUSED) {
            refuse_later(errand);
        } else {
            errand_fail(errand, result.error);
        }
        return;
    case DIAL_PENDING:
        go_on_without_server(errand, clock_monotonic_ns() >= deadline_ns);
        return;
    }
}

// True where the socket is as a new one; else the call was answered.
static bool decide(struct errand *errand) {
    int error = borrowed_decide(&errand->socket, errand->shared->home);
    if (error == EISCONN && settled_has(errand->shared->settled, errand->socket.cookie)) {
        answer_settled(errand);
    } else if (error == EINVAL) { // a security module came first
        errand_pass_or_refuse(errand);
    } else if (error != 0) {
        notification_answer(&errand->notification, error);
    }
    return error == 0;
}

static void run_borrowed(struct errand *errand) {
    if (!errand_is_awaited(errand)) {
        return; // what was read and borrowed may be another process's
    }
    if (errand->socket.state == BORROWED_UNSURE && !decide(errand)) {
        return;
    }
    switch (errand->socket.state) {
    case BORROWED_FRESH:
        records_dial_begun(errand->shared->records);
        capture(errand);
        records_dial_ended(errand->shared->records);
        return;
    case BORROWED_USED:
        if (settled_has(errand->shared->settled, errand->socket.cookie)) {
            answer_settled(errand);
        } else {
            let_pass(errand);
        }
        return;
    case BORROWED_FOREIGN:
        reporter_warn(errand->shared->reporter, WARNING_FOREIGN,
                      "a connection of %s (pid %u) %s: it is in another network namespace, start "
                      "the proxy there",
                      errand->connection.client.program, errand->connection.client.pid,
                      errand_uncaptured(errand));
        errand_pass_or_refuse(errand);
        return;
    case BORROWED_UNRELATED:
    case BORROWED_UNSURE:
        let_pass(errand);
        return;
    }
}

void errand_run(const struct errand_shared *shared, const struct errand_order *order) {
    struct errand errand = {.shared = shared,
                            .notification = order->notification,
                            .target = order->target,
                            .socket.fd = -1,
                            .hurried = order->hurried};
    errand.connection.server_fd = -1;
    errand.connection.server = order->target.address;
    errand.connection.asked_monotonic_ns = clock_monotonic_ns();
    uint32_t tid = order->notification.tid;
    uint32_t pid = process_of_thread(tid);
    if (pid == 0) {
        let_pass(&errand);
        return;
    }
    process_identify(&errand.connection.client, pid);
    int error = borrowed_take(&errand.socket, tid, &order->target, shared->home);
    if (error == EPERM || error == ENOSYS) {
        fallback_run(&errand);
    } else if (error == EMFILE || error == ENFILE) {
        pass_unsteered(&errand, error);
    } else if (error != 0) {
        let_pass(&errand);
    } else {
        run_borrowed(&errand);
    }
    borrowed_return(&errand.socket);
}
