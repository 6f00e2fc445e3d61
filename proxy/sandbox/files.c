// SPDX-License-Identifier: MIT
#include "sandbox/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// linux/landlock.h of Debian 12 lacks what came after version 2.
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define FS_EXECUTE   (UINT64_C(1) << 0)
#define FS_WRITE     (UINT64_C(1) << 1)
#define FS_READ      (UINT64_C(1) << 2)
#define FS_READ_DIR  (UINT64_C(1) << 3)
#define FS_REMOVE    (UINT64_C(1) << 5)
#define FS_MAKE_DIR  (UINT64_C(1) << 7)
#define FS_MAKE_FILE (UINT64_C(1) << 8)
#define FS_TRUNCATE  (UINT64_C(1) << 14)
#define FS_DEVICE    (UINT64_C(1) << 15) // ioctl on devices
#define FS_VERSION_1 ((UINT64_C(1) << 13) - 1)

#define NET_BIND_TCP (UINT64_C(1) << 0)
// Sockets with an abstract name are not among them: a service manager may have one.
#define SCOPE_SIGNALS (UINT64_C(1) << 1)
#define FILE_RIGHTS   (FS_WRITE | FS_READ | FS_TRUNCATE | FS_DEVICE)
#define READ_RIGHTS   (FS_READ | FS_READ_DIR)
#define WRITE_RIGHTS  (READ_RIGHTS | FILE_RIGHTS | FS_REMOVE | FS_MAKE_DIR | FS_MAKE_FILE)

enum { VERSION_TRUNCATE = 3, VERSION_NET = 4, VERSION_DEVICE = 5, VERSION_SCOPES = 6 };

struct ruleset {
    uint64_t files;
    uint64_t net;
    uint64_t scopes;
};

struct path_rule {
    uint64_t allowed;
    int32_t folder_fd;
} __attribute__((packed));

int files_version(void) {
    long version = syscall(CREATE_RULESET, NULL, 0, CREATE_VERSION);
    return version > 0 ? (int)version : 0;
}

// What this version can forbid.
static uint64_t known_rights(int version) {
    return FS_VERSION_1 | (version >= VERSION_TRUNCATE ? FS_TRUNCATE : 0) |
           (version >= VERSION_DEVICE ? FS_DEVICE : 0);
}

static size_t ruleset_size(int version) {
    return version >= VERSION_SCOPES ? sizeof(struct ruleset)
           : version >= VERSION_NET  ? offsetof(struct ruleset, scopes)
                                     : offsetof(struct ruleset, net);
}

// A place that is not there, or of a kind that has no place (a pipe), needs no rule.
static int add_place(int list_fd, const struct file_place *place, uint64_t known) {
    struct stat status;
    int fd = open(place->path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    uint64_t allowed = place->access == PLACE_WRITE ? WRITE_RIGHTS : READ_RIGHTS;
    if (fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode)) {
        allowed &= FILE_RIGHTS;
    }
    const struct path_rule rule = {.allowed = allowed & known, .folder_fd = fd};
    long result = syscall(ADD_RULE, list_fd, RULE_PATH_BENEATH, &rule, 0);
    int error = result == 0 || errno == EBADFD ? 0 : errno;
    close(fd);
    return error;
}

int files_list_open(const struct file_place *places, size_t count) {
    int version = files_version();
    if (version == 0) {
        return -ENOSYS;
    }
    const struct ruleset ruleset = {
        .files = known_rights(version), .net = NET_BIND_TCP, .scopes = SCOPE_SIGNALS};
    int fd = (int)syscall(CREATE_RULESET, &ruleset, ruleset_size(version), 0);
    if (fd < 0) {
        return -errno;
    }
    for (size_t i = 0; i < count; i++) {
        int error = add_place(fd, &places[i], ruleset.files);
        if (error != 0) {
            close(fd);
            return -error;
        }
    }
    return fd;
}

int files_restrict(int list_fd) {
    int error = syscall(RESTRICT_SELF, list_fd, 0) == 0 ? 0 : errno;
    close(list_fd);
    return error;
}
