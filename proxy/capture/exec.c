// SPDX-License-Identifier: MIT
#include "capture/exec.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 }; // a path may end just before memory that is not there; chunks are aligned

// A string of the caller's memory; false where it is not one.
static bool read_string(const struct notification *notification, uint64_t at, char out[PATH_MAX]) {
    size_t len = 0;
    while (len < PATH_MAX) {
        size_t part = CHUNK - (size_t)((at + len) % CHUNK);
        part = part < PATH_MAX - len ? part : PATH_MAX - len;
        if (notification_read(notification, at + len, out + len, part) != 0) {
            return false;
        }
        if (memchr(out + len, '\0', part) != NULL) {
            return true;
        }
        len += part;
    }
    return false;
}

// The path as we can open it: from the caller's root, or from the folder that it names.
static void own_view(const struct notification *notification, int folder, const char *path,
                     char out[2 * PATH_MAX]) {
    uint32_t tid = notification->tid;
    if (path[0] == '/') {
        snprintf(out, 2 * PATH_MAX, "/proc/%" PRIu32 "/root%s", tid, path);
    } else if (folder == AT_FDCWD) {
        snprintf(out, 2 * PATH_MAX, "/proc/%" PRIu32 "/cwd/%s", tid, path);
    } else if (path[0] == '\0') {
        snprintf(out, 2 * PATH_MAX, "/proc/%" PRIu32 "/fd/%d", tid, folder);
    } else {
        snprintf(out, 2 * PATH_MAX, "/proc/%" PRIu32 "/fd/%d/%s", tid, folder, path);
    }
}

void exec_look(struct reporter *reporter, const struct notification *notification) {
    bool at = notification->call == CALL_EXECVEAT;
    int folder = at ? (int)notification->arguments[0] : AT_FDCWD;
    char path[PATH_MAX];
    char view[2 * PATH_MAX];
    struct stat info;
    if (!read_string(notification, notification->arguments[at ? 1 : 0], path)) {
        return;
    }
    own_view(notification, folder, path, view);
    if (stat(view, &info) != 0 || !S_ISREG(info.st_mode)) {
        return;
    }
    bool other_user = (info.st_mode & S_ISUID) != 0 && info.st_uid != geteuid();
    bool other_group = (info.st_mode & S_ISGID) != 0 && (info.st_mode & S_IXGRP) != 0;
    if ((info.st_mode & S_IXUSR) != 0 && (other_user || other_group)) {
        reporter_warn(reporter, WARNING_EXEC_RIGHTS,
                      "%s is a set-%s-id program: under `run` it gets no rights of its own and may "
                      "fail; start `run` as root, or send mail without it",
                      path, other_user ? "user" : "group");
    }
}
