// SPDX-License-Identifier: MIT
// bench_stream: a blocking TCP connection, plain or TLS, with lines. For the benchmark's own client
// and server, which must cost little and never wait for anything but the peer.
#ifndef SCOPE_BENCH_STREAM_H
#define SCOPE_BENCH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

enum { STREAM_BUFFER = 16384 };

struct stream {
    int fd;
    SSL *ssl; // NULL: plain
    size_t start;
    size_t end;
    char buffer[STREAM_BUFFER];
};

bool stream_connect(struct stream *stream, uint16_t port); // to 127.0.0.1
void stream_adopt(struct stream *stream, int fd);
bool stream_start_tls(struct stream *stream, SSL_CTX *context, bool server);
void stream_close(struct stream *stream);

bool stream_write(struct stream *stream, const void *bytes, size_t len);
bool stream_say(struct stream *stream, const char *text); // as it is
// The next line without its CRLF, terminated, valid until the next call; NULL at the end.
const char *stream_line(struct stream *stream);
// More bytes into the buffer; false at the end. For readers of message text.
bool stream_fill(struct stream *stream);

int listen_on(uint16_t port); // 127.0.0.1
// Runs `serve` in a thread of its own for each connection; never returns.
void accept_for_ever(int listener, void *(*serve)(void *fd));
int fd_of(void *argument); // what `serve` was given

#endif
