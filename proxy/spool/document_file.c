// SPDX-License-Identifier: MIT
#include "spool/document_file.h"

#include "base/limits.h"
#include "base/text.h"
#include "spool/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define DOCUMENT_OURS "{\"schema\":\"smtpscope/"

bool document_is_ours(struct slice head) {
    struct slice rest = SLICE(DOCUMENT_OURS);
    for (size_t i = 0; i < head.len && rest.len > 0; i++) {
        uint8_t byte = head.data[i];
        if (text_is_space(byte)) {
            continue;
        }
        if (byte != rest.data[0]) {
            return false;
        }
        rest = slice_from(rest, 1);
    }
    return rest.len == 0;
}

// A file without a name for the document of a stream; in memory only where there is no folder for
// temporary files.
static int spool_open(void) {
    const char *folder = getenv("TMPDIR");
    int fd = open(folder == NULL || *folder == '\0' ? "/tmp" : folder,
                  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("smtpscope", MFD_CLOEXEC);
}

static bool is_spooled(const struct file *file) {
    return file->spool.kind != OUTPUT_FD_CLOSED;
}

// 0, or an errno.
static int change_end(struct file *file, const struct swap *swap) {
    if (is_spooled(file)) {
        return swap_end(&file->spool, NULL, swap);
    }
    int error = swap_end(&file->target, file->path, swap);
    file_note_identity(file);
    return error;
}

static enum err begin_new(struct file *file, struct failure *failure) {
    const struct swap swap = {.parts = {SLICE(DOCUMENT_HEAD DOCUMENT_EMPTY)}};
    int error = change_end(file, &swap);
    if (error != 0) {
        return file_fail(failure, file, error);
    }
    file->tail = sizeof(DOCUMENT_HEAD) - 1;
    file->has_sessions = false;
    return OK;
}

int document_make(struct file *file) {
    return swap_make(&file->target, file->path, SLICE(DOCUMENT_HEAD DOCUMENT_EMPTY));
}

enum err document_begin(struct file *file, bool same_file, struct failure *failure) {
    if (same_file || is_spooled(file)) {
        return OK;
    }
    if (file->target.kind != OUTPUT_FD_FILE || file->target.standard) {
        file->spool = (struct output_fd){.kind = OUTPUT_FD_FILE, .fd = spool_open()};
        if (file->spool.fd < 0) {
            file->spool.kind = OUTPUT_FD_CLOSED;
            return file_fail(failure, file, errno);
        }
    }
    return begin_new(file, failure);
}

enum progress document_add(struct file *file, struct slice session, struct failure *failure) {
    struct slice comma = file->has_sessions ? SLICE(",\n") : SLICE("\n");
    const struct swap swap = {.keep = file->tail, .parts = {comma, session, SLICE(DOCUMENT_TAIL)}};
    int error = change_end(file, &swap);
    if (error != 0) {
        file_fail(failure, file, error);
        errno = error;
        return PROGRESS_FAILED;
    }
    file->tail += comma.len + session.len;
    file->has_sessions = true;
    return PROGRESS_DONE;
}

bool document_spool_next(struct file *file) {
    uint64_t end =
        file->tail + (file->has_sessions ? sizeof(DOCUMENT_TAIL) - 1 : sizeof(DOCUMENT_EMPTY) - 1);
    if (!is_spooled(file) || file->copied == end) {
        return false;
    }
    uint8_t *room = buf_reserve(&file->out, LIMIT_READ);
    ssize_t len = pread(file->spool.fd, room, LIMIT_READ, (off_t)file->copied);
    if (len <= 0) {
        return false;
    }
    buf_commit(&file->out, (size_t)len);
    file->copied += (uint64_t)len;
    return true;
}
