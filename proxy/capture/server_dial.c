// SPDX-License-Identifier: MIT
#include "capture/server_dial.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "capture/connect_request.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool has_own_address(const struct sockaddr_storage *own) {
    if (own->ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, own, sizeof(four));
        return four.sin_addr.s_addr != htonl(INADDR_ANY);
    }
    struct sockaddr_in6 six;
    memcpy(&six, own, sizeof(six));
    return !IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
}

// Binds to the address that the command's socket is bound to, with a port of our own: the port
// itself is taken, by the command.
static void imitate_address(int fd, int family, int like) {
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof(own);
    if (getsockname(like, (struct sockaddr *)&own, &len) != 0 || own.ss_family != family ||
        !has_own_address(&own)) {
        return;
    }
    // The port is at the same place in both families.
    memset((uint8_t *)&own + offsetof(struct sockaddr_in, sin_port), 0, sizeof(in_port_t));
    (void)bind(fd, (struct sockaddr *)&own, len);
}

static void imitate(int fd, int family, int like) {
    char device[IFNAMSIZ] = "";
    socklen_t len = sizeof(device);
    if (getsockopt(like, SOL_SOCKET, SO_BINDTODEVICE, device, &len) == 0 && device[0] != '\0') {
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, len);
    }
    uint32_t mark = 0;
    len = sizeof(mark);
    if (getsockopt(like, SOL_SOCKET, SO_MARK, &mark, &len) == 0 && mark != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
    }
    imitate_address(fd, family, like);
}

static void nap(void) {
    const struct timespec slice = {.tv_nsec = DIAL_LOOK_MS * NS_PER_MS};
    nanosleep(&slice, NULL);
}

// A socket; out of descriptors it waits for one.
static int open_socket(int family, const struct dial_patience *patience, int64_t deadline_ns) {
    for (;;) {
        int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        bool scarce = fd < 0 && (errno == EMFILE || errno == ENFILE);
        if (!scarce || clock_monotonic_ns() > deadline_ns || !patience->go_on(patience->context)) {
            return fd;
        }
        nap();
    }
}

static enum dial_result wait_connected(struct server_dial *out,
                                       const struct dial_patience *patience, int64_t deadline_ns) {
    struct pollfd pollfd = {.fd = out->fd, .events = POLLOUT};
    for (;;) {
        // Also where the time is over: this thread may be late, and the server not.
        int64_t left_ms = (deadline_ns - clock_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
        int64_t look_ms = left_ms < DIAL_LOOK_MS ? left_ms : DIAL_LOOK_MS;
        if (poll(&pollfd, 1, look_ms > 0 ? (int)look_ms : 0) > 0) {
            break;
        }
        if (left_ms <= 0 || !patience->go_on(patience->context)) {
            return DIAL_PENDING;
        }
    }
    socklen_t len = sizeof(out->error);
    getsockopt(out->fd, SOL_SOCKET, SO_ERROR, &out->error, &len);
    return out->error == 0 ? DIAL_CONNECTED : DIAL_FAILED;
}

static enum dial_result dial_socket(struct server_dial *out, const struct sockaddr_storage *server,
                                    const struct dial_patience *patience, int64_t deadline_ns) {
    const struct sockaddr *address = (const struct sockaddr *)server;
    if (connect(out->fd, address, address_len(address)) == 0) {
        return DIAL_CONNECTED;
    }
    if (errno != EINPROGRESS) {
        out->error = errno;
        out->failed_at_once = true;
        return DIAL_FAILED;
    }
    return wait_connected(out, patience, deadline_ns);
}

enum dial_result dial(struct server_dial *out, const struct sockaddr_storage *server, int like,
                      const struct dial_patience *patience) {
    int64_t deadline_ns = clock_monotonic_ns() + patience->wait_ms * NS_PER_MS;
    *out = (struct server_dial){.fd = open_socket(server->ss_family, patience, deadline_ns)};
    if (out->fd < 0) {
        out->error = errno;
        out->failed_at_once = true;
        return DIAL_FAILED;
    }
    if (like >= 0) {
        imitate(out->fd, server->ss_family, like);
    }
    enum dial_result result = dial_socket(out, server, patience, deadline_ns);
    if (result != DIAL_CONNECTED) {
        close(out->fd);
        out->fd = -1;
    }
    return result;
}
