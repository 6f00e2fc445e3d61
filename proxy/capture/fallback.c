// SPDX-License-Identifier: MIT
#include "capture/fallback.h"

#include "base/limits.h"
#include "base/slice.h"
#include "base/text.h"
#include "capture/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PATH_SMALL = 64 };

// The kernel names a socket's protocol in an attribute of its descriptor: "TCP", "UDPv6".
static bool is_tcp(const struct connect_job *job) {
    char path[PATH_SMALL];
    char name[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", job->notification.tid,
             job->request.socket_number);
    ssize_t len = getxattr(path, "system.sockprotoname", name, sizeof(name));
    struct slice protocol = slice_of(name, len > 0 ? strnlen(name, (size_t)len) : 0);
    return slice_is(protocol, "TCP") || slice_is(protocol, "TCPv6") ||
           slice_starts_with(protocol, SLICE("MPTCP"));
}

// The line `flags:\t02004002`, in octal, of /proc/PID/fdinfo/N.
static bool is_nonblocking(const struct connect_job *job) {
    char path[PATH_SMALL];
    char text[LIMIT_FD_INFO];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fdinfo/%d", job->notification.tid,
             job->request.socket_number);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[len > 0 ? len : 0] = '\0';
    const char *flags = strstr(text, "flags:");
    return flags != NULL && (strtoul(flags + strlen("flags:"), NULL, 8) & O_NONBLOCK) != 0;
}

// True if a line of the table has the inode: `  0: LOCAL REMOTE ST TX:RX TR:WHEN RETR UID TIMEOUT
// INODE …`.
static bool table_has(const char *path, unsigned long inode) {
    enum { INODE_FIELD = 9 };
    FILE *table = fopen(path, "re");
    char line[LIMIT_FD_INFO];
    bool found = false;
    while (table != NULL && !found && fgets(line, sizeof(line), table) != NULL) {
        struct slice rest = slice_trim(slice_of_string(line));
        for (size_t field = 0; field < INODE_FIELD && rest.len > 0; field++) {
            slice_split(&rest, ' ');
            rest = slice_trim(rest);
        }
        uint64_t number = 0;
        found = text_parse_u64(&number, slice_split(&rest, ' '), UINT64_MAX) && number == inode;
    }
    if (table != NULL) {
        fclose(table);
    }
    return found;
}

// A socket that connects or is connected is in the kernel's tables, a new one does not.
static bool is_used(const struct connect_job *job) {
    uint32_t tid = job->notification.tid;
    char path[PATH_SMALL];
    struct stat info;
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", tid, job->request.socket_number);
    if (stat(path, &info) != 0) {
        return false;
    }
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/net/tcp", tid);
    if (table_has(path, info.st_ino)) {
        return true;
    }
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/net/tcp6", tid);
    return table_has(path, info.st_ino);
}

static bool waits_still(void *context) {
    return connect_job_is_awaited(context);
}

static int overwrite(const struct connect_job *job, const struct sockaddr_in *to) {
    if (job->request.family == AF_INET) {
        return notification_write(&job->notification, job->request.address_at, to, sizeof(*to));
    }
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = to->sin_port};
    six.sin6_addr.s6_addr[10] = 0xff;
    six.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&six.sin6_addr.s6_addr[12], &to->sin_addr, sizeof(to->sin_addr));
    // Without the scope: the caller's own structure may end before it.
    return notification_write(&job->notification, job->request.address_at, &six,
                              offsetof(struct sockaddr_in6, sin6_scope_id));
}

static void forget(const struct connect_job *job, struct in_addr address) {
    struct pending_key key = pending_key_of_loopback(address);
    struct capture_connection connection;
    if (pending_connects_take(job->shared->pending, &key, &connection) &&
        connection.server_fd >= 0) {
        close(connection.server_fd);
    }
}

static void redirect_by_memory(struct connect_job *job, int server_fd) {
    const struct connect_job_shared *shared = job->shared;
    job->connection.server_fd = server_fd;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(shared->listener_port)};
    to.sin_addr = pending_connects_add(shared->pending, &job->connection);
    int error = connect_job_is_awaited(job) ? overwrite(job, &to) : ESRCH;
    if (error != 0) {
        forget(job, to.sin_addr);
        connect_job_warn_uncaptured(job, WARNING_HIDDEN,
                                    "neither its descriptors nor its memory may be changed; give "
                                    "the container CAP_SYS_PTRACE");
        connect_job_pass_or_refuse(job);
        return;
    }
    notification_let_pass(&job->notification);
}

void fallback_run(struct connect_job *job) {
    if (!is_tcp(job) || is_used(job)) {
        notification_let_pass(&job->notification);
        return;
    }
    if (job->shared->closed) {
        redirect_by_memory(job, -1);
        return;
    }
    bool early = job->hurried || is_nonblocking(job);
    struct dial_patience patience = {.go_on = waits_still, .context = job};
    patience.wait_ms = early ? CONNECT_JOB_NONBLOCKING_WAIT_MS : job->shared->connect_timeout_ms;
    struct dial result;
    switch (dial(&result, &job->request.address, -1, &patience)) {
    case DIAL_CONNECTED:
        redirect_by_memory(job, result.fd);
        return;
    case DIAL_FAILED:
        connect_job_fail(job, result.error);
        return;
    case DIAL_PENDING:
        if (early) {
            redirect_by_memory(job, -1);
        } else {
            connect_job_fail(job, ETIMEDOUT);
        }
        return;
    }
}
