// SPDX-License-Identifier: MIT
// tcp_relay PORT SERVER_PORT: copies bytes both ways and does nothing else: what the kernel costs.
#include "bench_stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static uint16_t server_port(uint16_t set) {
    static uint16_t port;
    if (set != 0) {
        port = set;
    }
    return port;
}

// Copies what is there; false at the end of `from`, which is passed on.
static bool copy(int from, int to) {
    char bytes[65536];
    ssize_t len = recv(from, bytes, sizeof(bytes), 0);
    if (len <= 0) {
        shutdown(to, SHUT_WR);
        return false;
    }
    for (ssize_t sent = 0; sent < len;) {
        ssize_t part = send(to, bytes + sent, (size_t)(len - sent), MSG_NOSIGNAL);
        if (part <= 0) {
            return false;
        }
        sent += part;
    }
    return true;
}

static void *serve(void *argument) {
    struct stream *client = malloc(sizeof(*client));
    struct stream *server = malloc(sizeof(*server));
    stream_adopt(client, fd_of(argument));
    bool good = stream_connect(server, server_port(0));
    struct pollfd fds[] = {{.fd = client->fd, .events = POLLIN},
                           {.fd = server->fd, .events = POLLIN}};
    while (good && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
        good = poll(fds, 2, -1) > 0 || errno == EINTR;
        for (int i = 0; good && i < 2; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0 &&
                !copy(fds[i].fd, i == 0 ? server->fd : client->fd)) {
                fds[i].fd = -1;
            }
        }
    }
    stream_close(client);
    stream_close(server);
    free(client);
    free(server);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: tcp_relay PORT SERVER_PORT\n");
        return 2;
    }
    server_port((uint16_t)strtoul(argv[2], NULL, 10));
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    if (listener < 0) {
        perror("tcp_relay");
        return 3;
    }
    accept_for_ever(listener, serve);
}
