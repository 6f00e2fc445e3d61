// SPDX-License-Identifier: MIT
#include "net/worker.h"

#include "base/limits.h"
#include "base/memory.h"
#include "net/conn.h"
#include "net/identify.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

// For name look-ups, files of the outputs, and what a library opens at its first use.
enum { SPARE_DESCRIPTORS = 16 };

static void on_wake(uv_async_t *async);

static void do_not_sleep(uv_idle_t *waiters) {
    (void)waiters;
}

static void begin_turn(uv_prepare_t *turns) {
    struct worker *worker = turns->data;
    share_begin_turn(&worker->turn);
    for (struct share *share = NULL; (share = share_go_on(&worker->turn)) != NULL;) {
        conn_go_on(share);
    }
    if (share_turn_has_waiting(&worker->turn)) {
        uv_idle_start(&worker->waiters, do_not_sleep);
    } else {
        uv_idle_stop(&worker->waiters);
    }
}

static void end_turn(uv_check_t *turn_ends) {
    struct worker *worker = turn_ends->data;
    turn_outputs_send(&worker->outputs);
    identify_look(worker);
}

int worker_init(struct worker *worker, struct service *service) {
    int error = uv_loop_init(&worker->loop);
    if (error != 0) {
        return error;
    }
    worker->service = service;
    worker->jobs_end = &worker->jobs;
    worker->identifying_end = &worker->identifying;
    turn_outputs_init(&worker->outputs);
    share_turn_init(&worker->turn);
    uv_mutex_init(&worker->mutex);
    uv_async_init(&worker->loop, &worker->wake, on_wake);
    uv_timer_init(&worker->loop, &worker->retry);
    uv_timer_init(&worker->loop, &worker->grace);
    spare_memory_init(&worker->spare, &worker->loop, &service->spare_memory);
    uv_unref((uv_handle_t *)&worker->spare);
    uv_prepare_init(&worker->loop, &worker->turns);
    uv_prepare_start(&worker->turns, begin_turn);
    uv_unref((uv_handle_t *)&worker->turns);
    uv_idle_init(&worker->loop, &worker->waiters);
    uv_unref((uv_handle_t *)&worker->waiters);
    uv_check_init(&worker->loop, &worker->turn_ends);
    uv_check_start(&worker->turn_ends, end_turn);
    uv_unref((uv_handle_t *)&worker->turn_ends);
    worker->turns.data = worker;
    worker->turn_ends.data = worker;
    worker->wake.data = worker;
    worker->retry.data = worker;
    worker->grace.data = worker;
    worker->read_buffer = mem_new(LIMIT_READ);
    recent_places_init(&worker->recent_places, service->options->outside);
    buf_init(&worker->scratch, 4 * LIMIT_READ);
    return 0;
}

int worker_add_listener(struct worker *worker, const struct listen_spec *spec, int fd) {
    size_t count = worker->listener_count + 1;
    worker->listeners = mem_resize(worker->listeners, count, sizeof(struct listener *));
    int error = listener_new(&worker->listeners[worker->listener_count], worker, spec, fd);
    worker->listener_count = error == 0 ? count : worker->listener_count;
    return error;
}

