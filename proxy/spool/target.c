// SPDX-License-Identifier: MIT
#include "spool/target.h"

#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_regular_or_new(const char *path) {
    struct stat status;
    return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static int open_path(int *out_fd, const char *path, int flags, bool secret) {
    flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if (secret) {
        return private_file_open(out_fd, path, flags);
    }
    *out_fd = open(path, flags | O_CREAT, 0600);
    return *out_fd < 0 ? errno : 0;
}

int target_open(struct target *target, const char *path, bool append, bool secret) {
    int flags = append ? O_APPEND : 0;
    int fd = -1;
    int error = ENOENT;
    if (is_regular_or_new(path)) {
        error = open_path(&fd, path, flags | O_RDWR, secret);
    }
    // Opening a FIFO for reading too would hide that its reader went away.
    if (error != 0) {
        error = open_path(&fd, path, flags | O_WRONLY, secret);
    }
    struct stat status;
    if (error != 0 || fstat(fd, &status) != 0) {
        return error != 0 ? error : errno;
    }
    enum target_kind kind = S_ISREG(status.st_mode) ? TARGET_FILE : TARGET_STREAM;
    *target = (struct target){.kind = kind, .fd = fd};
    return 0;
}

// A second description of what `fd` is open on, so that it may be non-blocking; -1 where the system
// does not give one (no /proc, a terminal of another user).
static int open_again(int fd) {
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int target_open_standard(struct target *target, int standard_fd) {
    struct stat status;
    int flags = fcntl(standard_fd, F_GETFL);
    if (flags < 0 || fstat(standard_fd, &status) != 0) {
        return errno;
    }
    if ((flags & O_ACCMODE) == O_RDONLY) {
        return EBADF; // opened again through /proc it would take all, and nobody would see it
    }
    *target = (struct target){.kind = TARGET_SHARED, .fd = -1, .standard = true};
    if (S_ISSOCK(status.st_mode)) {
        target->kind = TARGET_SOCKET;
    } else if (S_ISREG(status.st_mode)) {
        target->kind = TARGET_FILE;
    } else {
        target->fd = open_again(standard_fd);
        target->kind = target->fd >= 0 ? TARGET_STREAM : TARGET_SHARED;
    }
    if (target->fd < 0) {
        target->fd = fcntl(standard_fd, F_DUPFD_CLOEXEC, 3);
    }
    return target->fd < 0 ? errno : 0;
}

void target_close(struct target *target) {
    if (target->kind != TARGET_CLOSED) {
        close(target->fd);
    }
    *target = (struct target){.kind = TARGET_CLOSED};
}

static ssize_t write_shared(int fd, struct slice bytes) {
    struct pollfd asked = {.fd = fd, .events = POLLOUT};
    if (poll(&asked, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(fd, bytes.data, bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF);
}

static ssize_t write_once(struct target *target, struct slice bytes) {
    switch (target->kind) {
    case TARGET_CLOSED:
        break;
    case TARGET_FILE:
    case TARGET_STREAM:
        return write(target->fd, bytes.data, bytes.len);
    case TARGET_SHARED:
        return write_shared(target->fd, bytes);
    case TARGET_SOCKET:
        return send(target->fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    errno = EBADF;
    return -1;
}

enum progress target_write(struct target *target, struct slice bytes, size_t *out_len) {
    *out_len = 0;
    while (*out_len < bytes.len) {
        ssize_t len = write_once(target, slice_from(bytes, *out_len));
        if (len > 0) {
            *out_len += (size_t)len;
        } else if (len == 0 || errno == EAGAIN) {
            return PROGRESS_WAIT;
        } else if (errno != EINTR) {
            return PROGRESS_FAILED;
        }
    }
    return PROGRESS_DONE;
}

bool target_is_deleted(const struct target *target) {
    struct stat status;
    return target->kind == TARGET_FILE && !target->standard && fstat(target->fd, &status) == 0 &&
           status.st_nlink == 0;
}
