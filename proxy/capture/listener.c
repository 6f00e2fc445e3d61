// SPDX-License-Identifier: MIT
#include "capture/capture.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int listener_setup(int fd, uint16_t *inout_port) {
    const int on = 1;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(*inout_port)};
    socklen_t len = sizeof(own);
    // The wildcard, since the addresses of 127.0.0.0/8 are the keys; the loopback device, so that
    // nobody outside can come.
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) != 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &len) != 0) {
        return errno;
    }
    *inout_port = ntohs(own.sin_port);
    return 0;
}

enum err capture_listener_open(int *out_fd, uint16_t *inout_port, struct failure *failure) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = fd < 0 ? errno : listener_setup(fd, inout_port);
    if (error != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return fail(failure, ERR_SYSTEM, "cannot listen for the command's connections: %s",
                    strerror(error));
    }
    *out_fd = fd;
    return OK;
}
