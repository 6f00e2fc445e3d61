// SPDX-License-Identifier: MIT
#include "spool/output_queue.h"

#include "base/clock.h"
#include "base/memory.h"
#include "spool/chunk_take.h"
#include "spool/output_path.h"

#include <stdlib.h>

struct queued_chunk {
    struct chunk chunk;
    struct queued_chunk *next;
};

// ── the row of chunks ───────────────────────────────────────────────────────────────────────────

void output_queue_push(struct output_queue *queue, struct chunk chunk) {
    struct queued_chunk *waiting = mem_new(sizeof(*waiting));
    waiting->chunk = chunk;
    if (queue->last == NULL) {
        queue->first = waiting;
    } else {
        queue->last->next = waiting;
    }
    queue->last = waiting;
}

static void pop(struct output_queue *queue) {
    struct queued_chunk *waiting = queue->first;
    queue->first = waiting->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    queue->files.line_offset = 0;
    queue->taken++;
    backlog_release(&queue->files.backlog, chunk_cost(&waiting->chunk));
    chunk_cleanup(&waiting->chunk);
    free(waiting);
}

// ── a run ───────────────────────────────────────────────────────────────────────────────────────

// What is taken before the other queues have their turn: a message of a few bytes costs a file.
enum { TURN_PIECES = 256 };

static enum progress take_some(struct output_queue *queue) {
    enum progress progress = PROGRESS_DONE;
    for (int i = 0; i < TURN_PIECES && progress == PROGRESS_DONE && queue->first != NULL; i++) {
        progress = output_files_make_room(&queue->files);
        if (progress == PROGRESS_DONE) {
            progress = chunk_take(&queue->files, &queue->first->chunk);
        }
        if (progress == PROGRESS_DONE) {
            pop(queue);
        }
    }
    return progress;
}

// Nothing waits any more, so no chunk that follows will report the loss.
static enum progress report_loss(struct output_queue *queue) {
    uint64_t count = backlog_take_unreported(&queue->files.backlog);
    if (count == 0) {
        return PROGRESS_DONE;
    }
    const struct path_values no_session = {.unix_ns = clock_unix_ns()};
    char *expanded =
        queue->files.to->placeholders ? path_expand(queue->files.to->path, &no_session) : NULL;
    struct chunk chunk = {.kind = CHUNK_LOST, .path = expanded, .offset = count};
    enum progress progress = chunk_take(&queue->files, &chunk);
    if (progress != PROGRESS_DONE) {
        backlog_add_unreported(&queue->files.backlog, count);
    }
    chunk_cleanup(&chunk);
    return progress == PROGRESS_DONE ? output_files_flush_all(&queue->files) : progress;
}

// A reader that takes nothing is no failure of ours, but lines are lost with it.
static void say_lost(struct output_queue *queue, const char *why) {
    struct failure failure;
    fail(&failure, ERR_SYSTEM, "cannot write to %s output '%s': %s", queue->files.to->framing->name,
         queue->files.to->path, why);
    output_files_complain(&queue->files, failure.text);
}

static void say_stall(struct output_queue *queue) {
    bool losing = atomic_load(&queue->files.backlog.losing);
    if (losing && !queue->said_losing && !atomic_load(&queue->files.backlog.failing)) {
        say_lost(queue, "its reader is too slow");
    }
    queue->said_losing = losing;
}

static void settle(struct output_queue *queue, enum progress progress, bool wrote) {
    bool failed = atomic_load(&queue->files.backlog.failing);
    queue->retry_ns = 0;
    if (progress == PROGRESS_FAILED) {
        queue->retry_ns = queue->files.now_ns + OUTPUT_RETRY_NS;
        if (!failed) {
            output_files_complain(&queue->files, queue->files.last_words.text);
        }
        backlog_set_failing(&queue->files.backlog, true);
    } else if (failed && (progress == PROGRESS_DONE || wrote)) {
        backlog_set_failing(&queue->files.backlog, false);
    }
}

enum progress output_queue_run(struct output_queue *queue, int64_t now_ns, bool closing) {
    if (queue->retry_ns > now_ns && !closing) {
        return PROGRESS_FAILED;
    }
    queue->files.now_ns = now_ns;
    queue->files.blocked = NULL;
    uint64_t bytes = atomic_load(&queue->files.bytes);
    say_stall(queue);
    terminal_measure(&queue->files.terminal);
    enum progress progress = take_some(queue);
    queue->more = progress == PROGRESS_DONE && queue->first != NULL;
    if (queue->more) {
        settle(queue, progress, atomic_load(&queue->files.bytes) != bytes);
        return PROGRESS_DONE;
    }
    if (progress == PROGRESS_DONE) {
        output_files_settle_terminal(&queue->files, closing);
        progress = output_files_flush_all(&queue->files);
    }
    if (progress == PROGRESS_DONE) {
        progress = report_loss(queue);
    }
    if (progress == PROGRESS_DONE && closing) {
        progress = output_files_copy_spools(&queue->files);
    }
    settle(queue, progress, atomic_load(&queue->files.bytes) != bytes);
    return progress;
}

void output_queue_give_up_rest(struct output_queue *queue) {
    if (queue->files.blocked != NULL && !queue->said_losing &&
        !atomic_load(&queue->files.backlog.failing)) {
        say_lost(queue, "it has no reader, its last lines are lost");
    }
}

void output_queue_reopen(struct output_queue *queue) {
    output_files_reopen(&queue->files);
}

enum err output_queue_open(struct failure *failure, struct output_queue *queue,
                           const struct destination *to, const struct spool_options *options) {
    *queue = (struct output_queue){.first = NULL};
    return output_files_open(failure, &queue->files, to, options);
}

void output_queue_cleanup(struct output_queue *queue) {
    while (queue->first != NULL) {
        pop(queue);
    }
    output_files_cleanup(&queue->files);
}
