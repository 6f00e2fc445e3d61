// SPDX-License-Identifier: MIT
#include "spool/document_file.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define DOCUMENT_OURS "{\"schema\":\"smtpscope/"

enum { PARTS = 3 };

bool document_is_ours(struct slice head) {
    struct slice rest = SLICE(DOCUMENT_OURS);
    for (size_t i = 0; i < head.len && rest.len > 0; i++) {
        uint8_t byte = head.data[i];
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
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

static int document_fd(const struct file *file) {
    return file->spool.kind != TARGET_CLOSED ? file->spool.fd : file->target.fd;
}

static bool write_all_at(int fd, struct slice bytes, uint64_t offset) {
    while (bytes.len > 0) {
        ssize_t len = pwrite(fd, bytes.data, bytes.len, (off_t)offset);
        if (len < 0 && errno != EINTR) {
            return false;
        }
        size_t taken = len < 0 ? 0 : (size_t)len;
        bytes = slice_from(bytes, taken);
        offset += taken;
    }
    return true;
}

// The old document goes first: an empty file is no document, but never half of two.
static enum err begin_new(struct file *file, struct failure *failure) {
    struct slice empty = SLICE(DOCUMENT_HEAD DOCUMENT_EMPTY);
    int fd = document_fd(file);
    if (ftruncate(fd, 0) != 0 || !write_all_at(fd, empty, 0)) {
        return file_fail(failure, file, errno);
    }
    file->tail = sizeof(DOCUMENT_HEAD) - 1;
    file->has_sessions = false;
    return OK;
}

enum err document_begin(struct file *file, bool same_file, struct failure *failure) {
    if (same_file || file->spool.kind != TARGET_CLOSED) {
        return OK;
    }
    if (file->target.kind != TARGET_FILE || file->target.standard) {
        file->spool = (struct target){.kind = TARGET_FILE, .fd = spool_open()};
        if (file->spool.fd < 0) {
            file->spool.kind = TARGET_CLOSED;
            return file_fail(failure, file, errno);
        }
    }
    return begin_new(file, failure);
}

static struct iovec part_of(struct slice s) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)s.data, .iov_len = s.len};
}

// The rest of a session that was written in part: at the end of a full disk this fails with the
// reason, which the short write did not say.
static bool write_rest(int fd, const struct slice parts[static PARTS], size_t done,
                       uint64_t offset) {
    for (size_t i = 0; i < PARTS; i++) {
        size_t skip = done < parts[i].len ? done : parts[i].len;
        if (!write_all_at(fd, slice_from(parts[i], skip), offset + skip)) {
            return false;
        }
        done -= skip;
        offset += parts[i].len;
    }
    return true;
}

// Puts the tail back where it stood; its block is allocated, so a full disk does not refuse it.
static void take_back(const struct file *file, int fd) {
    struct slice tail = file->has_sessions ? SLICE(DOCUMENT_TAIL) : SLICE(DOCUMENT_EMPTY);
    if (write_all_at(fd, tail, file->tail)) {
        int cut = ftruncate(fd, (off_t)(file->tail + tail.len));
        (void)cut; // nothing is left to try: the caller reports the first failure
    }
}

enum progress document_add(struct file *file, struct slice session, struct failure *failure) {
    const struct slice parts[PARTS] = {file->has_sessions ? SLICE(",\n") : SLICE("\n"), session,
                                       SLICE(DOCUMENT_TAIL)};
    struct iovec vector[PARTS] = {part_of(parts[0]), part_of(parts[1]), part_of(parts[2])};
    int fd = document_fd(file);
    ssize_t len = pwritev(fd, vector, PARTS, (off_t)file->tail);
    if (len < 0 || !write_rest(fd, parts, (size_t)len, file->tail)) {
        int error = errno;
        take_back(file, fd);
        file_fail(failure, file, error);
        return PROGRESS_FAILED;
    }
    file->tail += parts[0].len + session.len;
    file->has_sessions = true;
    return PROGRESS_DONE;
}

bool document_spool_next(struct file *file) {
    uint64_t end =
        file->tail + (file->has_sessions ? sizeof(DOCUMENT_TAIL) - 1 : sizeof(DOCUMENT_EMPTY) - 1);
    if (file->spool.kind == TARGET_CLOSED || file->copied == end) {
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
