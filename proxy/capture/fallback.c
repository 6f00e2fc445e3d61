// SPDX-License-Identifier: MIT
#include "capture/fallback.h"

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

enum { PATH_SMALL = 64, INFO_MAX = 512 };

// The kernel names a socket's protocol in an attribute of its descriptor: "TCP", "UDPv6".
static bool is_tcp(const struct errand *errand) {
    char path[PATH_SMALL];
    char name[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", errand->notification.tid,
             errand->target.socket_number);
    ssize_t len = getxattr(path, "system.sockprotoname", name, sizeof(name));
    struct slice protocol = slice_of(name, len > 0 ? strnlen(name, (size_t)len) : 0);
    return slice_is(protocol, "TCP") || slice_is(protocol, "TCPv6") ||
           slice_starts_with(protocol, SLICE("MPTCP"));
}

// The line `flags:\t02004002`, in octal, of /proc/PID/fdinfo/N.
static bool is_nonblocking(const struct errand *errand) {
    char path[PATH_SMALL];
    char text[INFO_MAX];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fdinfo/%d", errand->notification.tid,
             errand->target.socket_number);
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
    char line[INFO_MAX];
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

// A socket that connects or is connected stands in the kernel's tables, a new one does not.
static bool is_used(const struct errand *errand) {
    uint32_t tid = errand->notification.tid;
    char path[PATH_SMALL];
    struct stat info;
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", tid, errand->target.socket_number);
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
    return errand_is_awaited(context);
}

static int overwrite(const struct errand *errand, const struct sockaddr_in *to) {
    if (errand->target.family == AF_INET) {
        return notification_write(&errand->notification, errand->target.address_at, to,
                                  sizeof(*to));
    }
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = to->sin_port};
    six.sin6_addr.s6_addr[10] = 0xff;
    six.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&six.sin6_addr.s6_addr[12], &to->sin_addr, sizeof(to->sin_addr));
    // Without the scope: the caller's own structure may end before it.
    return notification_write(&errand->notification, errand->target.address_at, &six,
                              offsetof(struct sockaddr_in6, sin6_scope_id));
}

static void forget(const struct errand *errand, struct in_addr address) {
    struct record_key key = record_key_of_loopback(address);
    struct capture_connection connection;
    if (records_take(errand->shared->records, &key, &connection) && connection.server_fd >= 0) {
        close(connection.server_fd);
    }
}

static void steer_by_memory(struct errand *errand, int server_fd) {
    const struct errand_shared *shared = errand->shared;
    errand->connection.server_fd = server_fd;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(shared->listener_port)};
    to.sin_addr = records_add(shared->records, &errand->connection);
    int error = errand_is_awaited(errand) ? overwrite(errand, &to) : ESRCH;
    if (error != 0) {
        forget(errand, to.sin_addr);
        reporter_warn(shared->reporter, WARNING_HIDDEN,
                      "a connection of %s (pid %u) %s: neither its descriptors nor its memory may "
                      "be changed; give the container CAP_SYS_PTRACE",
                      errand->connection.client.program, errand->connection.client.pid,
                      errand_uncaptured(errand));
        errand_pass_or_refuse(errand);
        return;
    }
    notification_let_pass(&errand->notification);
}

void fallback_run(struct errand *errand) {
    if (!is_tcp(errand) || is_used(errand)) {
        notification_let_pass(&errand->notification);
        return;
    }
    if (errand->shared->closed) {
        steer_by_memory(errand, -1);
        return;
    }
    bool early = errand->hurried || is_nonblocking(errand);
    struct dial_patience patience = {.go_on = waits_still, .context = errand};
    patience.wait_ms = early ? ERRAND_NONBLOCKING_WAIT_MS : errand->shared->connect_timeout_ms;
    struct dial result;
    switch (dial(&result, &errand->target.address, -1, &patience)) {
    case DIAL_CONNECTED:
        steer_by_memory(errand, result.fd);
        return;
    case DIAL_FAILED:
        errand_fail(errand, result.error);
        return;
    case DIAL_PENDING:
        if (early) {
            steer_by_memory(errand, -1);
        } else {
            errand_fail(errand, ETIMEDOUT);
        }
        return;
    }
}
