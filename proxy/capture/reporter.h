// SPDX-License-Identifier: MIT
// reporter: the way from capture's threads to the handlers (capture.h). Any thread may call it; a
// handler is called on the thread of its caller, never two at a time, and for each kind of warning
// once.
#ifndef SCOPE_CAPTURE_REPORTER_H
#define SCOPE_CAPTURE_REPORTER_H

#include "capture/capture.h"

#include <pthread.h>

enum reporter_warning {
    WARNING_HIDDEN,       // a process cannot be looked into
    WARNING_FOREIGN,      // another network namespace
    WARNING_UNREDIRECTED, // a socket that cannot reach our listener
    WARNING_EXEC_RIGHTS,
    WARNING_COMMAND,
    WARNING_LEFT_BEHIND,
    WARNING_GOES_ON, // the command was asked twice to end
    WARNING_COUNT
};

struct reporter {
    pthread_mutex_t lock;
    struct capture_handlers handlers;
    bool said[WARNING_COUNT];
    pthread_cond_t has_ended;
    bool ended;
    int status; // where it has ended
};

// Copies the handlers.
void reporter_init(struct reporter *reporter, const struct capture_handlers *handlers);
void reporter_cleanup(struct reporter *reporter);

// A sentence for the user; nothing where there was one of this kind.
void reporter_warn(struct reporter *reporter, enum reporter_warning warning, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));
// What `before_dial` says, or 0 where it is NULL.
int reporter_before_dial(struct reporter *reporter, struct capture_connection *connection);
// The server could not be dialled: the command got this errno.
void reporter_failed(struct reporter *reporter, const struct capture_connection *connection,
                     int error);
// A signal was passed on to the command.
void reporter_signalled(struct reporter *reporter, int signal_number);
// The command and all that it started have ended: called once, with the exit status of `run`.
void reporter_ended(struct reporter *reporter, int status);
// Waits for that; returns the status.
int reporter_wait_ended(struct reporter *reporter);

#endif
