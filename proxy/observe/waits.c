// SPDX-License-Identifier: MIT
#include "observe/waits.h"

#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct waits {
    pthread_mutex_t lock; // guards what follows, and the `wait` of every session
    struct session_wait *first;
    size_t count;
};

struct session_wait {
    struct waits *waits;
    struct session_wait *next;
    struct session_wait **link; // what points to this one
    struct wait wait;
    bool greeted;
    int exchange; // of the last command
};

struct waits *waits_new(void) {
    struct waits *waits = mem_new(sizeof(*waits));
    pthread_mutex_init(&waits->lock, NULL);
    return waits;
}

void waits_free(struct waits *waits) {
    if (waits != NULL) {
        pthread_mutex_destroy(&waits->lock);
        free(waits);
    }
}

// ── what is waited for ──────────────────────────────────────────────────────────────────────────

static void set_text(struct session_wait *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_text(struct session_wait *session, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(session->wait.text, sizeof(session->wait.text), format, args);
    va_end(args);
    session->wait.hint = NULL;
}

// A server of implicit TLS waits for a ClientHello, its plain client for a greeting.
static void after_connect(struct session_wait *session, const struct event *event) {
    set_text(session, "the server's greeting");
    if (event->connect.connected && event->session != NULL && event->session->has_server) {
        session->wait.hint = "it may expect TLS first";
    }
}

static void after_tls(struct session_wait *session, enum side side) {
    if (side == SIDE_SERVER) {
        set_text(session, "the client's TLS handshake");
    } else {
        set_text(session, session->greeted ? "the client's next command" : "the server's greeting");
    }
}

static void after_command(struct session_wait *session, const struct event_command *command) {
    session->exchange = command->exchange;
    struct slice verb = verb_info(command->command.verb)->name;
    if (verb.len == 0) {
        set_text(session, "the server's answer");
    } else {
        set_text(session, "the server's answer to %.*s", (int)verb.len, (const char *)verb.data);
    }
}

static void after_reply(struct session_wait *session, const struct event_reply *reply) {
    bool more_due = reply->to >= 0 && reply->to < session->exchange;
    session->greeted = true;
    if (more_due) {
        set_text(session, "the server's next answer");
    } else if (reply->code == 354) {
        set_text(session, "the client's message");
    } else if (reply->code == 334) {
        set_text(session, "the client's answer");
    } else if (reply->verb == VERB_STARTTLS && reply->code == 220) {
        set_text(session, "TLS");
    } else if (reply->verb == VERB_QUIT) {
        set_text(session, "the end of the connection");
    } else {
        set_text(session, "the client's next command");
    }
}

static void advance(struct session_wait *session, const struct event *event) {
    switch ((unsigned)event->kind) {
    case EVENT_CONNECT:
        after_connect(session, event);
        break;
    case EVENT_TLS:
        after_tls(session, event->tls.side);
        break;
    case EVENT_COMMAND:
        after_command(session, &event->command);
        break;
    case EVENT_REPLY:
        after_reply(session, &event->reply);
        break;
    case EVENT_CONTENT:
        set_text(session, "the rest of message %d", event->content.message);
        break;
    case EVENT_CONTENT_END:
        set_text(session, "the server's answer to message %d", event->content_end.message);
        break;
    default:
        break; // it goes on with what it was at
    }
}

// ── as a sink ───────────────────────────────────────────────────────────────────────────────────

static void *session_new(void *context) {
    struct waits *waits = context;
    struct session_wait *session = mem_new(sizeof(*session));
    session->waits = waits;
    session->wait.since_unix_ns = clock_unix_ns();
    set_text(session, "the connection to the server");
    pthread_mutex_lock(&waits->lock);
    session->link = &waits->first;
    session->next = waits->first;
    if (session->next != NULL) {
        session->next->link = &session->next;
    }
    waits->first = session;
    waits->count++;
    pthread_mutex_unlock(&waits->lock);
    return session;
}

static void take(void *context, const struct event *event) {
    struct session_wait *session = context;
    pthread_mutex_lock(&session->waits->lock);
    session->wait.session = event->session == NULL ? 0 : event->session->id;
    bool over = event->kind == EVENT_CLOSE;
    session->wait.since_unix_ns = over ? INT64_MAX : event_unix_ns(event);
    session->wait.said = false;
    advance(session, event);
    pthread_mutex_unlock(&session->waits->lock);
}

static void session_free(void *context) {
    struct session_wait *session = context;
    struct waits *waits = session->waits;
    pthread_mutex_lock(&waits->lock);
    *session->link = session->next;
    if (session->next != NULL) {
        session->next->link = session->link;
    }
    waits->count--;
    pthread_mutex_unlock(&waits->lock);
    free(session);
}

const struct sink_ops waits_sink = {
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
};

// ── the other thread ────────────────────────────────────────────────────────────────────────────

// Under the lock.
static struct session_wait *longest(struct waits *waits, int64_t until_unix_ns, bool unsaid) {
    struct session_wait *found = NULL;
    for (struct session_wait *session = waits->first; session != NULL; session = session->next) {
        bool longer = found == NULL || session->wait.since_unix_ns < found->wait.since_unix_ns;
        if (session->wait.since_unix_ns <= until_unix_ns && longer &&
            !(unsaid && session->wait.said)) {
            found = session;
        }
    }
    return found;
}

bool waits_longest(struct waits *waits, struct wait *out, size_t *out_sessions, int64_t now_unix_ns,
                   int64_t min_ns) {
    pthread_mutex_lock(&waits->lock);
    const struct session_wait *found = longest(waits, now_unix_ns - min_ns, false);
    *out_sessions = waits->count;
    if (found != NULL) {
        *out = found->wait;
    }
    pthread_mutex_unlock(&waits->lock);
    return found != NULL;
}

bool waits_next_to_say(struct waits *waits, struct wait *out, int64_t now_unix_ns, int64_t min_ns) {
    pthread_mutex_lock(&waits->lock);
    struct session_wait *found = longest(waits, now_unix_ns - min_ns, true);
    if (found != NULL) {
        found->wait.said = true;
        *out = found->wait;
    }
    pthread_mutex_unlock(&waits->lock);
    return found != NULL;
}
