// SPDX-License-Identifier: MIT
#include "spool/output_queue.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/path.h"
#include "spool/rotate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Bytes that making a file counts for as work of the disk.
#define MAIL_WORK (4 * KIB)

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
    queue->line_offset = 0;
    queue->taken++;
    backlog_release(&queue->backlog, chunk_cost(&waiting->chunk));
    chunk_cleanup(&waiting->chunk);
    free(waiting);
}

// ── trouble ─────────────────────────────────────────────────────────────────────────────────────

// The cause at the end of "cannot write to text output 'x': No space left on device". A remedy that
// follows it is for the start, when another place can still be named.
static const char *cause_in(const char *sentence) {
    const char *cause = sentence;
    for (const char *end = strstr(sentence, "': "); end != NULL; end = strstr(cause, "': ")) {
        cause = end + 3;
    }
    return cause;
}

static void complain(struct output_queue *queue, const char *sentence) {
    const char *cause = cause_in(sentence);
    int cause_len = (int)strcspn(cause, ";");
    snprintf(queue->reason, sizeof(queue->reason), "%.*s", cause_len, cause);
    if (queue->options->complain != NULL) {
        int len = (int)(cause - sentence) + cause_len;
        char *line = mem_format("%.*s; the mail goes on", len, sentence);
        queue->options->complain(queue->options->complain_context, line);
        free(line);
    }
}

static void count_written(struct output_queue *queue, size_t len) {
    atomic_fetch_add(&queue->bytes, len);
    backlog_wrote(&queue->backlog, len, queue->now_ns);
}

static enum progress give_up(struct output_queue *queue, uint64_t lines, bool said) {
    backlog_lose(&queue->backlog, lines);
    if (!said) {
        complain(queue, queue->last_words.text);
    }
    return PROGRESS_DONE;
}

static enum progress flush(struct output_queue *queue, struct file *file) {
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
    count_written(queue, len);
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
        progress = flush(queue, surplus);
    }
    if (surplus != NULL && progress == PROGRESS_DONE) {
        file_table_retire(&queue->files, surplus);
    }
    return progress;
}

static int dash_fd(const struct output_queue *queue) {
    return queue->options->dash_is_stderr ? STDERR_FILENO : STDOUT_FILENO;
}

