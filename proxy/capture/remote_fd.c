// SPDX-License-Identifier: MIT
#include "capture/remote_fd.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 // asm-generic/socket.h, kernel 5.14
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL // linux/pidfd.h, kernel 6.9
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { SCARCE_TRIES = 500 };

static int get_int(int fd, int level, int name) {
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(fd, level, name, &value, &len) == 0 ? value : 0;
}

uint64_t remote_fd_namespace(int fd) {
    uint64_t cookie = 0;
    socklen_t len = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

uint64_t remote_fd_cookie(int fd) {
    uint64_t cookie = 0;
    socklen_t len = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

static int64_t send_timeout_ms(int fd) {
    struct timeval limit = {0};
    socklen_t len = sizeof(limit);
    if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len) != 0) {
        return 0;
    }
    return (int64_t)limit.tv_sec * 1000 + (int64_t)limit.tv_usec / 1000;
}

static bool is_tcp(int fd) {
    int protocol = get_int(fd, SOL_SOCKET, SO_PROTOCOL);
    return get_int(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM &&
           (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

// An IPv6 socket that may not speak IPv4, and an IPv4 address for it: the kernel has its own error.
static bool is_refused_mapping(const struct remote_fd *remote,
                               const struct connect_request *request) {
    return remote->domain == AF_INET6 && request->address.ss_family == AF_INET &&
           get_int(remote->fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0;
}

static bool is_closed(int fd) {
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || info.tcpi_state == TCP_CLOSE;
}

// poll shows an error without taking it.
static bool has_error(int fd) {
    struct pollfd pollfd = {.fd = fd};
    return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & POLLERR) != 0;
}

bool remote_fd_is_fresh(const struct remote_fd *remote) {
    return is_closed(remote->fd) && !has_error(remote->fd);
}

static enum remote_fd_state state_of_fresh(const struct remote_fd *remote, uint64_t home) {
    return remote_fd_namespace(remote->fd) == home ? REMOTE_FD_FRESH : REMOTE_FD_FOREIGN;
}

static enum remote_fd_state look(const struct remote_fd *remote,
                                 const struct connect_request *request, uint64_t home) {
    if (!is_tcp(remote->fd) || remote->domain != request->family ||
        is_refused_mapping(remote, request)) {
        return REMOTE_FD_UNRELATED;
    }
    if (!is_closed(remote->fd)) {
        return REMOTE_FD_USED;
    }
    if (has_error(remote->fd)) {
        return REMOTE_FD_UNSURE;
    }
    return state_of_fresh(remote, home);
}

// A connect to an address of the wrong family: a socket that may connect refuses the family, and
// is left as it was; one that has an error to give gives that.
int remote_fd_decide(struct remote_fd *remote, uint64_t home) {
    struct sockaddr_storage wrong = {0};
    const struct sockaddr *address = (struct sockaddr *)&wrong;
    wrong.ss_family = remote->domain == AF_INET ? AF_INET6 : AF_INET;
    if (connect(remote->fd, address, address_len(address)) == 0 || errno != EAFNOSUPPORT) {
        return errno;
    }
    remote->state = state_of_fresh(remote, home);
    return 0;
}

static int duplicate(uint32_t id, int number, unsigned flags) {
    int pidfd = (int)syscall(SYS_pidfd_open, id, flags);
    int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
    int error = fd < 0 ? errno : 0;
    if (pidfd >= 0) {
        close(pidfd);
    }
    return fd >= 0 ? fd : -error;
}

static uint64_t inode_of(uint32_t id, int number) {
    char path[64];
    struct stat info = {0};
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%d", id, number);
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

// Before kernel 6.9 only the table of the whole process can be reached. A thread may have one of
// its own (CLONE_FILES), so what was reached is compared with what the thread has.
static int duplicate_of_process(uint32_t tid, int number) {
    uint32_t pid = process_of_thread(tid);
    int fd = pid == 0 ? -ESRCH : duplicate(pid, number, 0);
    struct stat info = {0};
    bool same =
        pid == tid || fd < 0 || (fstat(fd, &info) == 0 && info.st_ino == inode_of(tid, number));
    if (same) {
        return fd;
    }
    close(fd);
    return -EPERM;
}

int remote_fd_duplicate(uint32_t tid, int number) {
    int fd = duplicate(tid, number, PIDFD_THREAD);
    return fd == -EINVAL ? duplicate_of_process(tid, number) : fd;
}

// Out of descriptors it waits for one: to let the connection pass would be to lose it.
static int duplicate_for_certain(uint32_t tid, int number) {
    const struct timespec nap = {.tv_nsec = SCARCE_NAP_MS * NS_PER_MS};
    int fd = -EMFILE;
    for (int tries = 0; tries < SCARCE_TRIES && (fd == -EMFILE || fd == -ENFILE); tries++) {
        if (tries > 0) {
            nanosleep(&nap, NULL);
        }
        fd = remote_fd_duplicate(tid, number);
    }
    return fd;
}

int remote_fd_take(struct remote_fd *out, uint32_t tid, const struct connect_request *request,
                   uint64_t home) {
    *out = (struct remote_fd){.fd = duplicate_for_certain(tid, request->socket_number)};
    if (out->fd < 0) {
        int error = -out->fd;
        out->fd = -1;
        return error;
    }
    out->domain = get_int(out->fd, SOL_SOCKET, SO_DOMAIN);
    int flags = fcntl(out->fd, F_GETFL);
    out->nonblocking = flags >= 0 && (flags & O_NONBLOCK) != 0;
    out->send_timeout_ms = send_timeout_ms(out->fd);
    out->cookie = remote_fd_cookie(out->fd);
    out->state = look(out, request, home);
    return 0;
}

void remote_fd_return(struct remote_fd *remote) {
    if (remote->fd >= 0) {
        close(remote->fd);
        remote->fd = -1;
    }
}

static int connect_mapped(int fd, const struct sockaddr_in *to) {
    struct sockaddr_in6 six = address_map(to);
    int only = get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    const int off = 0;
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    int error = connect(fd, (const struct sockaddr *)&six, sizeof(six)) == 0 ? 0 : errno;
    if (error != 0 && error != EINPROGRESS) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    }
    return error;
}

int remote_fd_connect(const struct remote_fd *remote, const struct sockaddr_in *to) {
    if (remote->domain == AF_INET6) {
        return connect_mapped(remote->fd, to);
    }
    return connect(remote->fd, (const struct sockaddr *)to, sizeof(*to)) == 0 ? 0 : errno;
}

bool remote_fd_own_name6(const struct remote_fd *remote, struct sockaddr_in6 *out_own) {
    *out_own = (struct sockaddr_in6){.sin6_family = AF_UNSPEC};
    socklen_t len = sizeof(*out_own);
    return remote->domain == AF_INET6 &&
           getsockname(remote->fd, (struct sockaddr *)out_own, &len) == 0 &&
           out_own->sin6_family == AF_INET6 && out_own->sin6_port != 0 &&
           !IN6_IS_ADDR_V4MAPPED(&out_own->sin6_addr);
}

int remote_fd_connect6(const struct remote_fd *remote, in_port_t port) {
    struct sockaddr_in6 to = {
        .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = in6addr_loopback};
    return connect(remote->fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : errno;
}
