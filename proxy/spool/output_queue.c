// SPDX-License-Identifier: MIT
#include "spool/output_queue.h"

#include "base/clock.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/path.h"
#include "spool/queue_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_NS NS_PER_S

struct queued_chunk {
    struct chunk chunk;
    struct queued_chunk *next;
};

// ── chunks ──────────────────────────────────────────────────────────────────────────────────────

// A chunk waits in the array of its batch, which may be half empty, then as a `waiting`; each of
// its blocks has a head of the allocator's.
enum { BLOCK_HEAD = 16, CHUNK_BLOCKS = 4 };

size_t chunk_cost(const struct chunk *chunk) {
    size_t names = chunk->name == NULL ? 0 : strlen(chunk->name);
    names += chunk->path == NULL ? 0 : strlen(chunk->path);
    return sizeof(struct queued_chunk) + 2 * sizeof(struct chunk) + CHUNK_BLOCKS * BLOCK_HEAD +
           names + chunk->len;
}

uint64_t chunk_lines(const struct chunk *chunk) {
    uint64_t lines = 0;
    switch (chunk->kind) {
    case CHUNK_LINES:
        for (size_t i = 0; i < chunk->len; i++) {
            lines += chunk->bytes[i] == '\n';
        }
        return lines;
    case CHUNK_DOCUMENT:
    case CHUNK_APPEND:
    case CHUNK_FILE_OPEN:
        return 1;
    case CHUNK_FILE_DATA: // the message counts, when it is found to be broken
    case CHUNK_FILE_FINISH:
    case CHUNK_FILE_PARTIAL:
    case CHUNK_FILE_DROP:
    case CHUNK_LOST:
        break;
    }
    return 0;
}

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
    queue->line_offset = 0;
    queue->taken++;
    backlog_release(&queue->backlog, chunk_cost(&waiting->chunk));
    chunk_cleanup(&waiting->chunk);
    free(waiting);
}

// ── trouble ─────────────────────────────────────────────────────────────────────────────────────

// The cause at the end of "cannot write to text output 'x': No space left on device".
static const char *cause_in(const char *sentence) {
    const char *cause = sentence;
    for (const char *end = strstr(sentence, "': "); end != NULL; end = strstr(cause, "': ")) {
        cause = end + 3;
    }
    return cause;
}

void output_queue_complain(struct output_queue *queue, const char *sentence) {
    snprintf(queue->reason, sizeof(queue->reason), "%s", cause_in(sentence));
    if (queue->options->complain != NULL) {
        char *line = mem_format("%s; the mail goes on", sentence);
        queue->options->complain(queue->options->complain_context, line);
        free(line);
    }
}

void output_queue_wrote(struct output_queue *queue, size_t len) {
    atomic_fetch_add(&queue->bytes, len);
    backlog_wrote(&queue->backlog, len, queue->now_ns);
}

enum progress output_queue_give_up(struct output_queue *queue, uint64_t lines, bool said) {
    backlog_lose(&queue->backlog, lines);
    if (!said) {
        output_queue_complain(queue, queue->last_words.text);
    }
    return PROGRESS_DONE;
}

enum progress output_queue_flush(struct output_queue *queue, struct file *file) {
    size_t len = 0;
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE;
    }
    if (file_refresh(file, &queue->last_words) != OK) {
        return PROGRESS_FAILED;
    }
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE; // the message was removed
    }
    enum progress progress = PROGRESS_WAIT;
    if (file_is_open(file)) {
        progress = file_flush(file, &len, &queue->last_words);
    }
    output_queue_wrote(queue, len);
    if (progress == PROGRESS_WAIT) {
        queue->blocked = file;
    }
    return progress;
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────

static enum progress make_room(struct output_queue *queue) {
    struct file *surplus = file_table_surplus(&queue->files);
    enum progress progress = PROGRESS_DONE;
    if (surplus != NULL) {
        progress = output_queue_flush(queue, surplus);
    }
    if (surplus != NULL && progress == PROGRESS_DONE) {
        file_table_retire(&queue->files, surplus);
    }
    return progress;
}

static int dash_fd(const struct output_queue *queue) {
    return queue->options->dash_is_stderr ? STDERR_FILENO : STDOUT_FILENO;
}

