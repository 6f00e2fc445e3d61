// SPDX-License-Identifier: MIT
#include "control/socket_path.h"

#include "base/memory.h"
#include "base/safe_file.h"
#include "base/slice.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

char *socket_folder(void) {
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] != '\0') {
        return mem_format("%s/smtpscope", runtime);
    }
    return mem_format("/tmp/smtpscope-%u", geteuid());
}

static bool is_private_folder(const char *folder) {
    struct stat info;
    return lstat(folder, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
           (info.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

enum err socket_make_folder(struct failure *failure, const char *folder) {
    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) {
        return fail(failure, ERR_SYSTEM, "cannot make the folder %s: %s", folder, strerror(errno));
    }
    if (!is_private_folder(folder)) {
        return fail(failure, ERR_SYSTEM, "%s is not a folder that only you may enter (0700)",
                    folder);
    }
    return OK;
}

char *socket_own_path(const char *folder) {
    return mem_format("%s/%d.sock", folder, getpid());
}

enum err socket_address(struct sockaddr_un *out, struct failure *failure, const char *path) {
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(out->sun_path)) {
        return fail(failure, ERR_INPUT, "%s cannot be a socket: its path may have 1 to %zu bytes",
                    path, sizeof(out->sun_path) - 1);
    }
    memcpy(out->sun_path, path, len);
    return OK;
}

static int connect_to(const char *path) {
    struct sockaddr_un address;
    if (socket_address(&address, NULL, path) != OK) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        return file_give_up(fd);
    }
    return fd;
}

enum socket_state socket_look(const char *path, int *out_fd) {
    int fd = connect_to(path);
    int error = errno;
    if (fd >= 0) {
        if (out_fd != NULL) {
            *out_fd = fd;
        } else {
            close(fd);
        }
        return SOCKET_ANSWERED;
    }
    struct stat info;
    if (lstat(path, &info) != 0) {
        return SOCKET_EMPTY;
    }
    return S_ISSOCK(info.st_mode) && error == ECONNREFUSED ? SOCKET_STALE : SOCKET_OTHER;
}

// PID.sock, as socket_own_path makes it.
static bool is_socket_name(const char *name) {
    struct slice rest = slice_of_string(name);
    struct slice pid = slice_split(&rest, '.');
    uint64_t number = 0;
    return text_parse_u64(&number, pid, INT32_MAX) && slice_is(rest, "sock");
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The paths of all sockets in the folder; the caller frees them and the array.
static char **socket_paths(const char *folder, size_t *out_count) {
    char **paths = NULL;
    *out_count = 0;
    DIR *dir = is_private_folder(folder) ? opendir(folder) : NULL;
    if (dir == NULL) {
        return NULL;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (is_socket_name(entry->d_name)) {
            paths = mem_resize(paths, *out_count + 1, sizeof(char *));
            paths[(*out_count)++] = mem_format("%s/%s", folder, entry->d_name);
        }
    }
    closedir(dir);
    if (paths != NULL) {
        qsort(paths, *out_count, sizeof(char *), by_name);
    }
    return paths;
}

// A connection to the one who listens, or -1.
static int call_on(const char *path) {
    int fd = -1;
    switch (socket_look(path, &fd)) {
    case SOCKET_STALE:
        unlink(path);
        break;
    case SOCKET_ANSWERED:
    case SOCKET_EMPTY:
    case SOCKET_OTHER:
        break;
    }
    return fd;
}

static void close_call(int *inout_fd) {
    if (*inout_fd >= 0) {
        close(*inout_fd);
        *inout_fd = -1;
    }
}

size_t socket_list(struct buf *out, int *out_only, const char *folder) {
    size_t path_count = 0;
    size_t answering = 0;
    char **paths = socket_paths(folder, &path_count);
    *out_only = -1;
    for (size_t i = 0; i < path_count; i++) {
        int fd = call_on(paths[i]);
        if (fd >= 0) {
            buf_put_string(out, paths[i]);
            buf_put_byte(out, '\n');
            close_call(out_only);
            *out_only = fd;
            answering++;
        }
        free(paths[i]);
    }
    free(paths);
    if (answering > 1) {
        close_call(out_only);
    }
    return answering;
}
