// SPDX-License-Identifier: MIT
#include "observe/tally.h"

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void count_message(struct tally *tally, const struct event_message *message) {
    if (message->accepted) {
        count(&tally->accepted);
    } else if (message->code == 0) {
        count(&tally->unanswered);
    } else {
        count(&tally->refused);
    }
}

static void count_finding(struct tally *tally, enum severity severity) {
    switch (severity) {
    case SEVERITY_ERROR:
        count(&tally->errors);
        break;
    case SEVERITY_WARNING:
        count(&tally->warnings);
        break;
    case SEVERITY_INFO:
        break;
    }
}

static void take(void *context, const struct event *event) {
    struct tally *tally = context;
    switch ((unsigned)event->kind) {
    case EVENT_MESSAGE:
        count_message(tally, &event->message);
        break;
    case EVENT_FINDING:
        count_finding(tally, event->finding.severity);
        break;
    case EVENT_CLOSE:
        count(&tally->sessions);
        break;
    default:
        break;
    }
}

// No session has anything of its own.
static void *session_new(void *context) {
    return context;
}

static void session_free(void *context) {
    (void)context;
}

const struct sink_ops tally_sink = {
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
};

// ── the sentence ────────────────────────────────────────────────────────────────────────────────

static void put_counted(struct buf *out, const _Atomic uint64_t *counter, const char *one,
                        const char *many) {
    uint64_t number = atomic_load(counter);
    buf_putf(out, "%llu %s", (unsigned long long)number, number == 1 ? one : many);
}

void tally_put(struct buf *out, const struct tally *tally) {
    put_counted(out, &tally->sessions, "session, ", "sessions, ");
    put_counted(out, &tally->accepted, "message accepted, ", "messages accepted, ");
    put_counted(out, &tally->refused, "refused, ", "refused, ");
    if (atomic_load(&tally->unanswered) > 0) {
        put_counted(out, &tally->unanswered, "cut off or not answered, ",
                    "cut off or not answered, ");
    }
    put_counted(out, &tally->errors, "error, ", "errors, ");
    put_counted(out, &tally->warnings, "warning", "warnings");
}
