// SPDX-License-Identifier: MIT
// The sessions of a capture for its HTML report: a record each, made as the outputs make theirs.
#include "base/memory.h"
#include "web/html_report.h"

#include <stdlib.h>

struct report_session {
    const struct html_report_target *target;
    struct message_log *messages;
    struct record *record;
};

static void *session_new(void *context) {
    const struct html_report_target *target = context;
    struct report_session *session = mem_new(sizeof(*session));
    session->target = target;
    session->messages = message_log_new(target->body == BODY_NONE ? BODY_NONE : BODY_FULL, NULL);
    session->record = record_new(NULL);
    return session;
}

static void give(struct report_session *session, const struct event *event) {
    message_log_take(session->messages, event);
    record_take_logged(session->record, event, session->messages);
}

static bool is_wanted(const struct report_session *session) {
    const struct html_report_target *target = session->target;
    return session->record->begun &&
           (target->only == NULL || target->only(target->only_context, session->record));
}

static void take(void *context, const struct event *event) {
    struct report_session *session = context;
    if (!session->target->is_paused(session->target->pause_context)) {
        give(session, event);
    } else if (session->record->begun) {
        record_skip(session->record, event);
    }
}

static void session_free(void *context) {
    struct report_session *session = context;
    if (is_wanted(session)) {
        html_report_take(session->target->report, session->record);
    }
    message_log_free(session->messages);
    record_free(session->record);
    free(session);
}

const struct sink_ops html_report_sink = {
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
};
