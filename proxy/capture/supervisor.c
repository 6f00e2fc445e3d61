// SPDX-License-Identifier: MIT
#include "capture/supervisor.h"

#include "base/memory.h"
#include "capture/exec.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ERRANDS_MAX = 1024, // at once; past it the next connect waits
    ERRAND_STACK = 256 * 1024,
};

struct supervisor {
    int listener;
    int stop_event;
    const struct errand_shared *shared;
    const struct target_ports *watched;
    atomic_bool released;
    pthread_t thread;
    pthread_mutex_t lock; // of `errands`
    pthread_cond_t errand_ended;
    size_t errands; // under way
};

// ── errands ─────────────────────────────────────────────────────────────────────────────────────

struct errand_start {
    struct supervisor *supervisor;
    struct notification notification;
    struct target target;
};

static void *errand_thread(void *argument) {
    struct errand_start *start = argument;
    struct supervisor *supervisor = start->supervisor;
    errand_run(supervisor->shared, &start->notification, &start->target);
    free(start);
    pthread_mutex_lock(&supervisor->lock);
    supervisor->errands--;
    pthread_cond_broadcast(&supervisor->errand_ended);
    pthread_mutex_unlock(&supervisor->lock);
    return NULL;
}

static void wait_for_errands(struct supervisor *supervisor, size_t below) {
    pthread_mutex_lock(&supervisor->lock);
    while (supervisor->errands >= below) {
        pthread_cond_wait(&supervisor->errand_ended, &supervisor->lock);
    }
    pthread_mutex_unlock(&supervisor->lock);
}

static void errand_start(struct supervisor *supervisor, const struct notification *notification,
                         const struct target *target) {
    wait_for_errands(supervisor, ERRANDS_MAX);
    struct errand_start *start = mem_new(sizeof(*start));
    *start = (struct errand_start){
        .supervisor = supervisor, .notification = *notification, .target = *target};
    pthread_mutex_lock(&supervisor->lock);
    supervisor->errands++;
    pthread_mutex_unlock(&supervisor->lock);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, ERRAND_STACK);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, errand_thread, start) != 0) {
        errand_thread(start); // out of threads: slower, but right
    }
    pthread_attr_destroy(&attributes);
}

// ── notifications ───────────────────────────────────────────────────────────────────────────────

static void take_connect(struct supervisor *supervisor, const struct notification *notification) {
    struct target target;
    switch (target_read(&target, notification, supervisor->watched)) {
    case TARGET_CONNECT:
        errand_start(supervisor, notification, &target);
        return;
    case TARGET_FASTOPEN:
        // Whoever opens fast has to be ready for a kernel that does not, and connects then.
        notification_answer(notification, EOPNOTSUPP);
        return;
    case TARGET_HIDDEN:
        reporter_warn(supervisor->shared->reporter, WARNING_HIDDEN,
                      "the connections of process %u pass uncaptured: it runs as another user, or "
                      "hides its memory; start `run` as root (with CAP_SYS_PTRACE)",
                      notification->tid);
        notification_let_pass(notification);
        return;
    case TARGET_OTHER:
        notification_let_pass(notification);
        return;
    }
}

static void take_notification(struct supervisor *supervisor) {
    struct notification notification;
    if (notification_receive(&notification, supervisor->listener) != 0) {
        return; // the caller was killed meanwhile
    }
    if (atomic_load(&supervisor->released)) {
        notification_let_pass(&notification);
        return;
    }
    switch (notification.call) {
    case CALL_CONNECT:
    case CALL_SOCKETCALL:
    case CALL_SENDTO:
    case CALL_SENDMSG:
    case CALL_SENDMMSG:
        take_connect(supervisor, &notification);
        return;
    case CALL_EXECVE:
    case CALL_EXECVEAT:
        exec_look(supervisor->shared->reporter, &notification);
        notification_let_pass(&notification);
        return;
    case CALL_OWN_NAME:
    case CALL_PEER_NAME:
        names_answer(supervisor->shared->names, &notification);
        return;
    case CALL_URING_SETUP:
    case CALL_OTHER:
        notification_let_pass(&notification);
        return;
    }
}

// Receiving blocks even on a non-blocking descriptor, so poll(2) has to see a notification first.
// POLLHUP alone says that nobody is left under the filter.
static void *supervise(void *argument) {
    struct supervisor *supervisor = argument;
    struct pollfd fds[] = {{.fd = supervisor->listener, .events = POLLIN},
                           {.fd = supervisor->stop_event, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            continue;
        }
        if (fds[1].revents != 0) {
            return NULL;
        }
        if ((fds[0].revents & POLLIN) != 0) {
            take_notification(supervisor);
        } else if (fds[0].revents != 0) {
            return NULL;
        }
    }
}

struct supervisor *supervisor_start(int listener, const struct errand_shared *shared,
                                    const struct target_ports *watched) {
    struct supervisor *supervisor = mem_new(sizeof(*supervisor));
    supervisor->listener = listener;
    supervisor->stop_event = eventfd(0, EFD_CLOEXEC);
    supervisor->shared = shared;
    supervisor->watched = watched;
    pthread_mutex_init(&supervisor->lock, NULL);
    pthread_cond_init(&supervisor->errand_ended, NULL);
    if (supervisor->stop_event < 0 ||
        pthread_create(&supervisor->thread, NULL, supervise, supervisor) != 0) {
        if (supervisor->stop_event >= 0) {
            close(supervisor->stop_event);
        }
        close(listener);
        free(supervisor);
        return NULL;
    }
    return supervisor;
}

void supervisor_release(struct supervisor *supervisor) {
    atomic_store(&supervisor->released, true);
}

void supervisor_stop(struct supervisor *supervisor) {
    if (supervisor == NULL) {
        return;
    }
    const uint64_t one = 1;
    while (write(supervisor->stop_event, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    pthread_join(supervisor->thread, NULL);
    wait_for_errands(supervisor, 1);
    close(supervisor->listener);
    close(supervisor->stop_event);
    pthread_cond_destroy(&supervisor->errand_ended);
    pthread_mutex_destroy(&supervisor->lock);
    free(supervisor);
}
