// SPDX-License-Identifier: MIT
#include "spool/queue_write.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/rotate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// Enough for one write; more waits as chunks, so that the backlog counts it.
#define WRITE_BYTES (256 * KIB)
// Bytes that making a file counts for as work of the disk.
#define MAIL_WORK (4 * KIB)

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
    enum progress progress = output_queue_flush(queue, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    if (rotate_names(&queue->last_words, file->path, queue->options->rotate_keep) != OK) {
        // The lines matter more than the size: it goes on where it is, for one more size.
        if (file->rotate_not_before == 0) {
            output_queue_complain(queue, queue->last_words.text);
        }
        file->rotate_not_before = file->size + queue->options->rotate_size;
        return PROGRESS_DONE;
    }
    file->rotate_not_before = 0;
    file_close(file);
    return output_queue_open_file(queue, file) == OK ? PROGRESS_DONE : PROGRESS_FAILED;
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
        size_t end = slice_find_byte(rest, '\n');
        struct slice line = slice_sub(rest, 0, end == SLICE_NONE ? rest.len : end + 1);
        enum progress progress = PROGRESS_DONE;
        if (buf_len(&file->out) >= WRITE_BYTES) {
            progress = output_queue_flush(queue, file);
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
    buf_init(&line, MIB);
    framing->put_lost(&line, count, queue->reason, clock_unix_ns(), queue->to->color);
    enum progress progress = take_line(queue, file, buf_slice(&line));
    (void)progress; // a file that cannot be rotated now is rotated by the next line
    buf_cleanup(&line);
}

// ── the kinds of chunks ─────────────────────────────────────────────────────────────────────────

// Large bytes are taken as they are, small ones are gathered for one write.
static void put_bytes(struct file *file, struct chunk *chunk) {
    if (chunk->len >= WRITE_BYTES / 4 && buf_len(&file->out) == 0) {
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
    if (buf_len(&file->out) >= WRITE_BYTES) {
        progress = output_queue_flush(queue, file);
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
        output_queue_wrote(queue, chunk->len);
        atomic_fetch_add(&queue->lines, 1);
    }
    return progress;
}

static char *mail_path(const struct output_queue *queue, const struct chunk *chunk) {
    const char *folder = chunk->path == NULL ? queue->to->path : chunk->path;
    return mem_format("%s/%s", folder, chunk->name);
}

static enum progress take_mail_open(struct output_queue *queue, const char *path) {
    struct file *file = output_queue_file(queue, path);
    enum err err = output_queue_open_file(queue, file);
    if (err == OK) {
        return PROGRESS_DONE;
    }
    file_table_remove(&queue->files, file);
    return err == ERR_INPUT ? output_queue_give_up(queue, 1, false) : PROGRESS_FAILED;
}

static enum progress take_mail_data(struct output_queue *queue, struct file *file,
                                    struct chunk *chunk) {
    if (buf_len(&file->out) >= WRITE_BYTES) {
        enum progress progress = output_queue_flush(queue, file);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    // Behind a gap nothing is added: what is kept is the true beginning of the message.
    file->broken = file->broken || chunk->offset != file->mail_len;
    if (!file->broken) {
        file->mail_len += chunk->len;
        put_bytes(file, chunk);
    }
    return PROGRESS_DONE;
}

static enum progress take_mail_end(struct output_queue *queue, struct file *file,
                                   const struct chunk *chunk) {
    enum progress progress = output_queue_flush(queue, file);
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
        output_queue_give_up(queue, 1, false);
    } else if (file->removed) {
        file_fail(&queue->last_words, file, ENOENT);
        output_queue_give_up(queue, 1, false);
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
    return output_queue_give_up(queue, lines, said);
}

static enum progress take_into_file(struct output_queue *queue, struct chunk *chunk) {
    const char *path = chunk->path == NULL ? queue->to->path : chunk->path;
    struct file *file = output_queue_file(queue, path);
    enum err err = output_queue_open_file(queue, file);
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

enum progress take_piece(struct output_queue *queue, struct chunk *chunk) {
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
