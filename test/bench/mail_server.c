// SPDX-License-Identifier: MIT
// mail_server PORT plain|implicit|starttls CERTIFICATE KEY: takes every message and forgets it.
#include "bench_stream.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// What the threads share; written once, before the first of them starts.
struct server {
    SSL_CTX *context;
    bool implicit;
    bool starttls;
};

static const struct server *server_of(const struct server *set) {
    static const struct server *server;
    if (set != NULL) {
        server = set;
    }
    return server;
}

// Reads message text to CRLF.CRLF.
static bool swallow(struct stream *stream) {
    char tail[5] = "\r\n"; // the last bytes seen: the text begins at a line's start
    size_t tail_len = 2;
    for (;;) {
        size_t len = stream->end - stream->start;
        const char *at = stream->buffer + stream->start;
        for (size_t i = 0; i < len; i++) {
            if (tail_len == 5) {
                memmove(tail, tail + 1, 4);
                tail_len = 4;
            }
            tail[tail_len++] = at[i];
            if (at[i] == '\n' && tail_len == 5 && memcmp(tail, "\r\n.\r\n", 5) == 0) {
                stream->start += i + 1;
                return true;
            }
        }
        stream->start = stream->end;
        if (!stream_fill(stream)) {
            return false;
        }
    }
}

static bool answer(struct stream *stream, const char *line, bool tls) {
    const struct server *server = server_of(NULL);
    if (strncasecmp(line, "EHLO", 4) == 0) {
        return stream_say(stream, server->starttls && !tls
                                      ? "250-server.example.com\r\n250 STARTTLS\r\n"
                                      : "250-server.example.com\r\n250 8BITMIME\r\n");
    }
    if (strcasecmp(line, "STARTTLS") == 0) {
        return stream_say(stream, "220 go on\r\n") &&
               stream_start_tls(stream, server->context, true);
    }
    if (strcasecmp(line, "DATA") == 0) {
        return stream_say(stream, "354 go on\r\n") && swallow(stream) &&
               stream_say(stream, "250 taken\r\n");
    }
    if (strcasecmp(line, "QUIT") == 0) {
        stream_say(stream, "221 bye\r\n");
        return false;
    }
    return stream_say(stream, "250 fine\r\n");
}

static void *serve(void *argument) {
    const struct server *server = server_of(NULL);
    struct stream *stream = malloc(sizeof(*stream));
    stream_adopt(stream, fd_of(argument));
    bool good = !server->implicit || stream_start_tls(stream, server->context, true);
    good = good && stream_say(stream, "220 server.example.com ESMTP\r\n");
    while (good) {
        const char *line = stream_line(stream);
        good = line != NULL && answer(stream, line, stream->ssl != NULL);
    }
    stream_close(stream);
    free(stream);
    return NULL;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); // TLS writes without MSG_NOSIGNAL
    if (argc != 5) {
        fprintf(stderr, "usage: mail_server PORT plain|implicit|starttls CERTIFICATE KEY\n");
        return 2;
    }
    static struct server server;
    server.context = SSL_CTX_new(TLS_method());
    server.implicit = argv[2][0] == 'i';
    server.starttls = argv[2][0] == 's';
    if (SSL_CTX_use_certificate_chain_file(server.context, argv[3]) != 1 ||
        SSL_CTX_use_PrivateKey_file(server.context, argv[4], SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "mail_server: cannot use the certificate or the key\n");
        return 3;
    }
    server_of(&server);
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    if (listener < 0) {
        perror("mail_server");
        return 3;
    }
    accept_for_ever(listener, serve);
}
