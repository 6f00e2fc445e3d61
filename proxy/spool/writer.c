// SPDX-License-Identifier: MIT
#include "spool/writer.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TIMER_AT_ONCE 1 // ns; 0 would stop it

struct writer {
    struct output_queue *queues;
    size_t output_queue_count;
    pthread_t thread;
    bool started;
    int timer_fd;         // wakes the thread
    pthread_mutex_t lock; // guards what follows
    struct write_batch *first;
    struct write_batch *last;
    size_t waiting;      // bytes in these
    int64_t wakes_in_ns; // as the timer was set; 0 while the thread runs, INT64_MAX: not set
    bool closing;
    bool reopening;
    char *status_line;        // a new one for the terminals; NULL else. Owned.
    _Atomic int64_t alive_ns; // the thread's last sign of life
};

// ── the sessions' side ──────────────────────────────────────────────────────────────────────────

// Where lines were lost in front of this chunk, `*lost` gets a chunk that reports it.
static bool admit(struct writer *writer, struct write_batch **lost, const struct chunk *chunk,
                  int64_t now_ns) {
    struct backlog *backlog = &writer->queues[chunk->output].files.backlog;
    size_t cost = chunk_cost(chunk);
    // The end of a message that was begun is worth more than its size.
    if (chunk_ends_message(chunk) &&
        atomic_load(&backlog->waiting) < LIMIT_PIECES_FLOOD * backlog->max) {
        backlog_add(backlog, cost);
        return true;
    }
    uint64_t unreported = 0;
    bool admitted = backlog_admit(backlog, &unreported, cost, now_ns);
    if (unreported > 0) {
        struct chunk report = {.kind = CHUNK_LOST, .output = chunk->output, .offset = unreported};
        report.path = mem_string(chunk->path);
        backlog_add(backlog, chunk_cost(&report));
        *lost = *lost == NULL ? write_batch_new() : *lost;
        write_batch_add(*lost, report);
    }
    if (!admitted) {
        backlog_lose(backlog, chunk_lines(chunk));
    }
    return admitted;
}

static void keep_admitted(struct writer *writer, struct write_batch **lost,
                          struct write_batch *batch) {
    int64_t now_ns = clock_monotonic_ns();
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        assert(batch->chunks[i].output < writer->output_queue_count);
        if (admit(writer, lost, &batch->chunks[i], now_ns)) {
            batch->chunks[kept++] = batch->chunks[i];
        } else {
            chunk_cleanup(&batch->chunks[i]);
        }
    }
    batch->count = kept;
}

// Under the lock. The first line that finds the thread asleep sets the time at which it wakes,
// once; all that comes until then is in the same batch.
static void wake_in(struct writer *writer, int64_t ns) {
    if (ns < writer->wakes_in_ns) {
        struct itimerspec when = {.it_value.tv_nsec = ns};
        timerfd_settime(writer->timer_fd, 0, &when, NULL);
        writer->wakes_in_ns = ns;
    }
}

static void enqueue(struct writer *writer, struct write_batch *batch) {
    batch->next = NULL;
    if (writer->last == NULL) {
        writer->first = batch;
    } else {
        writer->last->next = batch;
    }
    writer->last = batch;
    writer->waiting += batch->bytes;
}

void writer_submit(struct writer *writer, struct write_batch *batch) {
    struct write_batch *lost = NULL;
    keep_admitted(writer, &lost, batch);
    if (batch->count == 0) {
        write_batch_free(batch);
        batch = NULL;
    }
    pthread_mutex_lock(&writer->lock);
    if (lost != NULL) {
        enqueue(writer, lost);
    }
    if (batch != NULL) {
        enqueue(writer, batch);
    }
    if (writer->first != NULL) {
        wake_in(writer, writer->waiting < LIMIT_WRITE ? WRITER_GATHER_NS : TIMER_AT_ONCE);
    }
    pthread_mutex_unlock(&writer->lock);
}

void writer_reopen(struct writer *writer) {
    pthread_mutex_lock(&writer->lock);
    writer->reopening = true;
    wake_in(writer, TIMER_AT_ONCE);
    pthread_mutex_unlock(&writer->lock);
}

