// SPDX-License-Identifier: MIT
#include "certs/folder.h"

#include "base/memory.h"
#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, READ_SIZE = 4096 };

// The XDG base directory specification makes missing folders with 0700, those above too.
static int make_folders(const char *path) {
    char *part = mem_string(path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(part, FOLDER_MODE); // what is wrong shows at the last one
        *slash = '/';
    }
    int result = mkdir(part, FOLDER_MODE);
    int error = errno;
    free(part);
    errno = error;
    return result == 0 || error == EEXIST ? 0 : -1;
}

static int lock(int fd) {
    int result;
    do {
        result = flock(fd, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    return result;
}

enum err folder_open(struct folder *out, struct failure *failure, const char *path) {
    *out = (struct folder){.path = path, .fd = -1};
    if (path[0] == '\0' || make_folders(path) != 0) {
        return fail(failure, ERR_SYSTEM,
                    "cannot make the folder %s of the CA: %s; --ca-dir names another", path,
                    path[0] == '\0' ? "it has no name" : strerror(errno));
    }
    out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->fd < 0) {
        return fail(failure, ERR_SYSTEM,
                    "cannot open the folder %s of the CA: %s; --ca-dir names another", path,
                    strerror(errno));
    }
    if (lock(out->fd) != 0) {
        enum err err =
            fail(failure, ERR_SYSTEM, "cannot lock the folder %s: %s", path, strerror(errno));
        folder_close(out);
        return err;
    }
    return OK;
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

enum err folder_read(const struct folder *folder, struct failure *failure, const char *name,
                     struct buf *out, mode_t *out_mode) {
    struct stat status;
    int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || read_all(fd, out) != OK) {
        enum err err =
            fail(failure, ERR_INPUT, "cannot read %s/%s: %s", folder->path, name, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    close(fd);
    if (out_mode != NULL) {
        *out_mode = status.st_mode;
    }
    return OK;
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
