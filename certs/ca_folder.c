// SPDX-License-Identifier: MIT
#include "certs/ca_folder.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 4096 };

// flock(2) has no time-out, so it is tried again.
static int lock(int fd) {
    const struct timespec nap = {.tv_nsec = FOLDER_LOCK_NAP_MS * NS_PER_MS};
    int64_t deadline_ns = clock_monotonic_ns() + FOLDER_LOCK_WAIT_MS * NS_PER_MS;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || clock_monotonic_ns() > deadline_ns) {
            return -1;
        }
        nanosleep(&nap, NULL);
    }
    return 0;
}

static enum err check_owner(const struct folder *folder, struct failure *failure) {
    struct stat status;
    if (fstat(folder->fd, &status) != 0) {
        return fail(failure, ERR_SYSTEM, "cannot look at the folder %s: %s", folder->path,
                    strerror(errno));
    }
    if (status.st_uid != geteuid()) {
        return fail(failure, ERR_INPUT,
                    "the folder %s of the CA belongs to another user, who could put a CA of their "
                    "own there; --ca-dir names another",
                    folder->path);
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fail(failure, ERR_INPUT,
                    "other users may write into the folder %s of the CA (mode %04o): if none has, "
                    "`chmod go-w` it; --ca-dir names another",
                    folder->path, (unsigned)status.st_mode & 07777);
    }
    return OK;
}

static enum err take_lock(const struct folder *folder, struct failure *failure) {
    if (lock(folder->fd) == 0) {
        return OK;
    }
    return errno == EWOULDBLOCK
               ? fail(failure, ERR_SYSTEM,
                      "another process holds the lock of the folder %s of the CA; --ca-dir names "
                      "another",
                      folder->path)
               : fail(failure, ERR_SYSTEM, "cannot lock the folder %s: %s", folder->path,
                      strerror(errno));
}

enum err folder_open(struct folder *out, struct failure *failure, const char *path) {
    *out = (struct folder){.path = path, .fd = -1};
    // The XDG base directory specification makes missing folders with 0700, those above too.
    int error = path[0] == '\0' ? ENOENT : folders_make(path, 1);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM,
                    "cannot make the folder %s of the CA: %s; --ca-dir names another", path,
                    path[0] == '\0' ? "it has no name" : strerror(error));
    }
    out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->fd < 0) {
        return fail(failure, ERR_SYSTEM,
                    "cannot open the folder %s of the CA: %s; --ca-dir names another", path,
                    strerror(errno));
    }
    enum err err = check_owner(out, failure);
    if (err == OK) {
        err = take_lock(out, failure);
    }
    if (err != OK) {
        folder_close(out);
    }
    return err;
}

void folder_close(struct folder *folder) {
    if (folder->fd >= 0) {
        close(folder->fd); // gives the lock up too
    }
    folder->fd = -1;
}

bool folder_has(const struct folder *folder, const char *name) {
    return faccessat(folder->fd, name, F_OK, 0) == 0;
}

static enum err read_all(int fd, struct buf *out) {
    for (;;) {
        uint8_t *space = buf_reserve(out, READ_SIZE);
        if (space == NULL) {
            errno = EFBIG;
            return ERR_LIMIT;
        }
        ssize_t len = read(fd, space, READ_SIZE);
        if (len == 0) {
            return OK;
        }
        if (len < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        buf_commit(out, len > 0 ? (size_t)len : 0);
    }
}

// O_NONBLOCK, so that a pipe without a writer does not block.
static enum err open_own(int *out_fd, struct stat *out_status, const struct folder *folder,
                         struct failure *failure, const char *name) {
    *out_fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*out_fd < 0 || fstat(*out_fd, out_status) != 0) {
        return fail(failure, ERR_INPUT, "cannot read %s/%s: %s", folder->path, name,
                    strerror(errno));
    }
    if (!S_ISREG(out_status->st_mode)) {
        return fail(failure, ERR_INPUT, "%s/%s is not a regular file", folder->path, name);
    }
    return out_status->st_uid == geteuid()
               ? OK
               : fail(failure, ERR_INPUT, "%s/%s belongs to another user", folder->path, name);
}

enum err folder_read(const struct folder *folder, struct failure *failure, const char *name,
                     struct buf *out, mode_t *out_mode) {
    struct stat status = {0};
    int fd = -1;
    enum err err = open_own(&fd, &status, folder, failure, name);
    if (err == OK && read_all(fd, out) != OK) {
        err =
            fail(failure, ERR_INPUT, "cannot read %s/%s: %s", folder->path, name, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    if (err == OK && out_mode != NULL) {
        *out_mode = status.st_mode;
    }
    return err;
}

enum err folder_write(const struct folder *folder, struct failure *failure, const char *name,
                      struct slice content, mode_t mode) {
    struct new_file file;
    int error = new_file_open(&file, folder->fd, name, mode);
    if (error == 0) {
        bool written =
            fchmod(file.fd, mode) == 0 && file_write_all(file.fd, content) && fsync(file.fd) == 0;
        error = written ? new_file_commit(&file, true) : errno;
        new_file_discard(&file); // what was committed is closed only
    }
    return error == 0 ? OK
                      : fail(failure, ERR_SYSTEM, "cannot write %s/%s: %s", folder->path, name,
                             strerror(error));
}
