// SPDX-License-Identifier: MIT
#include "capture/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

// Where distributions keep the roots in one file: Debian and Alpine, Fedora, openSUSE, and what
// OpenSSL's own default path is on some.
static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    ssize_t put = write(fd, text, strlen(text));
    int error = put < 0 ? errno : 0;
    close(fd);
    return error;
}

// A mount namespace. Without CAP_SYS_ADMIN it takes a user namespace too, in which user and group
// stay what they are.
static int enter_namespace(void) {
    if (unshare(CLONE_NEWNS) == 0) {
        return 0;
    }
    char uid_map[64];
    char gid_map[64];
    snprintf(uid_map, sizeof(uid_map), "%u %u 1", geteuid(), geteuid());
    snprintf(gid_map, sizeof(gid_map), "%u %u 1", getegid(), getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return errno;
    }
    int error = write_file("/proc/self/uid_map", uid_map);
    if (error == 0) {
        (void)write_file("/proc/self/setgroups", "deny"); // without it no gid_map
        error = write_file("/proc/self/gid_map", gid_map);
    }
    return error;
}

int mount_bundle(const char *bundle) {
    int error = enter_namespace();
    if (error != 0) {
        return error;
    }
    // Nothing that is mounted here may be seen outside.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return errno;
    }
    int mounted = 0;
    error = ENOENT;
    for (size_t i = 0; i < sizeof(system_bundles) / sizeof(system_bundles[0]); i++) {
        if (mount(bundle, system_bundles[i], NULL, MS_BIND, NULL) == 0) {
            mounted++;
        } else if (errno != ENOENT) {
            error = errno;
        }
    }
    return mounted > 0 ? 0 : error;
}
