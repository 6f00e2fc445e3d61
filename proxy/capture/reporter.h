// SPDX-License-Identifier: MIT
// reporter: the way from capture's threads to the handlers: one at a time, and each kind of warning
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

void reporter_init(struct reporter *reporter, const struct capture_handlers *handlers);
void reporter_cleanup(struct reporter *reporter);

void reporter_warn(struct reporter *reporter, enum reporter_warning warning, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));
int reporter_before_dial(struct reporter *reporter, struct capture_connection *connection);
void reporter_failed(struct reporter *reporter, const struct capture_connection *connection,
                     int error);
void reporter_signalled(struct reporter *reporter, int signal_number);
void reporter_ended(struct reporter *reporter, int status);
// Waits for reporter_ended; returns its status.
int reporter_wait_ended(struct reporter *reporter);

#endif
