// SPDX-License-Identifier: MIT
#include "spool/output_fd.h"

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

int output_fd_open(struct output_fd *target, const char *path, bool append, bool secret) {
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
    enum output_fd_kind kind = S_ISREG(status.st_mode) ? OUTPUT_FD_FILE : OUTPUT_FD_STREAM;
    *target = (struct output_fd){.kind = kind, .fd = fd};
    return 0;
}

// A second description of what `fd` is open on, so that it may be non-blocking; -1 where the system
// does not give one (no /proc, a terminal of another user).
static int open_again(int fd) {
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int output_fd_open_standard(struct output_fd *target, int standard_fd) {
    struct stat status;
    int flags = fcntl(standard_fd, F_GETFL);
    if (flags < 0 || fstat(standard_fd, &status) != 0) {
        return errno;
    }
    if ((flags & O_ACCMODE) == O_RDONLY) {
        return EBADF; // opened again through /proc it would take all, and no reader would see it
    }
    *target = (struct output_fd){.kind = OUTPUT_FD_SHARED, .fd = -1, .standard = true};
    if (S_ISSOCK(status.st_mode)) {
        target->kind = OUTPUT_FD_SOCKET;
    } else if (S_ISREG(status.st_mode)) {
        target->kind = OUTPUT_FD_FILE;
    } else {
        target->fd = open_again(standard_fd);
        target->kind = target->fd >= 0 ? OUTPUT_FD_STREAM : OUTPUT_FD_SHARED;
    }
    if (target->fd < 0) {
        target->fd = fcntl(standard_fd, F_DUPFD_CLOEXEC, 3);
    }
    return target->fd < 0 ? errno : 0;
}

void output_fd_close(struct output_fd *target) {
    if (target->kind != OUTPUT_FD_CLOSED) {
        close(target->fd);
    }
    *target = (struct output_fd){.kind = OUTPUT_FD_CLOSED};
}

static ssize_t write_shared(int fd, struct slice bytes) {
    struct pollfd asked = {.fd = fd, .events = POLLOUT};
    if (poll(&asked, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(fd, bytes.data, bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF);
}

static ssize_t write_once(struct output_fd *target, struct slice bytes) {
    switch (target->kind) {
    case OUTPUT_FD_CLOSED:
        break;
    case OUTPUT_FD_FILE:
    case OUTPUT_FD_STREAM:
        return write(target->fd, bytes.data, bytes.len);
    case OUTPUT_FD_SHARED:
        return write_shared(target->fd, bytes);
    case OUTPUT_FD_SOCKET:
        return send(target->fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    errno = EBADF;
    return -1;
}

enum progress output_fd_write(struct output_fd *target, struct slice bytes, size_t *out_len) {
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

bool output_fd_is_deleted(const struct output_fd *target) {
    struct stat status;
    return target->kind == OUTPUT_FD_FILE && !target->standard && fstat(target->fd, &status) == 0 &&
           status.st_nlink == 0;
}
