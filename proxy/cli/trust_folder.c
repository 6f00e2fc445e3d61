// SPDX-License-Identifier: MIT
#include "cli/trust_folder.h"

#include "base/memory.h"
#include "base/safe_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE "/tmp/" // $TMPDIR may be as private as the CA's folder
#define HEAD  "smtpscope-trust-"

static bool is_ours(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_uid == geteuid();
}

// All may write in /tmp: what is there under such a name may be a link, or another user's. No
// other user can replace a folder of ours.
static int open_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && !is_ours(fd)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

// The lock is on a file in the folder: the folder itself is locked by who writes a bundle into it.
// -1 where another process has it, or the file is not there, or one of them is not ours.
static int take_lock(const char *path, int flags, int how) {
    int folder = open_folder(path);
    int fd = folder < 0 ? -1
                        : openat(folder, "lock",
                                 O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);
    if (folder >= 0) {
        close(folder);
    }
    if (fd >= 0 && (!is_ours(fd) || flock(fd, how) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void remove_unlocked(struct buf *out, const char *name) {
    char *path = mem_format(PLACE "%s", name);
    int fd = take_lock(path, 0, LOCK_EX | LOCK_NB);
    if (fd >= 0) {
        folder_of_files_remove(path);
        close(fd);
        if (out != NULL && access(path, F_OK) != 0) {
            buf_putf(out, "%s\n", path);
        }
    }
    free(path);
}

void trust_folder_remove_left(struct buf *out) {
    DIR *place = geteuid() == 0 ? opendir(PLACE) : NULL;
    struct dirent *entry;
    while (place != NULL && (entry = readdir(place)) != NULL) {
        if (strncmp(entry->d_name, HEAD, strlen(HEAD)) == 0) {
            remove_unlocked(out, entry->d_name);
        }
    }
    if (place != NULL) {
        closedir(place);
    }
}

// One that another start takes for left, before it is locked, is not there when its mode is set.
static bool make_own(struct trust_folder *out, char *path) {
    if (geteuid() != 0 || mkdtemp(path) == NULL) {
        return false;
    }
    out->lock = take_lock(path, O_CREAT | O_EXCL, LOCK_SH);
    if (out->lock >= 0 && chmod(path, 0755) == 0) {
        return true;
    }
    folder_of_files_remove(path);
    if (out->lock >= 0) {
        close(out->lock);
    }
    return false;
}

void trust_folder_init(struct trust_folder *out, const char *ca_dir) {
    char path[] = PLACE HEAD "XXXXXX";
    trust_folder_remove_left(NULL);
    out->own = make_own(out, path);
    out->path = mem_string(out->own ? path : ca_dir);
}

void trust_folder_cleanup(struct trust_folder *folder) {
    if (folder->own) {
        folder_of_files_remove(folder->path);
        close(folder->lock);
    }
    free(folder->path);
    folder->path = NULL;
    folder->own = false;
}
