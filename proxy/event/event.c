// SPDX-License-Identifier: MIT
#include "event/event.h"

#include <assert.h>

const char *auth_outcome_name(enum auth_outcome outcome) {
    static const char *const names[] = {
        [AUTH_SUCCEEDED] = "succeeded",   [AUTH_FAILED] = "failed",
        [AUTH_DEFERRED] = "deferred",     [AUTH_CANCELLED] = "cancelled",
        [AUTH_UNFINISHED] = "unfinished",
    };
    return names[outcome];
}

const char *severity_name(enum severity severity) {
    static const char *const names[] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_ERROR] = "error",
    };
    return names[severity];
}

const char *outcome_name(enum outcome outcome) {
    static const char *const names[] = {
        [OUTCOME_COMPLETED] = "completed",
        [OUTCOME_CLIENT_CLOSED] = "client-closed",
        [OUTCOME_SERVER_CLOSED] = "server-closed",
        [OUTCOME_CONNECT_FAILED] = "connect-failed",
        [OUTCOME_TLS_CLIENT_FAILED] = "tls-client-failed",
        [OUTCOME_TLS_SERVER_FAILED] = "tls-server-failed",
        [OUTCOME_TIMEOUT] = "timeout",
        [OUTCOME_PROTOCOL] = "protocol",
        [OUTCOME_PROXY_STOPPED] = "proxy-stopped",
    };
    return names[outcome];
}

const char *event_kind_name(enum event_kind kind) {
    static const char *const names[EVENT_KIND_COUNT] = {
        [EVENT_CONNECT] = "connect", [EVENT_TLS] = "tls",         [EVENT_COMMAND] = "command",
        [EVENT_REPLY] = "reply",     [EVENT_AUTH] = "auth",       [EVENT_DATA] = "data",
        [EVENT_MESSAGE] = "message", [EVENT_FINDING] = "finding", [EVENT_CLOSE] = "close",
        [EVENT_LOST] = "lost",       [EVENT_PAUSED] = "paused",   [EVENT_FAULT] = "fault",
    };
    return names[kind];
}

enum event_kind event_kind_find(struct slice name) {
    for (enum event_kind kind = EVENT_CONNECT; kind < EVENT_KIND_COUNT; kind++) {
        const char *known = event_kind_name(kind);
        if (known != NULL && slice_is(name, known)) {
            return kind;
        }
    }
    return EVENT_KIND_COUNT;
}

int64_t event_unix_ns(const struct event *event) {
    return (event->session == NULL ? 0 : event->session->started_unix_ns) + event->at_ns;
}

void event_send(const struct event_sink *sink, const struct event *event) {
    assert(sink->take != NULL);
    sink->take(sink->context, event);
}