struct file *output_queue_file(struct output_queue *queue, const char *path) {
    struct file *file = file_table_find(&queue->files, path);
    if (file != NULL) {
        file_table_touch(&queue->files, file);
        return file;
    }
    file = file_table_add(&queue->files, queue->to->framing, path);
    if (strcmp(path, "-") == 0) {
        file->standard_fd = dash_fd(queue);
    }
    return file;
}

// The folder of `eml` was made by us; where it was lost, it is made again.
static void make_mail_folder(const struct output_queue *queue) {
    int result = mkdir(queue->to->path, 0700);
    (void)result; // what fails is said by what is opened in it
}

enum err output_queue_open_file(struct output_queue *queue, struct file *file) {
    if (!file_is_open(file) && queue->to->framing->shape == SHAPE_FOLDER &&
        !queue->to->placeholders) {
        make_mail_folder(queue);
    }
    if (!file_is_open(file) && queue->to->placeholders) {
        enum err err = path_make_folders(&queue->last_words, queue->to->path, file->path);
        if (err != OK) {
            return err;
        }
    }
    return file_open(file, &queue->last_words);
}

// ── a run ───────────────────────────────────────────────────────────────────────────────────────

// What is taken before the other queues have their turn: a message of a few bytes costs a file.
enum { TURN_PIECES = 256 };

static enum progress take_some(struct output_queue *queue) {
    enum progress progress = PROGRESS_DONE;
    for (int i = 0; i < TURN_PIECES && progress == PROGRESS_DONE && queue->first != NULL; i++) {
        progress = make_room(queue);
        if (progress == PROGRESS_DONE) {
            progress = take_piece(queue, &queue->first->chunk);
        }
        if (progress == PROGRESS_DONE) {
            pop(queue);
        }
    }
    return progress;
}

// The status line below what was taken; a screen is one file.
static void settle_terminal(struct output_queue *queue, bool closing) {
    struct file *file = queue->files.active;
    if (queue->terminal.is_terminal && file != NULL) {
        terminal_settle(&queue->terminal, &file->out, closing);
    }
}

static enum progress flush_all(struct output_queue *queue) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = queue->files.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        progress = output_queue_flush(queue, file);
    }
    return progress;
}

// Nothing waits any more, so nothing that follows will carry the news of the loss.
static enum progress tell_loss(struct output_queue *queue) {
    uint64_t count = backlog_take_untold(&queue->backlog);
    if (count == 0) {
        return PROGRESS_DONE;
    }
    const struct path_values nobody = {.unix_ns = clock_unix_ns()};
    char *expanded = queue->to->placeholders ? path_expand(queue->to->path, &nobody) : NULL;
    struct chunk chunk = {.kind = CHUNK_LOST, .path = expanded, .offset = count};
    enum progress progress = take_piece(queue, &chunk);
    if (progress != PROGRESS_DONE) {
        backlog_untell(&queue->backlog, count);
    }
    chunk_cleanup(&chunk);
    return progress == PROGRESS_DONE ? flush_all(queue) : progress;
}

static enum progress copy_spools(struct output_queue *queue) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = queue->files.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        while (progress == PROGRESS_DONE && document_spool_next(file)) {
            progress = output_queue_flush(queue, file);
        }
    }
    return progress;
}

// A reader that takes nothing is no failure of ours, but lines are lost with it.
static void say_lost(struct output_queue *queue, const char *why) {
    struct failure failure;
    fail(&failure, ERR_SYSTEM, "cannot write to %s output '%s': %s", queue->to->framing->name,
         queue->to->path, why);
    output_queue_complain(queue, failure.text);
}

static void say_stall(struct output_queue *queue) {
    bool losing = atomic_load(&queue->backlog.losing);
    if (losing && !queue->said_losing && !atomic_load(&queue->backlog.failing)) {
        say_lost(queue, "its reader is too slow");
    }
    queue->said_losing = losing;
}

static void settle(struct output_queue *queue, enum progress progress, bool wrote) {
    bool failed = atomic_load(&queue->backlog.failing);
    queue->retry_ns = 0;
    if (progress == PROGRESS_FAILED) {
        queue->retry_ns = queue->now_ns + RETRY_NS;
        if (!failed) {
            output_queue_complain(queue, queue->last_words.text);
        }
        backlog_set_failing(&queue->backlog, true);
    } else if (failed && (progress == PROGRESS_DONE || wrote)) {
        backlog_set_failing(&queue->backlog, false);
    }
}

