// SPDX-License-Identifier: MIT
#include "observe/sink.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct sink {
    const struct sink_ops *ops;
    void *context;
};

struct sink_set {
    pthread_mutex_t lock; // guards what follows; held for a copy only, never while a sink is called
    struct sink *sinks;
    size_t count;
};

struct sink_sessions {
    size_t count;
    struct sink_part {
        const struct sink_ops *ops;
        void *session;
    } parts[];
};

struct sink_set *sink_set_new(void) {
    struct sink_set *set = mem_new(sizeof(*set));
    pthread_mutex_init(&set->lock, NULL);
    return set;
}

void sink_set_free(struct sink_set *set) {
    if (set == NULL) {
        return;
    }
    pthread_mutex_destroy(&set->lock);
    free(set->sinks);
    free(set);
}

void sink_set_add(struct sink_set *set, const struct sink_ops *ops, void *context) {
    pthread_mutex_lock(&set->lock);
    set->sinks = mem_resize(set->sinks, set->count + 1, sizeof(*set->sinks));
    set->sinks[set->count++] = (struct sink){ops, context};
    pthread_mutex_unlock(&set->lock);
}

void sink_set_remove(struct sink_set *set, void *context) {
    size_t kept = 0;
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->count; i++) {
        if (set->sinks[i].context != context) {
            set->sinks[kept++] = set->sinks[i];
        }
    }
    set->count = kept;
    pthread_mutex_unlock(&set->lock);
}

// The sinks of this moment as parts without their sessions.
static struct sink_sessions *copy_of(struct sink_set *set, void ***out_contexts) {
    pthread_mutex_lock(&set->lock);
    size_t count = set->count;
    struct sink_sessions *sessions =
        mem_new(sizeof(*sessions) + count * sizeof(sessions->parts[0]));
    *out_contexts = mem_new_array(count + 1, sizeof(**out_contexts));
    for (size_t i = 0; i < count; i++) {
        sessions->parts[i].ops = set->sinks[i].ops;
        (*out_contexts)[i] = set->sinks[i].context;
    }
    pthread_mutex_unlock(&set->lock);
    sessions->count = count;
    return sessions;
}

struct sink_sessions *sink_sessions_new(struct sink_set *set) {
    void **contexts = NULL;
    struct sink_sessions *sessions = copy_of(set, &contexts);
    for (size_t i = 0; i < sessions->count; i++) {
        struct sink_part *part = &sessions->parts[i];
        part->session = part->ops->session_new(contexts[i]);
    }
    free((void *)contexts);
    return sessions;
}

void sink_sessions_take(void *context, const struct event *event) {
    struct sink_sessions *sessions = context;
    for (size_t i = 0; i < sessions->count; i++) {
        sessions->parts[i].ops->take(sessions->parts[i].session, event);
    }
}

void sink_sessions_flush(struct sink_sessions *sessions) {
    for (size_t i = 0; i < sessions->count; i++) {
        if (sessions->parts[i].ops->flush != NULL) {
            sessions->parts[i].ops->flush(sessions->parts[i].session);
        }
    }
}

void sink_sessions_secret(struct sink_sessions *sessions, struct slice line) {
    for (size_t i = 0; i < sessions->count; i++) {
        if (sessions->parts[i].ops->secret != NULL) {
            sessions->parts[i].ops->secret(sessions->parts[i].session, line);
        }
    }
}

bool sink_sessions_want_wire(const struct sink_sessions *sessions) {
    for (size_t i = 0; i < sessions->count; i++) {
        const struct sink_part *part = &sessions->parts[i];
        if (part->ops->wants_wire != NULL && part->ops->wants_wire(part->session)) {
            return true;
        }
    }
    return false;
}

bool sink_sessions_are_congested(const struct sink_sessions *sessions) {
    for (size_t i = 0; i < sessions->count; i++) {
        const struct sink_part *part = &sessions->parts[i];
        if (part->ops->is_congested != NULL && part->ops->is_congested(part->session)) {
            return true;
        }
    }
    return false;
}

void sink_sessions_free(struct sink_sessions *sessions) {
    if (sessions == NULL) {
        return;
    }
    for (size_t i = 0; i < sessions->count; i++) {
        if (sessions->parts[i].ops->session_free != NULL) {
            sessions->parts[i].ops->session_free(sessions->parts[i].session);
        }
    }
    free(sessions);
}
