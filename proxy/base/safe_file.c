// SPDX-License-Identifier: MIT
#include "base/safe_file.h"

#include "base/limits.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_START ".smtpscope-"
enum { PRIVATE_MODE = 0600, NUMBER_DIGITS = 16 };

bool file_write_all(int fd, struct slice bytes) {
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.data, bytes.len);
        if (len < 0 && errno != EINTR) {
            return false;
        }
        bytes = slice_from(bytes, len < 0 ? 0 : (size_t)len);
    }
    return true;
}

int file_give_up(int fd) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

// ── a new file ──────────────────────────────────────────────────────────────────────────────────

// A name in the folder of `path`. O_EXCL is what makes it safe; chance only makes it free.
static char *random_name(const char *path) {
    const char *slash = strrchr(path, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - path) + 1;
    uint64_t number = 0;
    ssize_t len = getrandom(&number, sizeof(number), 0);
    (void)len;
    return mem_format("%.*s" TEMPORARY_START "%016" PRIx64, folder_len, path, number);
}

bool new_file_is_temporary(const char *name) {
    const size_t start = strlen(TEMPORARY_START);
    return strncmp(name, TEMPORARY_START, start) == 0 && strlen(name) == start + NUMBER_DIGITS &&
           strspn(name + start, "0123456789abcdef") == NUMBER_DIGITS;
}

int new_file_open(struct new_file *out, int folder_fd, const char *path, mode_t mode) {
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    *out = (struct new_file){.fd = -1, .folder_fd = folder_fd};
    int error = EEXIST;
    for (int i = 0; i < LIMIT_NAME_ATTEMPTS && error == EEXIST; i++) {
        free(out->temporary);
        out->temporary = random_name(path);
        out->fd = openat(folder_fd, out->temporary, flags, mode);
        error = out->fd < 0 ? errno : 0;
    }
    if (error != 0) {
        free(out->temporary);
        out->temporary = NULL;
        return error;
    }
    out->path = mem_string(path);
    return 0;
}

static void forget_names(struct new_file *file) {
    free(file->temporary);
    free(file->path);
    file->temporary = NULL;
    file->path = NULL;
}

// A second name for it, which is never in the place of another file; the first one goes.
static int link_into_place(const struct new_file *file) {
    if (linkat(file->folder_fd, file->temporary, file->folder_fd, file->path, 0) != 0) {
        return errno;
    }
    return unlinkat(file->folder_fd, file->temporary, 0) == 0 ? 0 : errno;
}

int new_file_commit(struct new_file *file, bool replace) {
    int error = !replace ? link_into_place(file)
                : renameat(file->folder_fd, file->temporary, file->folder_fd, file->path) == 0
                    ? 0
                    : errno;
    if (error == 0) {
        forget_names(file);
    }
    return error;
}

void new_file_discard(struct new_file *file) {
    if (file->temporary != NULL) {
        (void)unlinkat(file->folder_fd, file->temporary, 0);
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    file->fd = -1;
    forget_names(file);
}

int new_file_write(const char *path, struct slice bytes, mode_t mode) {
    struct new_file file;
    int error = new_file_open(&file, AT_FDCWD, path, mode);
    if (error != 0) {
        return error;
    }
    error = file_write_all(file.fd, bytes) ? new_file_commit(&file, true) : errno;
    new_file_discard(&file); // what was committed is closed only
    return error;
}

// ── a private file ──────────────────────────────────────────────────────────────────────────────

// Where the last part of the path is a link: to anything but a file.
static int open_linked(const char *path, int flags) {
    struct stat status;
    int fd = open(path, flags & ~(O_CREAT | O_TRUNC));
    bool file = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (file) {
        close(fd);
        errno = ELOOP;
        return -1;
    }
    return fd;
}

// 0, or why it may not hold what is to be private.
static int make_private(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return 0;
    }
    if (status.st_uid != geteuid()) {
        return geteuid() == 0 ? 0 : EPERM;
    }
    bool open_to_others = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    return open_to_others && fchmod(fd, PRIVATE_MODE) != 0 ? errno : 0;
}

bool file_is_descriptor(const char *path) {
    static const char *const exact[] = {"/dev/stdout", "/dev/stderr"};
    static const struct slice folders[] = {SLICE_INIT("/dev/fd/"), SLICE_INIT("/proc/self/fd/")};
    bool is = false;
    for (size_t i = 0; i < 2; i++) {
        is = is || strcmp(path, exact[i]) == 0 ||
             slice_starts_with(slice_of_string(path), folders[i]);
    }
    return is;
}

int private_file_open(int *out_fd, const char *path, int flags) {
    flags |= O_CLOEXEC | O_NOCTTY;
    if (file_is_descriptor(path)) {
        *out_fd = open(path, flags);
        return *out_fd < 0 ? errno : 0;
    }
    *out_fd = open(path, flags | O_CREAT | O_NOFOLLOW, PRIVATE_MODE);
    if (*out_fd < 0 && errno == ELOOP) {
        *out_fd = open_linked(path, flags);
    }
    int error = *out_fd < 0 ? errno : make_private(*out_fd);
    if (error != 0 && *out_fd >= 0) {
        close(*out_fd);
        *out_fd = -1;
    }
    return error;
}

// A folder that is there may be refused for another reason than that, so the end decides.
int folders_make(const char *path, size_t from) {
    int first_error = 0;
    char *part = mem_string(path);
    for (size_t i = from; i <= strlen(path); i++) {
        if (path[i] == '/' || path[i] == '\0') {
            part[i] = '\0';
            bool made = mkdir(part, 0700) == 0 || errno == EEXIST;
            first_error = made || first_error != 0 ? first_error : errno;
            part[i] = path[i];
        }
    }
    free(part);
    struct stat status;
    return stat(path, &status) == 0 ? 0 : first_error;
}

void folder_of_files_remove(const char *path) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0); // "." and ".." stay by themselves
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(path);
}