// Signals are for the main thread, so that each is handled once.
int worker_start(struct worker *worker, void (*body)(void *worker)) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = uv_thread_create(&worker->thread, body, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

void worker_join(struct worker *worker) {
    uv_thread_join(&worker->thread);
}

void worker_cleanup(struct worker *worker) {
    uv_run(&worker->loop, UV_RUN_DEFAULT); // The last close callbacks.
    uv_loop_close(&worker->loop);
    uv_mutex_destroy(&worker->mutex);
    free(worker->listeners);
    mem_wipe(worker->read_buffer, LIMIT_READ); // what clients said last
    free(worker->read_buffer);
    identify_cleanup(worker);
    recent_places_cleanup(&worker->recent_places);
    buf_wipe(&worker->scratch);
}

// ── jobs from other threads ─────────────────────────────────────────────────────────────────────

bool worker_post(struct worker *worker, void (*run)(struct worker *worker, void *argument),
                 void *argument) {
    struct job *job = mem_new(sizeof(*job));
    *job = (struct job){.run = run, .argument = argument};
    uv_mutex_lock(&worker->mutex);
    bool alive = !worker->finished;
    if (alive) {
        *worker->jobs_end = job;
        worker->jobs_end = &job->next;
        uv_async_send(&worker->wake);
    }
    uv_mutex_unlock(&worker->mutex);
    if (!alive) {
        free(job);
    }
    return alive;
}

static void run_jobs(struct worker *worker) {
    uv_mutex_lock(&worker->mutex);
    struct job *jobs = worker->jobs;
    worker->jobs = NULL;
    worker->jobs_end = &worker->jobs;
    uv_mutex_unlock(&worker->mutex);
    while (jobs != NULL) {
        struct job *job = jobs;
        jobs = job->next;
        job->run(worker, job->argument);
        free(job);
    }
}

static void on_wake(uv_async_t *async) {
    run_jobs(async->data);
}

// ── stopping ────────────────────────────────────────────────────────────────────────────────────

static void finish_if_idle(struct worker *worker) {
    if (!worker->stopping || worker->first != NULL || worker->finished) {
        return;
    }
    uv_mutex_lock(&worker->mutex);
    worker->finished = true;
    uv_mutex_unlock(&worker->mutex);
    run_jobs(worker);
    uv_close((uv_handle_t *)&worker->wake, NULL);
    uv_close((uv_handle_t *)&worker->turns, NULL);
    uv_close((uv_handle_t *)&worker->turn_ends, NULL);
    uv_close((uv_handle_t *)&worker->waiters, NULL);
    uv_close((uv_handle_t *)&worker->retry, NULL);
    uv_close((uv_handle_t *)&worker->grace, NULL);
    uv_close((uv_handle_t *)&worker->spare, NULL);
}

static void grace_is_over(uv_timer_t *timer) {
    struct worker *worker = timer->data;
    struct live *next = NULL;
    for (struct live *live = worker->first; live != NULL; live = next) {
        next = live->next;
        live->ops->stop(live);
    }
}

void worker_stop(struct worker *worker) {
    if (worker->stopping) {
        return;
    }
    worker->stopping = true;
    for (size_t i = 0; i < worker->listener_count; i++) {
        listener_close(worker->listeners[i]);
    }
    worker->listener_count = 0;
    uv_timer_start(&worker->grace, grace_is_over, worker->service->options->grace_ms, 0);
    finish_if_idle(worker);
}

void worker_cut(struct worker *worker) {
    if (!uv_is_closing((uv_handle_t *)&worker->grace)) {
        uv_timer_start(&worker->grace, grace_is_over, 0, 0);
    }
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

// Where two loops take the last room at once one of them has to go back on it.
bool worker_take_room(struct worker *worker, unsigned connections) {
    struct service *service = worker->service;
    atomic_fetch_add(&service->connections, connections);
    if (atomic_fetch_add(&service->live, 1) < service->options->max_sessions) {
        return true;
    }
    worker_give_room(worker, connections);
    return false;
}

void worker_give_room(struct worker *worker, unsigned connections) {
    struct service *service = worker->service;
    atomic_fetch_sub(&service->connections, connections);
    if (atomic_fetch_sub(&service->live, 1) == service->options->max_sessions) {
        service->wake_listeners(service->proxy);
    }
}

bool worker_has_descriptors(struct worker *worker) {
    const struct service *service = worker->service;
    uint64_t wanted =
        service->own_descriptors + SPARE_DESCRIPTORS + atomic_load(&service->connections);
    if (atomic_load(&service->live) <= 1 || wanted <= worker->descriptors_max) {
        return true;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return true;
    }
    worker->descriptors_max = limit.rlim_cur; // RLIM_INFINITY is the largest number.
    return wanted <= worker->descriptors_max;
}

static void add_live(struct worker *worker, struct live *live) {
    live->previous = NULL;
    live->next = worker->first;
    if (live->next != NULL) {
        live->next->previous = live;
    }
    worker->first = live;
}

static void remove_live(struct worker *worker, const struct live *live) {
    if (live->previous != NULL) {
        live->previous->next = live->next;
    } else {
        worker->first = live->next;
    }
    if (live->next != NULL) {
        live->next->previous = live->previous;
    }
}

void worker_session_began(struct worker *worker, struct live *live, unsigned connections) {
    live->connections = connections;
    add_live(worker, live);
}

void worker_session_replaced(struct worker *worker, struct live *arrival, struct live *session) {
    remove_live(worker, arrival);
    worker_session_began(worker, session, arrival->connections);
}

void worker_session_ended(struct worker *worker, struct live *live, bool recorded) {
    struct service *service = worker->service;
    remove_live(worker, live);
    if (recorded) {
        atomic_fetch_add(&service->ended, 1);
        rate_count(&service->session_rate, uv_now(&worker->loop), 1);
    }
    worker_give_room(worker, live->connections);
    spare_memory_expect(&worker->spare);
    service->session_ended(service->proxy);
    finish_if_idle(worker);
}

void worker_put_sessions(const struct worker *worker, struct buf *out) {
    for (const struct live *live = worker->first; live != NULL; live = live->next) {
        if (live->ops->put_line != NULL) {
            live->ops->put_line(live, out);
        }
    }
}
