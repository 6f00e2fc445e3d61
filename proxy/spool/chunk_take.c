// SPDX-License-Identifier: MIT
#include "spool/chunk_take.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/rotate.h"

#include <errno.h>
#include <stdlib.h>

// Bytes that making a file counts for as work of the disk.
#define MAIL_WORK (4 * KIB)

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

// Whether `len` more bytes make the file pass --rotate.
static bool is_full(const struct output_files *files, const struct file *file, size_t len) {
    uint64_t size = file->size + buf_len(&file->out);
    return files->options->rotate_size > 0 && file->target.kind == OUTPUT_FD_FILE &&
           !file->target.standard && size > 0 && size + len > files->options->rotate_size &&
           size >= file->rotate_not_before;
}

static enum progress rotate(struct output_files *files, struct file *file) {
    enum progress progress = output_files_flush(files, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    if (rotate_names(&files->last_words, file->path, files->options->rotate_keep) != OK) {
        // The lines matter more than the size: it goes on where it is, for one more size.
        if (file->rotate_not_before == 0) {
            output_files_complain(files, files->last_words.text);
        }
        file->rotate_not_before = file->size + files->options->rotate_size;
        return PROGRESS_DONE;
    }
    file->rotate_not_before = 0;
    file_close(file);
    return output_files_open_one(files, file) == OK ? PROGRESS_DONE : PROGRESS_FAILED;
}

static enum progress take_line(struct output_files *files, struct file *file, struct slice line) {
    char counter[LIMIT_COUNTER];
    size_t counter_len = files->to->framing->put_counter(counter, files->counter + 1);
    size_t len = line.len + counter_len;
    if (is_full(files, file, len)) {
        enum progress progress = rotate(files, file);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    terminal_put_line(&files->terminal, &file->out, slice_of(counter, counter_len), line);
    files->counter++;
    atomic_fetch_add(&files->lines, 1);
    return PROGRESS_DONE;
}

static enum progress take_lines(struct output_files *files, struct file *file, struct slice lines) {
    while (files->line_offset < lines.len) {
        struct slice rest = slice_from(lines, files->line_offset);
        struct slice line = lines_next(&rest);
        enum progress progress = PROGRESS_DONE;
        if (buf_len(&file->out) >= LIMIT_WRITE) {
            progress = output_files_flush(files, file);
        }
        if (progress == PROGRESS_DONE) {
            progress = take_line(files, file, line);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
        }
        files->line_offset += line.len;
    }
    return PROGRESS_DONE;
}

// The line that says how many were lost.
static void take_loss(struct output_files *files, struct file *file, uint64_t count) {
    const struct framing *framing = files->to->framing;
    struct buf line;
    buf_init(&line, NOTICE_MAX);
    framing->put_lost(&line, count, files->reason, clock_unix_ns(), files->to->color);
    enum progress progress = take_line(files, file, buf_slice(&line));
    (void)progress; // a file that cannot be rotated now is rotated by the next line
    buf_cleanup(&line);
}

// ── bytes and documents ─────────────────────────────────────────────────────────────────────────

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

static enum progress take_append(struct output_files *files, struct file *file,
                                 struct chunk *chunk) {
    enum progress progress = PROGRESS_DONE;
    if (buf_len(&file->out) >= LIMIT_WRITE) {
        progress = output_files_flush(files, file);
    }
    if (progress == PROGRESS_DONE) {
        put_bytes(file, chunk);
        atomic_fetch_add(&files->lines, 1);
    }
    return progress;
}

static enum progress take_document(struct output_files *files, struct file *file,
                                   const struct chunk *chunk) {
    if (file_refresh(file, &files->last_words) != OK) {
        return PROGRESS_FAILED;
    }
    enum progress progress =
        document_add(file, slice_of(chunk->bytes, chunk->len), &files->last_words);
    if (progress == PROGRESS_DONE) {
        output_files_count(files, chunk->len);
        atomic_fetch_add(&files->lines, 1);
    }
    return progress;
}

// ── a message of eml ────────────────────────────────────────────────────────────────────────────

static char *mail_path(const struct output_files *files, const struct chunk *chunk) {
    const char *folder = chunk->path == NULL ? files->to->path : chunk->path;
    return mem_format("%s/%s", folder, chunk->name);
}

static enum progress take_mail_open(struct output_files *files, const char *path) {
    struct file *file = output_files_at(files, path);
    enum err err = output_files_open_one(files, file);
    if (err == OK) {
        return PROGRESS_DONE;
    }
    file_table_remove(&files->table, file);
    return err == ERR_INPUT ? output_files_give_up(files, 1, false) : PROGRESS_FAILED;
}

static enum progress take_mail_data(struct output_files *files, struct file *file,
                                    struct chunk *chunk) {
    if (buf_len(&file->out) >= LIMIT_WRITE) {
        enum progress progress = output_files_flush(files, file);
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

static enum progress take_mail_end(struct output_files *files, struct file *file,
                                   const struct chunk *chunk) {
    enum progress progress = output_files_flush(files, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    bool complete = chunk->kind == CHUNK_FILE_FINISH;
    file->broken = file->broken || (complete && chunk->offset != file->mail_len);
    enum err err = file_finish(file, complete, &files->last_words);
    if (err == ERR_SYSTEM) {
        return PROGRESS_FAILED;
    }
    if (err == ERR_INPUT) {
        output_files_give_up(files, 1, false);
    } else if (file->removed) {
        file_fail(&files->last_words, file, ENOENT);
        output_files_give_up(files, 1, false);
    } else if (file->broken) {
        backlog_lose(&files->backlog, 1);
    } else {
        atomic_fetch_add(&files->lines, 1);
    }
    // However small the message is: the disk keeps up if it makes files.
    backlog_wrote(&files->backlog, MAIL_WORK, files->now_ns);
    file_table_remove(&files->table, file);
    return PROGRESS_DONE;
}

static enum progress take_mail(struct output_files *files, struct chunk *chunk) {
    char *path = mail_path(files, chunk);
    struct file *file = file_table_find(&files->table, path);
    enum progress progress = PROGRESS_DONE;
    if (chunk->kind == CHUNK_FILE_OPEN) {
        progress = take_mail_open(files, path);
    } else if (file == NULL) {
        progress = PROGRESS_DONE; // its beginning was lost, and counted
    } else if (chunk->kind == CHUNK_FILE_DATA) {
        file_table_touch(&files->table, file);
        progress = take_mail_data(files, file, chunk);
    } else if (chunk->kind == CHUNK_FILE_DROP) {
        file_drop(file);
        file_table_remove(&files->table, file);
    } else {
        file_table_touch(&files->table, file);
        progress = take_mail_end(files, file, chunk);
    }
    free(path);
    return progress;
}

// ── any chunk ───────────────────────────────────────────────────────────────────────────────────

// A file that is not ours is left as it is, which is said once.
static enum progress refuse(struct output_files *files, struct file *file, uint64_t lines) {
    bool said = file->refused;
    file->refused = true;
    return output_files_give_up(files, lines, said);
}

static enum progress take_into_file(struct output_files *files, struct chunk *chunk) {
    const char *path = chunk->path == NULL ? files->to->path : chunk->path;
    struct file *file = output_files_at(files, path);
    enum err err = output_files_open_one(files, file);
    if (err == ERR_INPUT) {
        return refuse(files, file, chunk_lines(chunk));
    }
    if (err != OK) {
        return PROGRESS_FAILED;
    }
    file->refused = false;
    struct slice bytes = slice_of(chunk->bytes, chunk->len);
    if (chunk->kind == CHUNK_LINES) {
        return take_lines(files, file, bytes);
    }
    if (chunk->kind == CHUNK_LOST) {
        take_loss(files, file, chunk->offset);
        return PROGRESS_DONE;
    }
    return chunk->kind == CHUNK_DOCUMENT ? take_document(files, file, chunk)
                                         : take_append(files, file, chunk);
}

enum progress chunk_take(struct output_files *files, struct chunk *chunk) {
    switch (chunk->kind) {
    case CHUNK_LINES:
    case CHUNK_DOCUMENT:
    case CHUNK_APPEND:
        return take_into_file(files, chunk);
    case CHUNK_LOST: // no file is made for what a format has no line for
        return files->to->framing->put_lost == NULL ? PROGRESS_DONE : take_into_file(files, chunk);
    case CHUNK_FILE_OPEN:
    case CHUNK_FILE_DATA:
    case CHUNK_FILE_FINISH:
    case CHUNK_FILE_PARTIAL:
    case CHUNK_FILE_DROP:
        return take_mail(files, chunk);
    }
    return PROGRESS_DONE;
}
