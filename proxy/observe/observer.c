// SPDX-License-Identifier: MIT
#include "observe/observer.h"

#include "base/limits.h"
#include "base/memory.h"
#include "message/message_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct observer {
    const struct event_session *session;
    struct dialogue *dialogue;
    struct message_reader *reader; // NULL before the first message
    struct findings *findings;
    struct mask *mask;
    struct sink_sessions *sinks;
    void (*keylog)(void *context, struct slice line);
    void *keylog_context;
    void (*learnt)(void *context, const struct secret_set *secrets_known);
    void *learnt_context;
    struct observer_counts counts;
};

static void deliver(struct observer *observer, const struct event *event) {
    mask_take(observer->mask, event);
}

static void take_finding(void *context, const struct event *event) {
    struct observer *observer = context;
    observer->counts.findings += event->kind == EVENT_FINDING;
    deliver(observer, event);
}

// An event goes out before what is said about it, and after what is said about those before it.
static void deliver_and_judge(void *context, const struct event *event) {
    struct observer *observer = context;
    findings_settle(observer->findings, event);
    deliver(observer, event);
    findings_observe(observer->findings, event);
}

static void read_message(struct observer *observer, const struct event *event) {
    bool content = event->kind == EVENT_CONTENT || event->kind == EVENT_CONTENT_END;
    if (content && observer->reader == NULL) { // Most of an idle session would be this.
        observer->reader =
            message_reader_new(observer->session, (struct event_sink){deliver_and_judge, observer});
    }
    if (content) {
        message_reader_take(observer->reader, event);
    }
    observer->counts.messages += event->kind == EVENT_MESSAGE;
}

static void take_dialogue(void *context, const struct event *event) {
    struct observer *observer = context;
    read_message(observer, event);
    deliver_and_judge(observer, event);
}

static void look_ahead(void *context, const struct event *event) {
    struct observer *observer = context;
    mask_look_ahead(observer->mask, &event->command);
}

struct observer *observer_new(const struct observer_config *config,
                              const struct event_session *session) {
    struct observer *observer = mem_new(sizeof(*observer));
    observer->session = session;
    observer->keylog = config->keylog;
    observer->keylog_context = config->keylog_context;
    observer->learnt = config->learnt;
    observer->learnt_context = config->learnt_context;
    observer->sinks = sink_sessions_new(config->sinks);
    observer->mask =
        mask_new(config->auth_view, (struct event_sink){sink_sessions_take, observer->sinks});
    observer->findings =
        findings_new(&config->findings, (struct event_sink){take_finding, observer});
    observer->dialogue =
        dialogue_new(&config->dialogue, session, (struct event_sink){take_dialogue, observer});
    dialogue_look_ahead(observer->dialogue, (struct event_sink){look_ahead, observer});
    return observer;
}

void observer_free(struct observer *observer) {
    if (observer == NULL) {
        return;
    }
    dialogue_free(observer->dialogue);
    message_reader_free(observer->reader);
    findings_free(observer->findings);
    mask_free(observer->mask);
    sink_sessions_free(observer->sinks);
    free(observer);
}

struct dialogue *observer_dialogue(struct observer *observer) {
    return observer->dialogue;
}

void observer_feed(struct observer *observer, enum side from, struct slice plaintext,
                   int64_t at_ns) {
    observer->counts.bytes[from] += plaintext.len;
    dialogue_feed(observer->dialogue, from, plaintext, at_ns);
}

void observer_event(struct observer *observer, const struct event *event) {
    deliver_and_judge(observer, event);
}

void observer_note(struct observer *observer, int64_t at_ns, const char *format, ...) {
    char text[FAILURE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct event event = {.kind = EVENT_NOTE, .session = observer->session, .at_ns = at_ns};
    event.note.text = slice_of_string(text);
    deliver_and_judge(observer, &event);
}

void observer_secret(struct observer *observer, struct slice keylog_line) {
    if (observer->keylog != NULL) {
        observer->keylog(observer->keylog_context, keylog_line);
    }
    sink_sessions_secret(observer->sinks, keylog_line);
}

void observer_peer_left(struct observer *observer, enum side side, int64_t at_ns) {
    struct event_progress progress = dialogue_progress(observer->dialogue);
    findings_peer_left(observer->findings, side, &progress, at_ns);
}

void observer_flush(struct observer *observer) {
    sink_sessions_flush(observer->sinks);
}

// The close is the last event of a session, so what the rules say of it comes first.
void observer_close(struct observer *observer, const struct event_close *close, int64_t at_ns) {
    dialogue_close(observer->dialogue, at_ns);
    struct event event = {.kind = EVENT_CLOSE, .session = observer->session, .at_ns = at_ns};
    event.close = *close;
    event.close.progress = dialogue_progress(observer->dialogue);
    event.close.duration_ns = at_ns;
    event.close.bytes_from_client = observer->counts.bytes[SIDE_CLIENT];
    event.close.bytes_from_server = observer->counts.bytes[SIDE_SERVER];
    findings_settle(observer->findings, &event);
    findings_observe(observer->findings, &event);
    event.close.likely = findings_likely(observer->findings);
    deliver(observer, &event);
    if (observer->learnt != NULL) {
        observer->learnt(observer->learnt_context, mask_secrets(observer->mask));
    }
    sink_sessions_flush(observer->sinks);
}

bool observer_wants_wire(const struct observer *observer) {
    return sink_sessions_want_wire(observer->sinks);
}

bool observer_is_congested(const struct observer *observer) {
    return sink_sessions_are_congested(observer->sinks);
}

struct observer_counts observer_counts(const struct observer *observer) {
    return observer->counts;
}
