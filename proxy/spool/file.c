// SPDX-License-Identifier: MIT
#include "spool/file.h"

#include "base/limits.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/output_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Chunks are put in until there is enough for a write.
#define OUT_MAX (LIMIT_WRITE + LIMIT_CHUNK)

struct file *file_new(const struct framing *framing, const char *path) {
    struct file *file = mem_new(sizeof(*file));
    file->framing = framing;
    file->path = mem_string(path);
    file->standard_fd = -1;
    buf_init(&file->out, OUT_MAX);
    return file;
}

void file_free(struct file *file) {
    if (file == NULL) {
        return;
    }
    output_fd_close(&file->target);
    output_fd_close(&file->spool);
    buf_cleanup(&file->out);
    free(file->path);
    free(file);
}

enum err file_fail(struct failure *failure, const struct file *file, int error) {
    return fail(failure, ERR_SYSTEM, "cannot write to %s output '%s': %s%s", file->framing->name,
                file->path, strerror(error), path_remedy(error));
}

bool file_is_open(const struct file *file) {
    return file->target.kind != OUTPUT_FD_CLOSED;
}

void file_close(struct file *file) {
    output_fd_close(&file->target);
}

// A regular file that we opened by its name, so that it may be cut.
static bool is_named(const struct file *file) {
    return file->target.kind == OUTPUT_FD_FILE && !file->target.standard;
}

