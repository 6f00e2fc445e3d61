// SPDX-License-Identifier: MIT
#include "spool/take.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/rotate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// Enough for one write; more waits as pieces, so that the backlog counts it.
#define WRITE_BYTES (256 * KIB)
// Bytes that making a file counts for as work of the disk.
#define MAIL_WORK (4 * KIB)

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static int put_counter(const struct lane *lane, char *out, size_t max) {
    return lane->to->framing->put_counter(out, max, lane->counter + 1);
}

// Whether `len` more bytes make the file pass --rotate.
static bool is_full(const struct lane *lane, const struct file *file, size_t len) {
    uint64_t size = file->size + buf_len(&file->out);
    return lane->options->rotate_size > 0 && file->target.kind == TARGET_FILE &&
           !file->target.standard && size > 0 && size + len > lane->options->rotate_size &&
           size >= file->rotate_not_before;
}

static enum progress rotate(struct lane *lane, struct file *file) {
    enum progress progress = lane_flush(lane, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    if (rotate_names(&lane->last_words, file->path, lane->options->rotate_keep) != OK) {
        // The lines matter more than the size: it goes on where it is, for one more size.
        if (file->rotate_not_before == 0) {
            lane_complain(lane, lane->last_words.text);
        }
        file->rotate_not_before = file->size + lane->options->rotate_size;
        return PROGRESS_DONE;
    }
    file->rotate_not_before = 0;
    file_close(file);
    return lane_open_file(lane, file) == OK ? PROGRESS_DONE : PROGRESS_FAILED;
}

static enum progress take_line(struct lane *lane, struct file *file, struct slice line) {
    char counter[48];
    int counter_len = put_counter(lane, counter, sizeof(counter));
    size_t len = line.len + (size_t)counter_len;
    if (is_full(lane, file, len)) {
        enum progress progress = rotate(lane, file);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    terminal_put_line(&lane->terminal, &file->out, slice_of(counter, (size_t)counter_len), line);
    lane->counter++;
    atomic_fetch_add(&lane->lines, 1);
    return PROGRESS_DONE;
}

static enum progress take_lines(struct lane *lane, struct file *file, struct slice lines) {
    while (lane->line_offset < lines.len) {
        struct slice rest = slice_from(lines, lane->line_offset);
        size_t end = slice_find_byte(rest, '\n');
        struct slice line = slice_sub(rest, 0, end == SLICE_NONE ? rest.len : end + 1);
        enum progress progress = PROGRESS_DONE;
        if (buf_len(&file->out) >= WRITE_BYTES) {
            progress = lane_flush(lane, file);
        }
        if (progress == PROGRESS_DONE) {
            progress = take_line(lane, file, line);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
        }
        lane->line_offset += line.len;
    }
    return PROGRESS_DONE;
}

// The line that says how many were lost.
static void take_loss(struct lane *lane, struct file *file, uint64_t count) {
    const struct framing *framing = lane->to->framing;
    struct buf line;
    buf_init(&line, MIB);
    framing->put_lost(&line, count, lane->reason, clock_unix_ns(), lane->to->color);
    enum progress progress = take_line(lane, file, buf_slice(&line));
    (void)progress; // a file that cannot be rotated now is rotated by the next line
    buf_cleanup(&line);
}

// ── the kinds of pieces ─────────────────────────────────────────────────────────────────────────

// Large bytes are taken as they are, small ones are gathered for one write.
static void put_bytes(struct file *file, struct piece *piece) {
    if (piece->len >= WRITE_BYTES / 4 && buf_len(&file->out) == 0) {
        buf_cleanup(&file->out);
        file->out.data = piece->bytes;
        file->out.end = piece->len;
        file->out.capacity = piece->len;
        piece->bytes = NULL;
        return;
    }
    buf_put(&file->out, slice_of(piece->bytes, piece->len));
}

static enum progress take_append(struct lane *lane, struct file *file, struct piece *piece) {
    enum progress progress = PROGRESS_DONE;
    if (buf_len(&file->out) >= WRITE_BYTES) {
        progress = lane_flush(lane, file);
    }
    if (progress == PROGRESS_DONE) {
        put_bytes(file, piece);
        atomic_fetch_add(&lane->lines, 1);
    }
    return progress;
}

static enum progress take_document(struct lane *lane, struct file *file,
                                   const struct piece *piece) {
    if (file_refresh(file, &lane->last_words) != OK) {
        return PROGRESS_FAILED;
    }
    enum progress progress =
        document_add(file, slice_of(piece->bytes, piece->len), &lane->last_words);
    if (progress == PROGRESS_DONE) {
        lane_wrote(lane, piece->len);
        atomic_fetch_add(&lane->lines, 1);
    }
    return progress;
}

static char *mail_path(const struct lane *lane, const struct piece *piece) {
    const char *folder = piece->path == NULL ? lane->to->path : piece->path;
    return mem_format("%s/%s", folder, piece->name);
}

static enum progress take_mail_open(struct lane *lane, const char *path) {
    struct file *file = lane_file(lane, path);
    enum err err = lane_open_file(lane, file);
    if (err == OK) {
        return PROGRESS_DONE;
    }
    file_table_remove(&lane->files, file);
    return err == ERR_INPUT ? lane_give_up(lane, 1, false) : PROGRESS_FAILED;
}

static enum progress take_mail_data(struct lane *lane, struct file *file, struct piece *piece) {
    if (buf_len(&file->out) >= WRITE_BYTES) {
        enum progress progress = lane_flush(lane, file);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    // Behind a gap nothing is added: what is kept is the true beginning of the message.
    file->broken = file->broken || piece->offset != file->mail_len;
    if (!file->broken) {
        file->mail_len += piece->len;
        put_bytes(file, piece);
    }
    return PROGRESS_DONE;
}

static enum progress take_mail_end(struct lane *lane, struct file *file,
                                   const struct piece *piece) {
    enum progress progress = lane_flush(lane, file);
    if (progress != PROGRESS_DONE) {
        return progress;
    }
    bool complete = piece->kind == PIECE_FILE_FINISH;
    file->broken = file->broken || (complete && piece->offset != file->mail_len);
    enum err err = file_finish(file, complete, &lane->last_words);
    if (err == ERR_SYSTEM) {
        return PROGRESS_FAILED;
    }
    if (err == ERR_INPUT) {
        lane_give_up(lane, 1, false);
    } else if (file->removed) {
        file_fail(&lane->last_words, file, ENOENT);
        lane_give_up(lane, 1, false);
    } else if (file->broken) {
        backlog_lose(&lane->backlog, 1);
    } else {
        atomic_fetch_add(&lane->lines, 1);
    }
    // However small the message is: the disk keeps up if it makes files.
    backlog_wrote(&lane->backlog, MAIL_WORK, lane->now_ns);
    file_table_remove(&lane->files, file);
    return PROGRESS_DONE;
}

static enum progress take_mail(struct lane *lane, struct piece *piece) {
    char *path = mail_path(lane, piece);
    struct file *file = file_table_find(&lane->files, path);
    enum progress progress = PROGRESS_DONE;
    if (piece->kind == PIECE_FILE_OPEN) {
        progress = take_mail_open(lane, path);
    } else if (file == NULL) {
        progress = PROGRESS_DONE; // its beginning was lost, and counted
    } else if (piece->kind == PIECE_FILE_DATA) {
        file_table_touch(&lane->files, file);
        progress = take_mail_data(lane, file, piece);
    } else if (piece->kind == PIECE_FILE_DROP) {
        file_drop(file);
        file_table_remove(&lane->files, file);
    } else {
        file_table_touch(&lane->files, file);
        progress = take_mail_end(lane, file, piece);
    }
    free(path);
    return progress;
}

// A file that is not ours is left as it is, which is said once.
static enum progress refuse(struct lane *lane, struct file *file, uint64_t lines) {
    bool said = file->refused;
    file->refused = true;
    return lane_give_up(lane, lines, said);
}

static enum progress take_into_file(struct lane *lane, struct piece *piece) {
    const char *path = piece->path == NULL ? lane->to->path : piece->path;
    struct file *file = lane_file(lane, path);
    enum err err = lane_open_file(lane, file);
    if (err == ERR_INPUT) {
        return refuse(lane, file, piece_lines(piece));
    }
    if (err != OK) {
        return PROGRESS_FAILED;
    }
    file->refused = false;
    struct slice bytes = slice_of(piece->bytes, piece->len);
    if (piece->kind == PIECE_LINES) {
        return take_lines(lane, file, bytes);
    }
    if (piece->kind == PIECE_LOST) {
        take_loss(lane, file, piece->offset);
        return PROGRESS_DONE;
    }
    return piece->kind == PIECE_DOCUMENT ? take_document(lane, file, piece)
                                         : take_append(lane, file, piece);
}

enum progress take_piece(struct lane *lane, struct piece *piece) {
    switch (piece->kind) {
    case PIECE_LINES:
    case PIECE_DOCUMENT:
    case PIECE_APPEND:
        return take_into_file(lane, piece);
    case PIECE_LOST: // no file is made for what a format has no line for
        return lane->to->framing->put_lost == NULL ? PROGRESS_DONE : take_into_file(lane, piece);
    case PIECE_FILE_OPEN:
    case PIECE_FILE_DATA:
    case PIECE_FILE_FINISH:
    case PIECE_FILE_PARTIAL:
    case PIECE_FILE_DROP:
        return take_mail(lane, piece);
    }
    return PROGRESS_DONE;
}