void writer_set_status_line(struct writer *writer, const char *text) {
    pthread_mutex_lock(&writer->lock);
    free(writer->status_line);
    writer->status_line = mem_string(text);
    wake_in(writer, TIMER_AT_ONCE);
    pthread_mutex_unlock(&writer->lock);
}

// ── the thread ──────────────────────────────────────────────────────────────────────────────────

struct orders {
    bool closing;
    bool reopening;
    char *status_line; // owned; NULL for the old one
};

static struct write_batch *take_batches(struct writer *writer, struct orders *out_orders) {
    pthread_mutex_lock(&writer->lock);
    struct write_batch *batches = writer->first;
    writer->first = NULL;
    writer->last = NULL;
    writer->waiting = 0;
    writer->wakes_in_ns = 0;
    *out_orders = (struct orders){writer->closing, writer->reopening, writer->status_line};
    writer->reopening = false;
    writer->status_line = NULL;
    pthread_mutex_unlock(&writer->lock);
    return batches;
}

static void deal(struct writer *writer, struct write_batch *batch) {
    while (batch != NULL) {
        struct write_batch *next = batch->next;
        for (size_t i = 0; i < batch->count; i++) {
            output_queue_push(&writer->queues[batch->chunks[i].output], batch->chunks[i]);
        }
        batch->count = 0;
        write_batch_free(batch);
        batch = next;
    }
}

// Milliseconds until this queue wants to be run again without news, -1 for never. A descriptor that
// it waits for goes into `polled`.
static int next_turn(const struct output_queue *queue, struct pollfd *polled) {
    *polled = (struct pollfd){.fd = -1};
    if (queue->more) {
        return 0;
    }
    if (queue->retry_ns > 0) {
        return OUTPUT_RETRY_MS;
    }
    const struct file *blocked = queue->files.blocked;
    if (blocked == NULL) {
        return -1;
    }
    if (!file_is_open(blocked)) {
        return FIFO_RETRY_MS;
    }
    *polled = (struct pollfd){.fd = blocked->target.fd, .events = POLLOUT};
    return OUTPUT_RETRY_MS;
}

// Lines that came during the last run wait for others as well.
static bool may_sleep(struct writer *writer, bool closing) {
    pthread_mutex_lock(&writer->lock);
    bool ordered = writer->reopening || writer->status_line != NULL || writer->closing != closing;
    bool may = !ordered && writer->waiting < LIMIT_WRITE;
    writer->wakes_in_ns = may ? INT64_MAX : 0;
    if (may && writer->first != NULL) {
        wake_in(writer, WRITER_GATHER_NS);
    }
    pthread_mutex_unlock(&writer->lock);
    return may;
}

// A timer that was set again meanwhile goes off at once.
static void await_timer(const struct writer *writer) {
    uint64_t count = 0;
    ssize_t len = read(writer->timer_fd, &count, sizeof(count));
    (void)len;
}

static void rest(struct writer *writer, struct pollfd *polled, bool closing) {
    int timeout_ms = closing ? WRITER_STOP_LOOK_MS : -1;
    for (size_t i = 0; i < writer->output_queue_count; i++) {
        int turn_ms = next_turn(&writer->queues[i], &polled[i + 1]);
        if (turn_ms >= 0 && (timeout_ms < 0 || turn_ms < timeout_ms)) {
            timeout_ms = turn_ms;
        }
    }
    polled[0] = (struct pollfd){.fd = writer->timer_fd, .events = POLLIN};
    if (timeout_ms == 0 || !may_sleep(writer, closing)) {
        return;
    }
    if (timeout_ms >= 0) {
        poll(polled, writer->output_queue_count + 1, timeout_ms);
    }
    if (timeout_ms < 0 || polled[0].revents != 0) {
        await_timer(writer);
    }
}