static char *partial_path(const struct file *file) {
    return mem_format("%s.partial", file->path);
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

bool file_note_identity(struct file *file) {
    struct stat status;
    if (fstat(file->target.fd, &status) != 0) {
        return false;
    }
    bool same =
        S_ISREG(status.st_mode) && file->device == status.st_dev && file->inode == status.st_ino;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    return same;
}

static enum err check_ours(const struct file *file, struct failure *failure) {
    uint8_t head[FRAMING_HEAD_MAX];
    if (file->size == 0 || !is_named(file)) {
        return OK;
    }
    ssize_t len = pread(file->target.fd, head, sizeof(head), 0);
    if (len < 0) {
        return fail(failure, ERR_SYSTEM, "cannot read '%s' to see whether it may be replaced: %s",
                    file->path, strerror(errno));
    }
    if (!framing_is_ours(file->framing, slice_of(head, (size_t)len))) {
        return fail(failure, ERR_INPUT,
                    "'%s' is not empty and not a %s file of smtpscope, so it is not replaced",
                    file->path, file->framing->name);
    }
    return OK;
}

// What waits in `out` follows the head of the new file; it may have one already, for a file
// that was lost before it was written.
static void put_head_in_front(struct file *file) {
    struct buf head;
    buf_init(&head, OUT_MAX);
    framing_put_head(&head, file->framing);
    if (!slice_starts_with(buf_slice(&file->out), buf_slice(&head))) {
        buf_put(&head, buf_slice(&file->out));
        buf_cleanup(&file->out);
        file->out = head;
        return;
    }
    buf_cleanup(&head);
}

static enum err begin_replaced(struct file *file, bool same, struct failure *failure) {
    if (same) {
        return file->framing->shape == SHAPE_DOCUMENT ? document_begin(file, same, failure) : OK;
    }
    enum err err = check_ours(file, failure);
    if (err != OK || file->framing->shape == SHAPE_DOCUMENT) {
        return err != OK ? err : document_begin(file, same, failure);
    }
    // The new reader of a pipe begins with a whole record.
    if (file->begun && file->target.kind != OUTPUT_FD_FILE) {
        buf_clear(&file->out);
    }
    // Devices and pipes cannot be cut, and need not.
    if (is_named(file) && ftruncate(file->target.fd, 0) != 0) {
        return file_fail(failure, file, errno);
    }
    file->size = 0;
    put_head_in_front(file);
    return OK;
}

// A line that a crash left without its end must not swallow the first one of ours.
static void end_torn_line(struct file *file) {
    char last = '\n';
    if (is_named(file) && file->size > 0 &&
        pread(file->target.fd, &last, 1, (off_t)file->size - 1) == 1 && last != '\n' &&
        buf_len(&file->out) == 0) {
        buf_put_byte(&file->out, '\n');
    }
}

// The reader of a pipe went away in the middle of a line; the next one gets whole ones.
static void skip_torn_line(struct file *file) {
    size_t end = slice_find_byte(buf_slice(&file->out), '\n');
    if (file->torn && end != SLICE_NONE) {
        buf_consume(&file->out, end + 1);
    }
    file->torn = false;
}

static enum err begin(struct file *file, struct failure *failure) {
    bool same = file_note_identity(file) && file->begun;
    enum err err = OK;
    if (framing_replaces(file->framing)) {
        err = begin_replaced(file, same, failure);
    } else if (file->framing->shape != SHAPE_FOLDER && !same) {
        skip_torn_line(file);
        end_torn_line(file);
    }
    file->begun = err == OK;
    return err;
}

// A message's file is made new under its temporary name, whatever an earlier run left there; a
// symbolic link in its place is not followed.
static int open_mail(struct file *file) {
    char *path = partial_path(file);
    if (!file->begun && unlink(path) != 0 && errno != ENOENT) {
        int error = errno;
        free(path);
        return error;
    }
    int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (file->begun ? 0 : O_CREAT | O_EXCL);
    int fd = open(path, flags, 0600);
    free(path);
    if (fd < 0) {
        return errno;
    }
    file->target = (struct output_fd){.kind = OUTPUT_FD_FILE, .fd = fd};
    if (file->begun && !file_note_identity(file)) {
        file_close(file);
        return ENOENT; // another file has its name
    }
    return 0;
}

static bool is_free(const char *path) {
    struct stat status;
    return lstat(path, &status) != 0 && errno == ENOENT;
}

static int open_target(struct file *file) {
    if (file->standard_fd >= 0) {
        return output_fd_open_standard(&file->target, file->standard_fd);
    }
    if (file->framing->shape == SHAPE_FOLDER) {
        return open_mail(file);
    }
    if (file->framing->shape == SHAPE_DOCUMENT && is_free(file->path) && document_make(file) == 0) {
        return 0;
    }
    bool append = file->framing->shape != SHAPE_DOCUMENT;
    return output_fd_open(&file->target, file->path, append, file->framing->secret);
}

static bool is_fifo(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

// The file of a message under way was taken away: what is left of the message has no place.
static void remove_mail(struct file *file) {
    file->broken = true;
    file->removed = true;
    buf_clear(&file->out);
}

enum err file_open(struct file *file, struct failure *failure) {
    if (file_is_open(file)) {
        return OK;
    }
    int error = open_target(file);
    if (error == ENXIO && is_fifo(file->path)) {
        return OK;
    }
    if (error != 0 && file->framing->shape == SHAPE_FOLDER && file->begun &&
        (error == ENOENT || error == ELOOP)) {
        remove_mail(file);
        return OK;
    }
    if (error != 0) {
        return file_fail(failure, file, error);
    }
    enum err err = begin(file, failure);
    if (err != OK) {
        file_close(file);
    }
    return err;
}

enum err file_refresh(struct file *file, struct failure *failure) {
    if (file_is_open(file) && output_fd_is_deleted(&file->target)) {
        if (file->framing->shape == SHAPE_FOLDER) {
            remove_mail(file);
            return OK;
        }
        file->written = 0;
        file_close(file);
    }
    return file_open(file, failure);
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

// Cuts a regular file back to its last whole record; the rest is in `out` again. Where it
// cannot be cut, what is written stays written, and the rest follows when there is room.
static void roll_back(struct file *file) {
    struct slice written = slice_sub(buf_slice(&file->out), 0, file->written);
    size_t whole = framing_whole(file->framing, written, file->size == 0);
    if (whole < written.len && !file->target.standard &&
        ftruncate(file->target.fd, (off_t)(file->size + whole)) == 0) {
        written.len = whole;
    }
    buf_consume(&file->out, written.len);
    file->size += written.len;
    file->written = 0;
}

static enum progress flush_regular(struct file *file, size_t *out_len) {
    struct slice rest = slice_from(buf_slice(&file->out), file->written);
    enum progress progress = output_fd_write(&file->target, rest, out_len);
    file->written += *out_len;
    if (progress == PROGRESS_DONE) {
        buf_consume(&file->out, file->written);
        file->size += file->written;
        file->written = 0;
    }
    return progress;
}

static enum progress flush_stream(struct file *file, size_t *out_len) {
    struct slice bytes = buf_slice(&file->out);
    enum progress progress = output_fd_write(&file->target, bytes, out_len);
    if (*out_len > 0) {
        file->torn = bytes.data[*out_len - 1] != '\n';
    }
    buf_consume(&file->out, *out_len);
    file->size += *out_len;
    return progress;
}

enum progress file_flush(struct file *file, size_t *out_len, struct failure *failure) {
    *out_len = 0;
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE;
    }
    bool regular = file->target.kind == OUTPUT_FD_FILE;
    enum progress progress = regular ? flush_regular(file, out_len) : flush_stream(file, out_len);
    if (progress == PROGRESS_FAILED) {
        int error = errno;
        file_fail(failure, file, error);
        if (regular) {
            roll_back(file);
        }
        file_close(file);
    }
    return progress;
}

// ── the files of `eml` ──────────────────────────────────────────────────────────────────────────

enum err file_finish(struct file *file, bool complete, struct failure *failure) {
    file_close(file);
    if (!complete || file->broken) {
        return OK;
    }
    char *path = partial_path(file);
    int error = rename(path, file->path) == 0 ? 0 : errno;
    free(path);
    if (error != 0) {
        file_fail(failure, file, error);
    }
    return error == ENOENT ? ERR_INPUT : error != 0 ? ERR_SYSTEM : OK;
}

void file_drop(struct file *file) {
    char *path = partial_path(file);
    file_close(file);
    unlink(path);
    unlink(file->path);
    free(path);
}
