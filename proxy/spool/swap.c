// SPDX-License-Identifier: MIT
#include "spool/swap.h"

#include "base/limits.h"
#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// ── in place ────────────────────────────────────────────────────────────────────────────────────

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

// The rest of what was written in part: at the end of a full disk this fails with the reason, which
// the short write did not say.
static bool write_rest(int fd, const struct swap *swap, size_t done) {
    uint64_t offset = swap->keep;
    for (size_t i = 0; i < SWAP_PARTS; i++) {
        struct slice part = swap->parts[i];
        size_t skip = done < part.len ? done : part.len;
        if (!write_all_at(fd, slice_from(part, skip), offset + skip)) {
            return false;
        }
        done -= skip;
        offset += part.len;
    }
    return true;
}

static bool write_parts(int fd, const struct swap *swap) {
    struct iovec vector[SWAP_PARTS];
    for (size_t i = 0; i < SWAP_PARTS; i++) {
        vector[i].iov_base = (void *)(uintptr_t)swap->parts[i].data;
        vector[i].iov_len = swap->parts[i].len;
    }
    ssize_t len = pwritev(fd, vector, SWAP_PARTS, (off_t)swap->keep);
    return len >= 0 && write_rest(fd, swap, (size_t)len);
}

static uint64_t new_size(const struct swap *swap) {
    uint64_t size = swap->keep;
    for (size_t i = 0; i < SWAP_PARTS; i++) {
        size += swap->parts[i].len;
    }
    return size;
}

static int write_in_place(int fd, const struct swap *swap) {
    uint8_t old_end[LIMIT_OLD_END];
    struct stat status;
    ssize_t old_len = pread(fd, old_end, sizeof(old_end), (off_t)swap->keep);
    bool cut = fstat(fd, &status) == 0 && (uint64_t)status.st_size > new_size(swap);
    if ((!cut || ftruncate(fd, (off_t)swap->keep) == 0) && write_parts(fd, swap)) {
        return 0;
    }
    int error = errno;
    // The block of the old end is allocated, so a full disk does not refuse it.
    size_t len = old_len > 0 ? (size_t)old_len : 0;
    if (write_all_at(fd, slice_of(old_end, len), swap->keep)) {
        int result = ftruncate(fd, (off_t)(swap->keep + len));
        (void)result; // nothing is left to try: the caller reports the first failure
    }
    return error;
}

// ── as a copy ───────────────────────────────────────────────────────────────────────────────────

static bool copy_front(int to, int from, uint64_t len) {
    off_t offset = 0;
    while ((uint64_t)offset < len) {
        ssize_t copied = sendfile(to, from, &offset, (size_t)(len - (uint64_t)offset));
        if (copied == 0) {
            errno = EIO; // it is shorter than what was written to it
        }
        if (copied == 0 || (copied < 0 && errno != EINTR)) {
            return false;
        }
    }
    return true;
}

// The copy belongs to the same user and group, and is open to the same people.
static bool copy_rights(int to, const struct stat *old) {
    struct stat status;
    if (fstat(to, &status) != 0) {
        return false;
    }
    bool same = status.st_uid == old->st_uid && status.st_gid == old->st_gid;
    return (same || fchown(to, old->st_uid, old->st_gid) == 0) &&
           fchmod(to, old->st_mode & 07777) == 0;
}

static int write_copy(struct output_fd *target, const char *real, const struct stat *old,
                      const struct swap *swap) {
    struct new_file copy;
    int error = new_file_open(&copy, AT_FDCWD, real, 0600);
    if (error != 0) {
        return error;
    }
    bool written = copy_rights(copy.fd, old) && copy_front(copy.fd, target->fd, swap->keep) &&
                   write_parts(copy.fd, swap);
    error = written ? new_file_commit(&copy, true) : errno;
    if (error != 0) {
        new_file_discard(&copy);
        return error;
    }
    output_fd_close(target);
    *target = (struct output_fd){.kind = OUTPUT_FD_FILE, .fd = copy.fd};
    return 0;
}

// Under the name that links lead to, if that is still the file that is open.
static int replace_by_copy(struct output_fd *target, const char *path, const struct swap *swap) {
    struct stat old;
    struct stat named;
    char *real = realpath(path, NULL);
    if (real == NULL) {
        return errno;
    }
    int error = EXDEV;
    if (fstat(target->fd, &old) != 0 || lstat(real, &named) != 0) {
        error = errno;
    } else if (old.st_dev == named.st_dev && old.st_ino == named.st_ino) {
        error = write_copy(target, real, &old, swap);
    }
    free(real);
    return error;
}

// ── which of them ───────────────────────────────────────────────────────────────────────────────

enum lease { LEASE_TAKEN, LEASE_IN_USE, LEASE_NONE };

static enum lease lease_take(int fd) {
    // Who opens the file meanwhile makes the kernel send a signal; this one is ignored unless asked
    // for, the usual SIGIO would end the process.
    if (fcntl(fd, F_SETSIG, SIGURG) != 0) {
        return LEASE_NONE;
    }
    if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
        return LEASE_TAKEN;
    }
    return errno == EAGAIN || errno == EBUSY ? LEASE_IN_USE : LEASE_NONE;
}

// Where the system has no leases a file is copied for each change, up to a size: so many bytes a
// session are cheap, and more would cost the square of their number.
static bool can_copy(const struct output_fd *target, enum lease lease) {
    struct stat status;
    return lease == LEASE_IN_USE ||
           (fstat(target->fd, &status) == 0 && (uint64_t)status.st_size <= LIMIT_FILE_COPY);
}

int swap_end(struct output_fd *target, const char *path, const struct swap *swap) {
    if (path == NULL) {
        return write_in_place(target->fd, swap);
    }
    enum lease lease = lease_take(target->fd);
    if (lease == LEASE_TAKEN) {
        int error = write_in_place(target->fd, swap);
        int result = fcntl(target->fd, F_SETLEASE, F_UNLCK);
        (void)result; // it is ours, or was broken
        return error;
    }
    int error = can_copy(target, lease) ? replace_by_copy(target, path, swap) : ENOTSUP;
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO;
    return error == 0 || full ? error : write_in_place(target->fd, swap);
}

int swap_make(struct output_fd *out, const char *path, struct slice bytes) {
    struct new_file file;
    int error = new_file_open(&file, AT_FDCWD, path, 0600);
    if (error != 0) {
        return error;
    }
    error = file_write_all(file.fd, bytes) ? new_file_commit(&file, false) : errno;
    if (error != 0) {
        new_file_discard(&file);
        return error;
    }
    *out = (struct output_fd){.kind = OUTPUT_FD_FILE, .fd = file.fd};
    return 0;
}
