// SPDX-License-Identifier: MIT
#include "capture/fallback.h"

#include "base/address.h"
#include "base/limits.h"
#include "base/slice.h"
#include "base/text.h"

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
static bool is_tcp(uint32_t tid, const struct connect_request *request) {
    char path[PATH_SMALL];
    char name[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", tid, request->socket_number);
    ssize_t len = getxattr(path, "system.sockprotoname", name, sizeof(name));
    struct slice protocol = slice_of(name, len > 0 ? strnlen(name, (size_t)len) : 0);
    return slice_is(protocol, "TCP") || slice_is(protocol, "TCPv6") ||
           slice_starts_with(protocol, SLICE("MPTCP"));
}

// The line `flags:\t02004002`, in octal, of /proc/PID/fdinfo/N.
static bool is_nonblocking(uint32_t tid, const struct connect_request *request) {
    char path[PATH_SMALL];
    char text[LIMIT_FD_INFO];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fdinfo/%d", tid, request->socket_number);
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

// A socket that connects or is connected is in the kernel's tables, a new one is not.
static bool is_used(uint32_t tid, const struct connect_request *request) {
    char path[PATH_SMALL];
    struct stat info;
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", tid, request->socket_number);
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

static enum remote_fd_state state_of(uint32_t tid, const struct connect_request *request) {
    if (!is_tcp(tid, request)) {
        return REMOTE_FD_UNRELATED;
    }
    return is_used(tid, request) ? REMOTE_FD_USED : REMOTE_FD_FRESH;
}

void fallback_look(struct remote_fd *out, uint32_t tid, const struct connect_request *request) {
    *out = (struct remote_fd){.fd = -1,
                              .domain = request->family,
                              .nonblocking = is_nonblocking(tid, request),
                              .state = state_of(tid, request)};
}

static int overwrite(const struct notification *notification, const struct connect_request *request,
                     const struct sockaddr_in *to) {
    if (request->family == AF_INET) {
        return notification_write(notification, request->address_at, to, sizeof(*to));
    }
    struct sockaddr_in6 six = address_map(to);
    // Without the scope: the caller's own structure may end before it.
    return notification_write(notification, request->address_at, &six,
                              offsetof(struct sockaddr_in6, sin6_scope_id));
}

int fallback_redirect(struct pending_connects *pending, uint16_t listener_port,
                      const struct notification *notification,
                      const struct connect_request *request,
                      const struct capture_connection *connection) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(listener_port)};
    to.sin_addr = pending_connects_add(pending, connection);
    int error = notification_is_alive(notification) ? overwrite(notification, request, &to) : ESRCH;
    if (error != 0) {
        struct pending_key key = pending_key_of_loopback(to.sin_addr);
        pending_connects_drop(pending, &key);
    }
    return error;
}