enum progress output_queue_run(struct output_queue *queue, int64_t now_ns, bool closing) {
    if (queue->retry_ns > now_ns && !closing) {
        return PROGRESS_FAILED;
    }
    queue->now_ns = now_ns;
    queue->blocked = NULL;
    uint64_t bytes = atomic_load(&queue->bytes);
    say_stall(queue);
    terminal_measure(&queue->terminal);
    enum progress progress = take_some(queue);
    queue->more = progress == PROGRESS_DONE && queue->first != NULL;
    if (queue->more) {
        settle(queue, progress, atomic_load(&queue->bytes) != bytes);
        return PROGRESS_DONE;
    }
    if (progress == PROGRESS_DONE) {
        settle_terminal(queue, closing);
        progress = flush_all(queue);
    }
    if (progress == PROGRESS_DONE) {
        progress = tell_loss(queue);
    }
    if (progress == PROGRESS_DONE && closing) {
        progress = copy_spools(queue);
    }
    settle(queue, progress, atomic_load(&queue->bytes) != bytes);
    return progress;
}

void output_queue_give_up_rest(struct output_queue *queue) {
    if (queue->blocked != NULL && !queue->said_losing && !atomic_load(&queue->backlog.failing)) {
        say_lost(queue, "it has no reader, its last lines are lost");
    }
}

void output_queue_reopen(struct output_queue *queue) {
    enum progress progress = flush_all(queue);
    for (struct file *file = queue->files.active; file != NULL; file = file->next) {
        if (queue->to->framing->shape == SHAPE_FOLDER || file->standard_fd >= 0) {
            continue;
        }
        file_close(file);
        // A failure is said by the next run, which meets it again.
        enum err err = queue->to->placeholders ? OK : file_open(file, &queue->last_words);
        (void)err;
    }
    (void)progress; // what could not be flushed follows in the new file
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

// A folder that files will be made in.
static enum err check_folder(struct failure *failure, const struct output_queue *queue,
                             const char *path) {
    struct stat status;
    int error = stat(path, &status) != 0        ? errno
                : !S_ISDIR(status.st_mode)      ? ENOTDIR
                : access(path, W_OK | X_OK) < 0 ? errno
                                                : 0;
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot write to %s output '%s': '%s': %s",
                    queue->to->framing->name, queue->to->path, path, strerror(error));
    }
    return OK;
}

static enum err open_folder(struct failure *failure, const struct output_queue *queue) {
    const char *path = queue->to->path;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail(failure, ERR_SYSTEM, "cannot make the folder of eml output '%s': %s", path,
                    strerror(errno));
    }
    return check_folder(failure, queue, path);
}

static enum err open_fixed(struct failure *failure, const struct output_queue *queue) {
    char *folder = path_fixed_folder(queue->to->path);
    enum err err = check_folder(failure, queue, folder);
    free(folder);
    return err;
}

enum err output_queue_open(struct failure *failure, struct output_queue *queue,
                           const struct destination *to, const struct spool_options *options) {
    *queue = (struct output_queue){.to = to, .options = options};
    backlog_init(&queue->backlog, options->queue_max);
    path_make_fixed_folder(to->path);
    if (to->placeholders) {
        return open_fixed(failure, queue);
    }
    if (to->framing->shape == SHAPE_FOLDER) {
        return open_folder(failure, queue);
    }
    if (to->framing->screen && strcmp(to->path, "-") == 0) {
        terminal_init(&queue->terminal, dash_fd(queue), to->color);
    }
    struct file *file = output_queue_file(queue, to->path);
    enum err err = file_open(file, failure);
    size_t len = 0;
    if (err == OK && file_is_open(file) && file_flush(file, &len, failure) == PROGRESS_FAILED) {
        err = ERR_SYSTEM;
    }
    return err;
}

void output_queue_cleanup(struct output_queue *queue) {
    while (queue->first != NULL) {
        pop(queue);
    }
    file_table_cleanup(&queue->files);
    terminal_cleanup(&queue->terminal);
}
