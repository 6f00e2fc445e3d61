// SPDX-License-Identifier: MIT
// mail_load PORT plain|implicit|starttls SESSIONS PARALLEL BYTES [PERIOD_MS]: sends a message of
// BYTES in each of SESSIONS sessions, PARALLEL at once, and prints `sessions seconds p50_us p99_us
// max_us`. With a period each of the parallel ones begins a session so often, if its last is over.
#include "bench_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum security { PLAIN, IMPLICIT, STARTTLS };

struct load {
    uint16_t port;
    enum security security;
    long sessions;
    atomic_long begun;
    atomic_long failed;
    double *micros; // of each session
    size_t parallel;
    double period; // seconds
    double start;
    char *message;
    size_t message_len;
    SSL_CTX *context;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Reads a whole reply; true when its code begins with `digit`.
static bool expect(struct stream *stream, char digit) {
    const char *line = NULL;
    do {
        line = stream_line(stream);
    } while (line != NULL && strlen(line) > 3 && line[3] == '-');
    return line != NULL && line[0] == digit;
}

static bool ask(struct stream *stream, const char *command, char digit) {
    return stream_say(stream, command) && expect(stream, digit);
}

static bool send_mail(struct stream *stream, const struct load *load) {
    return ask(stream, "MAIL FROM:<a@example.com>\r\n", '2') &&
           ask(stream, "RCPT TO:<b@example.net>\r\n", '2') && ask(stream, "DATA\r\n", '3') &&
           stream_write(stream, load->message, load->message_len) && expect(stream, '2') &&
           ask(stream, "QUIT\r\n", '2');
}

static bool run_session(struct stream *stream, const struct load *load) {
    const char *ehlo = "EHLO client.example.com\r\n";
    if (!stream_connect(stream, load->port)) {
        return false;
    }
    if (load->security == IMPLICIT && !stream_start_tls(stream, load->context, false)) {
        return false;
    }
    bool good = expect(stream, '2') && ask(stream, ehlo, '2');
    if (good && load->security == STARTTLS) {
        good = ask(stream, "STARTTLS\r\n", '2') && stream_start_tls(stream, load->context, false) &&
               ask(stream, ehlo, '2');
    }
    return good && send_mail(stream, load);
}

// What was read last is still in the buffer.
static void say_failure(const struct load *load, long session, double start,
                        const struct stream *stream) {
    int error = errno;
    double at = now();
    const char *tls = ERR_reason_error_string(ERR_get_error());
    fprintf(stderr,
            "mail_load %u: session %ld failed %.1f s after the first began, after %.1f s: %s, %s; "
            "last read: %.60s\n",
            load->port, session, at - load->start, at - start, strerror(error),
            tls != NULL ? tls : "no fault in TLS", stream->end > 0 ? stream->buffer : "nothing");
}

// Of the nth session of all. They begin evenly over the period.
static void await_turn(const struct load *load, long session) {
    double due = load->start + load->period / (double)load->parallel * (double)session;
    double left = due - now();
    if (load->period > 0 && left > 0) {
        nanosleep(&(struct timespec){.tv_sec = (time_t)left,
                                     .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)},
                  NULL);
    }
}

static void *work(void *argument) {
    struct load *load = argument;
    struct stream *stream = malloc(sizeof(*stream));
    for (;;) {
        long session = atomic_fetch_add(&load->begun, 1);
        if (session >= load->sessions) {
            break;
        }
        await_turn(load, session);
        double start = now();
        stream->fd = -1;
        stream->ssl = NULL;
        errno = 0;
        if (!run_session(stream, load)) {
            atomic_fetch_add(&load->failed, 1);
            say_failure(load, session, start, stream);
        }
        stream_close(stream);
        load->micros[session] = (now() - start) * 1e6;
    }
    free(stream);
    return NULL;
}

// A header, lines of 76 characters and the final dot.
static void make_message(struct load *load, size_t bytes) {
    enum { HEADER_MAX = 200 };
    time_t now_s = time(NULL);
    struct tm day;
    load->message = malloc(bytes + HEADER_MAX + 100);
    size_t len = strftime(load->message, HEADER_MAX,
                          "Date: %a, %d %b %Y %H:%M:%S +0000\r\nFrom: <a@example.com>\r\n"
                          "To: <b@example.net>\r\nMessage-ID: <1@example.com>\r\n"
                          "Subject: load\r\n\r\n",
                          gmtime_r(&now_s, &day));
    while (len < bytes) {
        memset(load->message + len, 'x', 76);
        memcpy(load->message + len + 76, "\r\n", 2);
        len += 78;
    }
    memcpy(load->message + len, ".\r\n", 3);
    load->message_len = len + 3;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void run_all(struct load *load) {
    pthread_t *threads = calloc(load->parallel, sizeof(*threads));
    load->start = now();
    for (size_t i = 0; i < load->parallel; i++) {
        pthread_create(&threads[i], NULL, work, load);
    }
    for (size_t i = 0; i < load->parallel; i++) {
        pthread_join(threads[i], NULL);
    }
    free(threads);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); // TLS writes without MSG_NOSIGNAL
    if (argc != 6 && argc != 7) {
        fprintf(stderr, "usage: mail_load PORT plain|implicit|starttls SESSIONS PARALLEL BYTES "
                        "[PERIOD_MS]\n");
        return 2;
    }
    struct load load = {
        .port = (uint16_t)strtoul(argv[1], NULL, 10),
        .security = argv[2][0] == 'p'   ? PLAIN
                    : argv[2][0] == 'i' ? IMPLICIT
                                        : STARTTLS,
        .sessions = strtol(argv[3], NULL, 10),
        .context = SSL_CTX_new(TLS_method()),
        .parallel = strtoul(argv[4], NULL, 10),
        .period = argc == 7 ? strtod(argv[6], NULL) / 1e3 : 0,
    };
    make_message(&load, strtoul(argv[5], NULL, 10));
    load.micros = calloc((size_t)load.sessions, sizeof(double));
    run_all(&load);
    double seconds = now() - load.start;
    qsort(load.micros, (size_t)load.sessions, sizeof(double), compare);
    printf("%ld %.6f %.0f %.0f %.0f\n", load.sessions, seconds, load.micros[load.sessions / 2],
           load.micros[load.sessions * 99 / 100], load.micros[load.sessions - 1]);
    if (load.failed > 0) {
        fprintf(stderr, "mail_load: %ld sessions failed\n", atomic_load(&load.failed));
    }
    return load.failed > 0 ? 1 : 0;
}
