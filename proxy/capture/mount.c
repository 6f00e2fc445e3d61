// SPDX-License-Identifier: MIT
#include "capture/mount.h"

#include "sandbox/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
static int enter_namespace(bool *out_user_namespace) {
    *out_user_namespace = false;
    if (unshare(CLONE_NEWNS) == 0) {
        return 0;
    }
    *out_user_namespace = true;
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

int mount_bundle(const char *bundle, bool *out_user_namespace) {
    int error = enter_namespace(out_user_namespace);
    if (error != 0) {
        return error;
    }
    // What is mounted here is not seen outside; what is mounted outside is seen here.
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) {
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

// ── trying it ───────────────────────────────────────────────────────────────────────────────────

// Root in a user namespace is root there only: it can become no other user.
static bool has_rights(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
    bool known = syscall(SYS_capget, &header, sets) == 0;
    return !known || geteuid() == 0 || (sets[0].permitted | sets[1].permitted) != 0;
}

enum mount_verdict mount_try(const char *bundle) {
    bool rights = has_rights();
    pid_t pid = fork();
    if (pid == 0) {
        bool user_namespace = false;
        rights_show_memory(); // else /proc/self is root's
        bool works = mount_bundle(bundle, &user_namespace) == 0;
        _exit(!works ? MOUNT_FAILS : user_namespace && rights ? MOUNT_COSTS_RIGHTS : MOUNT_WORKS);
    }
    int status = 0;
    bool ended = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status);
    return ended ? (enum mount_verdict)WEXITSTATUS(status) : MOUNT_FAILS;
}