static struct file *file_of(struct output_queue *queue, const char *path) {
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

static enum err open_file(struct output_queue *queue, struct file *file) {
    enum err err = OK;
    if (!file_is_open(file) && queue->to->placeholders) {
        err = path_make_folders(&queue->last_words, queue->to->path, file->path);
    } else if (!file_is_open(file) && queue->to->framing->shape == SHAPE_FOLDER) {
        // We made the folder of `eml`; where it was lost, it is made again.
        int result = mkdir(queue->to->path, 0700);
        (void)result; // what fails is said by what is opened in it
    }
    return err == OK ? file_open(file, &queue->last_words) : err;
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static int put_counter(const struct output_queue *queue, char *out, size_t max) {
    return queue->to->framing->put_counter(out, max, queue->counter + 1);
}

// Whether `len` more bytes make the file pass --rotate.
static bool is_full(const struct output_queue *queue, const struct file *file, size_t len) {
    uint64_t size = file->size + buf_len(&file->out);
    return queue->options->rotate_size > 0 && file->target.kind == OUTPUT_FD_FILE &&
           !file->target.standard && size > 0 && size + len > queue->options->rotate_size &&
           size >= file->rotate_not_before;
}

static enum progress rotate(struct output_queue *queue, struct file *file) {
    enum progress progress = flush(queue, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    if (rotate_names(&queue->last_words, file->path, queue->options->rotate_keep) != OK) {
        // The lines matter more than the size: it goes on where it is, for one more size.
        if (file->rotate_not_before == 0) {
            complain(queue, queue->last_words.text);
        }
        file->rotate_not_before = file->size + queue->options->rotate_size;
        return PROGRESS_DONE;
    }
    file->rotate_not_before = 0;
    file_close(file);
    return open_file(queue, file) == OK ? PROGRESS_DONE : PROGRESS_FAILED;
}

static enum progress take_line(struct output_queue *queue, struct file *file, struct slice line) {
    char counter[48];
    int counter_len = put_counter(queue, counter, sizeof(counter));
    size_t len = line.len + (size_t)counter_len;
    if (is_full(queue, file, len)) {
        enum progress progress = rotate(queue, file);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    terminal_put_line(&queue->terminal, &file->out, slice_of(counter, (size_t)counter_len), line);
    queue->counter++;
    atomic_fetch_add(&queue->lines, 1);
    return PROGRESS_DONE;
}

static enum progress take_lines(struct output_queue *queue, struct file *file, struct slice lines) {
    while (queue->line_offset < lines.len) {
        struct slice rest = slice_from(lines, queue->line_offset);
        struct slice line = lines_next(&rest);
        enum progress progress = PROGRESS_DONE;
        if (buf_len(&file->out) >= LIMIT_WRITE) {
            progress = flush(queue, file);
        }
        if (progress == PROGRESS_DONE) {
            progress = take_line(queue, file, line);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
        }
        queue->line_offset += line.len;
    }
    return PROGRESS_DONE;
}

// The line that says how many were lost.
static void take_loss(struct output_queue *queue, struct file *file, uint64_t count) {
    const struct framing *framing = queue->to->framing;
    struct buf line;
    buf_init(&line, NOTICE_MAX);
    framing->put_lost(&line, count, queue->reason, clock_unix_ns(), queue->to->color);
    enum progress progress = take_line(queue, file, buf_slice(&line));
    (void)progress; // a file that cannot be rotated now is rotated by the next line
    buf_cleanup(&line);
}

// ── the kinds of chunks ─────────────────────────────────────────────────────────────────────────

// Large bytes are taken as they are, small ones are gathered for one write.
static void put_bytes(struct file *file, struct chunk *chunk) {
    if (chunk->len >= LIMIT_WRITE / 4 && buf_len(&file->out) == 0) {
        buf_cleanup(&file->out);
        file->out.data = chunk->bytes;
        file->out.end = chunk->len;
        file->out.capacity = chunk->len;
        chunk->bytes = NULL;
        return;
    }
    buf_put(&file->out, slice_of(chunk->bytes, chunk->len));
}

static enum progress take_append(struct output_queue *queue, struct file *file,
                                 struct chunk *chunk) {
    enum progress progress = PROGRESS_DONE;
    if (buf_len(&file->out) >= LIMIT_WRITE) {
        progress = flush(queue, file);
    }
    if (progress == PROGRESS_DONE) {
        put_bytes(file, chunk);
        atomic_fetch_add(&queue->lines, 1);
    }
    return progress;
}

static enum progress take_document(struct output_queue *queue, struct file *file,
                                   const struct chunk *chunk) {
    if (file_refresh(file, &queue->last_words) != OK) {
        return PROGRESS_FAILED;
    }
    enum progress progress =
        document_add(file, slice_of(chunk->bytes, chunk->len), &queue->last_words);
    if (progress == PROGRESS_DONE) {
        count_written(queue, chunk->len);
        atomic_fetch_add(&queue->lines, 1);
    }
    return progress;
}

static char *mail_path(const struct output_queue *queue, const struct chunk *chunk) {
    const char *folder = chunk->path == NULL ? queue->to->path : chunk->path;
    return mem_format("%s/%s", folder, chunk->name);
}

static enum progress take_mail_open(struct output_queue *queue, const char *path) {
    struct file *file = file_of(queue, path);
    enum err err = open_file(queue, file);
    if (err == OK) {
        return PROGRESS_DONE;
    }
    file_table_remove(&queue->files, file);
    return err == ERR_INPUT ? give_up(queue, 1, false) : PROGRESS_FAILED;
}

static enum progress take_mail_data(struct output_queue *queue, struct file *file,
                                    struct chunk *chunk) {
    if (buf_len(&file->out) >= LIMIT_WRITE) {
        enum progress progress = flush(queue, file);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    // After a gap nothing is added: what is kept is the true beginning of the message.
    file->broken = file->broken || chunk->offset != file->mail_len;
    if (!file->broken) {
        file->mail_len += chunk->len;
        put_bytes(file, chunk);
    }
    return PROGRESS_DONE;
}

static enum progress take_mail_end(struct output_queue *queue, struct file *file,
                                   const struct chunk *chunk) {
    enum progress progress = flush(queue, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    bool complete = chunk->kind == CHUNK_FILE_FINISH;
    file->broken = file->broken || (complete && chunk->offset != file->mail_len);
    enum err err = file_finish(file, complete, &queue->last_words);
    if (err == ERR_SYSTEM) {
        return PROGRESS_FAILED;
    }
    if (err == ERR_INPUT) {
        give_up(queue, 1, false);
    } else if (file->removed) {
        file_fail(&queue->last_words, file, ENOENT);
        give_up(queue, 1, false);
    } else if (file->broken) {
        backlog_lose(&queue->backlog, 1);
    } else {
        atomic_fetch_add(&queue->lines, 1);
    }
    // However small the message is: the disk keeps up if it makes files.
    backlog_wrote(&queue->backlog, MAIL_WORK, queue->now_ns);
    file_table_remove(&queue->files, file);
    return PROGRESS_DONE;
}

static enum progress take_mail(struct output_queue *queue, struct chunk *chunk) {
    char *path = mail_path(queue, chunk);
    struct file *file = file_table_find(&queue->files, path);
    enum progress progress = PROGRESS_DONE;
    if (chunk->kind == CHUNK_FILE_OPEN) {
        progress = take_mail_open(queue, path);
    } else if (file == NULL) {
        progress = PROGRESS_DONE; // its beginning was lost, and counted
    } else if (chunk->kind == CHUNK_FILE_DATA) {
        file_table_touch(&queue->files, file);
        progress = take_mail_data(queue, file, chunk);
    } else if (chunk->kind == CHUNK_FILE_DROP) {
        file_drop(file);
        file_table_remove(&queue->files, file);
    } else {
        file_table_touch(&queue->files, file);
        progress = take_mail_end(queue, file, chunk);
    }
    free(path);
    return progress;
}

// A file that is not ours is left as it is, which is said once.
static enum progress refuse(struct output_queue *queue, struct file *file, uint64_t lines) {
    bool said = file->refused;
    file->refused = true;
    return give_up(queue, lines, said);
}

static enum progress take_into_file(struct output_queue *queue, struct chunk *chunk) {
    const char *path = chunk->path == NULL ? queue->to->path : chunk->path;
    struct file *file = file_of(queue, path);
    enum err err = open_file(queue, file);
    if (err == ERR_INPUT) {
        return refuse(queue, file, chunk_lines(chunk));
    }
    if (err != OK) {
        return PROGRESS_FAILED;
    }
    file->refused = false;
    struct slice bytes = slice_of(chunk->bytes, chunk->len);
    if (chunk->kind == CHUNK_LINES) {
        return take_lines(queue, file, bytes);
    }
    if (chunk->kind == CHUNK_LOST) {
        take_loss(queue, file, chunk->offset);
        return PROGRESS_DONE;
    }
    return chunk->kind == CHUNK_DOCUMENT ? take_document(queue, file, chunk)
                                         : take_append(queue, file, chunk);
}

static enum progress take_chunk(struct output_queue *queue, struct chunk *chunk) {
    switch (chunk->kind) {
    case CHUNK_LINES:
    case CHUNK_DOCUMENT:
    case CHUNK_APPEND:
        return take_into_file(queue, chunk);
    case CHUNK_LOST: // no file is made for what a format has no line for
        return queue->to->framing->put_lost == NULL ? PROGRESS_DONE : take_into_file(queue, chunk);
    case CHUNK_FILE_OPEN:
    case CHUNK_FILE_DATA:
    case CHUNK_FILE_FINISH:
    case CHUNK_FILE_PARTIAL:
    case CHUNK_FILE_DROP:
        return take_mail(queue, chunk);
    }
    return PROGRESS_DONE;
}

// ── a run ───────────────────────────────────────────────────────────────────────────────────────

// What is taken before the other queues have their turn: a message of a few bytes costs a file.
enum { TURN_PIECES = 256 };

static enum progress take_some(struct output_queue *queue) {
    enum progress progress = PROGRESS_DONE;
    for (int i = 0; i < TURN_PIECES && progress == PROGRESS_DONE && queue->first != NULL; i++) {
        progress = make_room(queue);
        if (progress == PROGRESS_DONE) {
            progress = take_chunk(queue, &queue->first->chunk);
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
        progress = flush(queue, file);
    }
    return progress;
}

// Nothing waits any more, so no chunk that follows will report the loss.
static enum progress report_loss(struct output_queue *queue) {
    uint64_t count = backlog_take_unreported(&queue->backlog);
    if (count == 0) {
        return PROGRESS_DONE;
    }
    const struct path_values no_session = {.unix_ns = clock_unix_ns()};
    char *expanded = queue->to->placeholders ? path_expand(queue->to->path, &no_session) : NULL;
    struct chunk chunk = {.kind = CHUNK_LOST, .path = expanded, .offset = count};
    enum progress progress = take_chunk(queue, &chunk);
    if (progress != PROGRESS_DONE) {
        backlog_add_unreported(&queue->backlog, count);
    }
    chunk_cleanup(&chunk);
    return progress == PROGRESS_DONE ? flush_all(queue) : progress;
}

static enum progress copy_spools(struct output_queue *queue) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = queue->files.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        while (progress == PROGRESS_DONE && document_spool_next(file)) {
            progress = flush(queue, file);
        }
    }
    return progress;
}

// A reader that takes nothing is no failure of ours, but lines are lost with it.
static void say_lost(struct output_queue *queue, const char *why) {
    struct failure failure;
    fail(&failure, ERR_SYSTEM, "cannot write to %s output '%s': %s", queue->to->framing->name,
         queue->to->path, why);
    complain(queue, failure.text);
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
        queue->retry_ns = queue->now_ns + OUTPUT_RETRY_NS;
        if (!failed) {
            complain(queue, queue->last_words.text);
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
        progress = report_loss(queue);
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

static enum err open_folder(struct failure *failure, const struct output_queue *queue) {
    const char *path = queue->to->path;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail(failure, ERR_SYSTEM, "cannot make the folder of eml output '%s': %s", path,
                    strerror(errno));
    }
    return path_check_folder(failure, queue->to, path);
}

static enum err open_fixed(struct failure *failure, const struct output_queue *queue) {
    char *folder = path_fixed_folder(queue->to->path);
    enum err err = path_check_folder(failure, queue->to, folder);
    free(folder);
    return err;
}

enum err output_queue_open(struct failure *failure, struct output_queue *queue,
                           const struct destination *to, const struct spool_options *options) {
    *queue = (struct output_queue){.to = to, .options = options};
    backlog_init(&queue->backlog, options->queue_max);
    enum err err = path_make_fixed_folder(failure, to);
    if (err != OK) {
        return err;
    }
    if (to->placeholders) {
        return open_fixed(failure, queue);
    }
    if (to->framing->shape == SHAPE_FOLDER) {
        return open_folder(failure, queue);
    }
    if (to->framing->screen && strcmp(to->path, "-") == 0) {
        terminal_init(&queue->terminal, dash_fd(queue), to->color);
    }
    struct file *file = file_of(queue, to->path);
    err = file_open(file, failure);
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