// Runs every queue; whether one of them still waits for its reader or for its next turn.
// `*out_done` grows with whatever they got done.
static bool run_lanes(struct writer *writer, bool closing, uint64_t *out_done) {
    bool waiting = false;
    *out_done = 0;
    for (size_t i = 0; i < writer->output_queue_count; i++) {
        struct output_queue *queue = &writer->queues[i];
        int64_t now_ns = clock_monotonic_ns();
        atomic_store(&writer->alive_ns, now_ns);
        waiting =
            output_queue_run(queue, now_ns, closing) == PROGRESS_WAIT || queue->more || waiting;
        *out_done += atomic_load(&queue->files.bytes) + queue->taken;
    }
    return waiting;
}

static void reopen_queues(struct writer *writer) {
    for (size_t i = 0; i < writer->output_queue_count; i++) {
        output_queue_reopen(&writer->queues[i]);
    }
}

static void pass_status_line(struct writer *writer, char *text) {
    for (size_t i = 0; i < writer->output_queue_count && text != NULL; i++) {
        terminal_set_status(&writer->queues[i].files.terminal, text);
    }
    free(text);
}

static void give_up(struct writer *writer) {
    for (size_t i = 0; i < writer->output_queue_count; i++) {
        output_queue_give_up_rest(&writer->queues[i]);
    }
}

static void work(struct writer *writer, struct pollfd *polled) {
    uint64_t done_before = 0;
    int64_t progress_ns = clock_monotonic_ns();
    for (;;) {
        struct orders orders;
        uint64_t done = 0;
        deal(writer, take_batches(writer, &orders));
        if (orders.reopening) {
            reopen_queues(writer);
        }
        pass_status_line(writer, orders.status_line);
        bool waiting = run_lanes(writer, orders.closing, &done);
        int64_t now_ns = clock_monotonic_ns();
        if (done != done_before || !orders.closing) {
            progress_ns = now_ns;
        }
        done_before = done;
        if (orders.closing && (!waiting || now_ns - progress_ns > WRITER_GIVE_UP_NS)) {
            give_up(writer);
            return;
        }
        rest(writer, polled, orders.closing);
    }
}

static void *run(void *context) {
    struct writer *writer = context;
    struct pollfd *polled = mem_new_array(writer->output_queue_count + 1, sizeof(*polled));
    work(writer, polled);
    free(polled);
    return NULL;
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

enum err writer_new(struct writer **out, struct failure *failure, struct output_queue *queues,
                    size_t count) {
    int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer_fd < 0) {
        return fail(failure, ERR_SYSTEM, "cannot make a timer for the outputs: %s",
                    strerror(errno));
    }
    struct writer *writer = mem_new(sizeof(*writer));
    writer->queues = queues;
    writer->output_queue_count = count;
    writer->alive_ns = clock_monotonic_ns();
    writer->timer_fd = timer_fd;
    pthread_mutex_init(&writer->lock, NULL);
    *out = writer;
    return OK;
}

enum err writer_start(struct writer *writer, struct failure *failure) {
    int error = thread_start(&writer->thread, run, writer);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot start a thread for the outputs: %s",
                    strerror(error));
    }
    writer->started = true;
    return OK;
}

static struct timespec in_ms(int ms) {
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    int64_t ns = when.tv_nsec + ms * NS_PER_MS;
    when.tv_sec += ns / NS_PER_S;
    when.tv_nsec = ns % NS_PER_S;
    return when;
}

bool writer_stop(struct writer *writer) {
    bool started = writer->started || writer_start(writer, NULL) == OK;
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    writer->wakes_in_ns = INT64_MAX; // woken in any case
    atomic_store(&writer->alive_ns, clock_monotonic_ns());
    wake_in(writer, TIMER_AT_ONCE);
    pthread_mutex_unlock(&writer->lock);
    if (!started) {
        run(writer); // Without a thread of its own it is done on this one.
        return true;
    }
    for (;;) {
        struct timespec when = in_ms(WRITER_STOP_LOOK_MS);
        if (pthread_timedjoin_np(writer->thread, NULL, &when) == 0) {
            return true;
        }
        if (clock_monotonic_ns() - atomic_load(&writer->alive_ns) > WRITER_HANG_NS) {
            return false;
        }
    }
}

void writer_free(struct writer *writer) {
    if (writer == NULL) {
        return;
    }
    close(writer->timer_fd);
    pthread_mutex_destroy(&writer->lock);
    free(writer->status_line);
    free(writer);
}
