// SPDX-License-Identifier: MIT
#include "bench_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void stream_adopt(struct stream *stream, int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    stream->fd = fd;
    stream->ssl = NULL;
    stream->start = 0;
    stream->end = 0;
}

bool stream_connect(struct stream *stream, uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(port);
    if (fd < 0) {
        return false;
    }
    stream_adopt(stream, fd);
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

bool stream_start_tls(struct stream *stream, SSL_CTX *context, bool server) {
    stream->ssl = SSL_new(context);
    SSL_set_fd(stream->ssl, stream->fd);
    return (server ? SSL_accept(stream->ssl) : SSL_connect(stream->ssl)) == 1;
}

void stream_close(struct stream *stream) {
    if (stream->ssl != NULL) {
        SSL_shutdown(stream->ssl);
        SSL_free(stream->ssl);
    }
    close(stream->fd);
}

bool stream_write(struct stream *stream, const void *bytes, size_t len) {
    const char *at = bytes;
    while (len > 0) {
        int part = len > STREAM_BUFFER ? STREAM_BUFFER : (int)len;
        ssize_t written = stream->ssl != NULL ? SSL_write(stream->ssl, at, part)
                                              : send(stream->fd, at, (size_t)part, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        at += written;
        len -= (size_t)written;
    }
    return true;
}

bool stream_say(struct stream *stream, const char *text) {
    return stream_write(stream, text, strlen(text));
}

bool stream_fill(struct stream *stream) {
    if (stream->start == stream->end) {
        stream->start = 0;
        stream->end = 0;
    } else if (stream->start > 0) {
        memmove(stream->buffer, stream->buffer + stream->start, stream->end - stream->start);
        stream->end -= stream->start;
        stream->start = 0;
    }
    size_t room = sizeof(stream->buffer) - stream->end;
    if (room == 0) {
        return false;
    }
    char *to = stream->buffer + stream->end;
    ssize_t len =
        stream->ssl != NULL ? SSL_read(stream->ssl, to, (int)room) : recv(stream->fd, to, room, 0);
    if (len <= 0) {
        return false;
    }
    stream->end += (size_t)len;
    return true;
}

const char *stream_line(struct stream *stream) {
    for (;;) {
        char *from = stream->buffer + stream->start;
        char *lf = memchr(from, '\n', stream->end - stream->start);
        if (lf != NULL) {
            stream->start = (size_t)(lf - stream->buffer) + 1;
            *lf = '\0';
            if (lf > from && lf[-1] == '\r') {
                lf[-1] = '\0';
            }
            return from;
        }
        if (!stream_fill(stream)) {
            return NULL;
        }
    }
}

int listen_on(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = loopback(port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool good =
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1024) == 0;
    return good ? fd : -1;
}

int fd_of(void *argument) {
    return (int)(intptr_t)argument;
}

void accept_for_ever(int listener, void *(*serve)(void *fd)) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;
        if (fd >= 0 && pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd) != 0) {
            close(fd);
        }
    }
}
