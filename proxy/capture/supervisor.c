// SPDX-License-Identifier: MIT
#include "capture/supervisor.h"

#include "base/limits.h"
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
    CONNECT_JOB_STACK = 256 * 1024,
};

struct supervisor {
    int listener;
    int stop_event;
    const struct connect_job_shared *shared;
    const struct port_list *watched;
    atomic_bool released;
    pthread_t thread;
    pthread_mutex_t lock; // of all below
    pthread_cond_t jobs_ended;
    struct elsewhere elsewhere;
    size_t jobs;                             // under way, a thread each
    struct connect_job_start *first, **last; // the queue
};

// ── jobs ─────────────────────────────────────────────────────────────────────────────────────

struct connect_job_start {
    struct connect_job_start *next;
    struct supervisor *supervisor;
    struct connect_job_order order;
};

// The next of the queue for the thread that has ended one; NULL where there is none, and the thread
// is no more.
static struct connect_job_start *next_errand(struct supervisor *supervisor) {
    pthread_mutex_lock(&supervisor->lock);
    struct connect_job_start *start = supervisor->first;
    if (start == NULL) {
        supervisor->jobs--;
        pthread_cond_broadcast(&supervisor->jobs_ended);
    } else {
        supervisor->first = start->next;
        supervisor->last = start->next == NULL ? &supervisor->first : supervisor->last;
        start->order.hurried = supervisor->jobs > LIMIT_PATIENT_JOBS;
    }
    pthread_mutex_unlock(&supervisor->lock);
    return start;
}

static void *connect_job_thread(void *argument) {
    struct connect_job_start *start = argument;
    struct supervisor *supervisor = start->supervisor;
    while (start != NULL) {
        connect_job_run(supervisor->shared, &start->order);
        free(start);
        start = next_errand(supervisor);
    }
    return NULL;
}

static void wait_for_jobs(struct supervisor *supervisor) {
    pthread_mutex_lock(&supervisor->lock);
    while (supervisor->jobs > 0) {
        pthread_cond_wait(&supervisor->jobs_ended, &supervisor->lock);
    }
    pthread_mutex_unlock(&supervisor->lock);
}

static bool start_thread(struct connect_job_start *start) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, CONNECT_JOB_STACK);
    pthread_t thread;
    bool started = pthread_create(&thread, &attributes, connect_job_thread, start) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

// Counts a thread for the job, or queues it and returns false: `at_most` are under way.
static bool count_or_queue(struct supervisor *supervisor, struct connect_job_start *start,
                           size_t at_most) {
    pthread_mutex_lock(&supervisor->lock);
    bool counted = supervisor->jobs < at_most;
    if (counted) {
        supervisor->jobs++;
        start->order.hurried = supervisor->jobs > LIMIT_PATIENT_JOBS;
    } else {
        *supervisor->last = start;
        supervisor->last = &start->next;
    }
    pthread_mutex_unlock(&supervisor->lock);
    return counted;
}

static void uncount(struct supervisor *supervisor) {
    pthread_mutex_lock(&supervisor->lock);
    supervisor->jobs--;
    pthread_mutex_unlock(&supervisor->lock);
}

static void connect_job_start(struct supervisor *supervisor,
                              const struct notification *notification,
                              const struct connect_request *request) {
    struct connect_job_start *start = mem_new(sizeof(*start));
    start->supervisor = supervisor;
    start->order = (struct connect_job_order){.notification = *notification, .request = *request};
    if (!count_or_queue(supervisor, start, LIMIT_ERRANDS) || start_thread(start)) {
        return;
    }
    // Out of threads: one that is under way takes it; without any it is run here, which is slower.
    uncount(supervisor);
    if (count_or_queue(supervisor, start, 1)) {
        connect_job_thread(start);
    }
}

// ── notifications ───────────────────────────────────────────────────────────────────────────────

static void note_elsewhere(struct supervisor *supervisor, uint16_t port) {
    pthread_mutex_lock(&supervisor->lock);
    elsewhere_add(&supervisor->elsewhere, port);
    pthread_mutex_unlock(&supervisor->lock);
}

static void take_connect(struct supervisor *supervisor, const struct notification *notification) {
    struct connect_request request;
    switch (connect_request_read(&request, notification, supervisor->watched)) {
    case CONNECT_REQUEST_CONNECT:
        connect_job_start(supervisor, notification, &request);
        return;
    case CONNECT_REQUEST_FASTOPEN:
        // A program that opens fast has to be ready for a kernel that does not, and connects then.
        notification_answer(notification, EOPNOTSUPP);
        return;
    case CONNECT_REQUEST_HIDDEN:
        reporter_warn(supervisor->shared->reporter, WARNING_HIDDEN,
                      "the connections of process %u %s: it runs as another user, or hides its "
                      "memory; start `run` as root (with CAP_SYS_PTRACE)",
                      notification->tid,
                      supervisor->shared->closed ? "are refused" : "pass uncaptured");
        if (supervisor->shared->closed) {
            notification_answer(notification, ECONNREFUSED);
        } else {
            notification_let_pass(notification);
        }
        return;
    case CONNECT_REQUEST_OTHER:
        note_elsewhere(supervisor, request.port);
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
// POLLHUP alone says that no process is left under the filter.
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

struct supervisor *supervisor_start(int listener, const struct connect_job_shared *shared,
                                    const struct port_list *watched) {
    struct supervisor *supervisor = mem_new(sizeof(*supervisor));
    supervisor->listener = listener;
    supervisor->stop_event = eventfd(0, EFD_CLOEXEC);
    supervisor->shared = shared;
    supervisor->watched = watched;
    pthread_mutex_init(&supervisor->lock, NULL);
    pthread_cond_init(&supervisor->jobs_ended, NULL);
    supervisor->last = &supervisor->first;
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

struct elsewhere supervisor_elsewhere(struct supervisor *supervisor) {
    pthread_mutex_lock(&supervisor->lock);
    struct elsewhere elsewhere = supervisor->elsewhere;
    pthread_mutex_unlock(&supervisor->lock);
    return elsewhere;
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
    wait_for_jobs(supervisor);
    close(supervisor->listener);
    close(supervisor->stop_event);
    pthread_cond_destroy(&supervisor->jobs_ended);
    pthread_mutex_destroy(&supervisor->lock);
    free(supervisor);
}
