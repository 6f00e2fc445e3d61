// SPDX-License-Identifier: MIT
#include "capture/reporter.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void reporter_init(struct reporter *reporter, const struct capture_handlers *handlers) {
    memset(reporter, 0, sizeof(*reporter));
    pthread_mutex_init(&reporter->lock, NULL);
    pthread_cond_init(&reporter->has_ended, NULL);
    reporter->handlers = *handlers;
}

void reporter_cleanup(struct reporter *reporter) {
    pthread_cond_destroy(&reporter->has_ended);
    pthread_mutex_destroy(&reporter->lock);
}

void reporter_warn(struct reporter *reporter, enum reporter_warning warning, const char *format,
                   ...) {
    char sentence[FAILURE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    pthread_mutex_lock(&reporter->lock);
    if (!reporter->said[warning]) {
        reporter->said[warning] = true;
        reporter->handlers.warned(reporter->handlers.context, sentence);
    }
    pthread_mutex_unlock(&reporter->lock);
}

int reporter_before_dial(struct reporter *reporter, struct capture_connection *connection) {
    int error = 0;
    pthread_mutex_lock(&reporter->lock);
    if (reporter->handlers.before_dial != NULL) {
        error = reporter->handlers.before_dial(reporter->handlers.context, connection);
    }
    pthread_mutex_unlock(&reporter->lock);
    return error;
}

void reporter_failed(struct reporter *reporter, const struct capture_connection *connection,
                     int error) {
    pthread_mutex_lock(&reporter->lock);
    reporter->handlers.failed(reporter->handlers.context, connection, error);
    pthread_mutex_unlock(&reporter->lock);
}

void reporter_signalled(struct reporter *reporter, int signal_number) {
    pthread_mutex_lock(&reporter->lock);
    reporter->handlers.signalled(reporter->handlers.context, signal_number);
    pthread_mutex_unlock(&reporter->lock);
}

void reporter_ended(struct reporter *reporter, int status) {
    pthread_mutex_lock(&reporter->lock);
    reporter->ended = true;
    reporter->status = status;
    reporter->handlers.ended(reporter->handlers.context, status);
    pthread_cond_broadcast(&reporter->has_ended);
    pthread_mutex_unlock(&reporter->lock);
}

int reporter_wait_ended(struct reporter *reporter) {
    pthread_mutex_lock(&reporter->lock);
    while (!reporter->ended) {
        pthread_cond_wait(&reporter->has_ended, &reporter->lock);
    }
    int status = reporter->status;
    pthread_mutex_unlock(&reporter->lock);
    return status;
}
