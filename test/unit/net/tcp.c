// SPDX-License-Identifier: MIT
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

int tcp_listen(struct sockaddr_in *out_name) {
    socklen_t len = sizeof(*out_name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *out_name = (struct sockaddr_in){.sin_family = AF_INET};
    out_name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)out_name, sizeof(*out_name)), 0);
    assert_int_equal(listen(fd, BACKLOG), 0);
    getsockname(fd, (struct sockaddr *)out_name, &len);
    return fd;
}

int tcp_connect(const struct sockaddr_in *name) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)name, sizeof(*name)), 0);
    return fd;
}

void tcp_pair(int out[2]) {
    struct sockaddr_in name;
    int listener = tcp_listen(&name);
    out[0] = tcp_connect(&name);
    out[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(out[1] >= 0);
    close(listener);
}

bool tcp_is_closed(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}
