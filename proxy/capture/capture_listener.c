// SPDX-License-Identifier: MIT
#include "capture/capture.h"

#include "base/safe_file.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

// All addresses of this machine, both families; IPv4 alone where there is no IPv6.
static int bind_wildcard(int fd, int family, uint16_t port) {
    const int off = 0;
    if (family == AF_INET) {
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
        return bind(fd, (struct sockaddr *)&four, sizeof(four));
    }
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    return bind(fd, (struct sockaddr *)&six, sizeof(six));
}

static uint16_t own_port(int fd) {
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof(own);
    struct sockaddr_in four; // the port is at the same place in both families
    (void)getsockname(fd, (struct sockaddr *)&own, &len);
    memcpy(&four, &own, sizeof(four));
    return ntohs(four.sin_port);
}

static int open_family(int family, uint16_t *inout_port) {
    const int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    // The wildcard, since the addresses of 127.0.0.0/8 are the keys; the loopback device, so that
    // no other program can connect.
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) != 0 ||
        bind_wildcard(fd, family, *inout_port) != 0 || listen(fd, SOMAXCONN) != 0) {
        return file_give_up(fd);
    }
    *inout_port = own_port(fd);
    return fd;
}

enum err capture_listener_open(int *out_fd, uint16_t *inout_port, struct failure *failure) {
    int fd = open_family(AF_INET6, inout_port);
    if (fd < 0) {
        fd = open_family(AF_INET, inout_port);
    }
    if (fd < 0) {
        return fail(failure, ERR_SYSTEM, "cannot listen for the command's connections: %s",
                    strerror(errno));
    }
    *out_fd = fd;
    return OK;
}
