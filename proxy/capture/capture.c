// SPDX-License-Identifier: MIT
#include "capture/capture.h"

#include "base/memory.h"
#include "capture/captured_command.h"
#include "capture/reaper.h"
#include "capture/supervisor.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct capture {
    struct connect_job_shared shared;
    struct completed_connects completed;
    struct reporter reporter;
    struct port_list watched;
    int refuser; // bound and never listening, so that its port refuses
    struct captured_command command;
    struct supervisor *supervisor;
    struct reaper *reaper;
    bool executed;
};

static enum err open_refuser(struct capture *capture, struct failure *failure) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(own);
    capture->refuser = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (capture->refuser < 0 || bind(capture->refuser, (struct sockaddr *)&own, sizeof(own)) != 0 ||
        getsockname(capture->refuser, (struct sockaddr *)&own, &len) != 0) {
        return fail(failure, ERR_SYSTEM, "no loopback socket: %s", strerror(errno));
    }
    capture->shared.refusing_port = ntohs(own.sin_port);
    capture->shared.home = remote_fd_namespace(capture->refuser);
    return OK;
}

static struct capture *capture_new(const struct capture_options *options,
                                   const struct capture_handlers *handlers) {
    struct capture *capture = mem_new(sizeof(*capture));
    capture->refuser = -1;
    port_list_copy(&capture->watched, &options->ports);
    completed_connects_init(&capture->completed);
    reporter_init(&capture->reporter, handlers);
    capture->shared.pending = pending_connects_new();
    capture->shared.completed = &capture->completed;
    capture->shared.names = names_new(options->listener_port);
    capture->shared.reporter = &capture->reporter;
    capture->shared.listener_port = options->listener_port;
    capture->shared.closed = options->closed;
    capture->shared.connect_timeout_ms = options->connect_timeout_ms;
    return capture;
}

static enum err start_threads(struct capture *capture, struct failure *failure) {
    capture->shared.kills_only = capture->command.filter.kills_only;
    capture->supervisor =
        supervisor_start(capture->command.filter.listener, &capture->shared, &capture->watched);
    if (capture->supervisor == NULL) {
        kill(capture->command.pid, SIGKILL);
        close(capture->command.channel);
        return fail(failure, ERR_SYSTEM, "cannot start the supervisor's thread");
    }
    return OK;
}

// Waits until the command runs, or cannot be run, which is a warning: its exit status says so too.
static void await_execution(struct capture *capture, const char *name) {
    int error = command_wait_executed(&capture->command);
    capture->executed = error == 0;
    if (error != 0) {
        bool sought = error == ENOENT && strchr(name, '/') == NULL;
        reporter_warn(&capture->reporter, WARNING_COMMAND, "%s: %s", name,
                      sought ? "command not found" : strerror(error));
    }
}

static enum err start_reaper(struct capture *capture, struct failure *failure,
                             const struct capture_options *options) {
    struct reaper_command command = {
        .pid = capture->command.pid,
        .alone = options->alone != NULL,
        .time_limit_ms = options->alone != NULL ? options->alone->time_limit_ms : 0,
    };
    capture->reaper = reaper_start(&command, &capture->reporter, capture->shared.pending);
    return capture->reaper == NULL ? fail(failure, ERR_SYSTEM, "cannot start the reaper's thread")
                                   : OK;
}

static enum err start(struct capture *capture, struct failure *failure,
                      const struct capture_options *options) {
    const struct capture_handlers *handlers = &capture->reporter.handlers;
    if (!notification_is_supported()) {
        return fail(failure, ERR_SYSTEM,
                    "this kernel cannot capture a command: that needs Linux 5.6 with seccomp "
                    "notification; `smtpscope proxy` works without");
    }
    enum err err = open_refuser(capture, failure);
    if (err != OK) {
        return err;
    }
    if (handlers->opened != NULL) {
        handlers->opened(handlers->context, capture);
    }
    // A process that outlives its parent in the command becomes our child, so that we may still
    // look into it and see its end.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    err = command_start(&capture->command, failure, options);
    if (err == OK) {
        err = start_threads(capture, failure);
    }
    if (err != OK) {
        return err;
    }
    await_execution(capture, options->command[0]);
    return start_reaper(capture, failure, options);
}

enum err capture_start(struct capture **out, struct failure *failure,
                       const struct capture_options *options,
                       const struct capture_handlers *handlers) {
    struct capture *capture = capture_new(options, handlers);
    enum err err = start(capture, failure, options);
    if (err != OK) {
        capture_free(capture);
        return err;
    }
    *out = capture;
    return OK;
}

bool capture_claim(struct capture *capture, int accepted_fd, struct capture_connection *out) {
    struct pending_key key;
    return pending_key_of_accepted(&key, accepted_fd) &&
           pending_connects_take(capture->shared.pending, &key, out);
}

void capture_release(struct capture *capture) {
    if (!capture->shared.closed) { // else the listener is gone, and each connect is refused there
        supervisor_release(capture->supervisor);
    }
}

int capture_wait(struct capture *capture) {
    return reporter_wait_ended(&capture->reporter);
}

bool capture_timed_out(const struct capture *capture) {
    return capture->reaper != NULL && reaper_timed_out(capture->reaper);
}

uint64_t capture_memory(const struct capture *capture) {
    return capture->reaper != NULL ? reaper_memory(capture->reaper) : 0;
}

bool capture_was_executed(const struct capture *capture) {
    return capture->executed;
}

struct elsewhere capture_elsewhere(const struct capture *capture) {
    return supervisor_elsewhere(capture->supervisor);
}

void capture_free(struct capture *capture) {
    if (capture == NULL) {
        return;
    }
    atomic_store(&capture->shared.stopping, true);
    reaper_stop(capture->reaper);
    supervisor_stop(capture->supervisor);
    pending_connects_free(capture->shared.pending);
    names_free(capture->shared.names);
    if (capture->refuser >= 0) {
        close(capture->refuser);
    }
    reporter_cleanup(&capture->reporter);
    completed_connects_cleanup(&capture->completed);
    port_list_cleanup(&capture->watched);
    free(capture);
}
