// SPDX-License-Identifier: MIT
#include "stage.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stage {
    struct stage_result *result;
    int ended[2]; // a pipe
};

static void must(bool ok, const char *what) {
    if (!ok) {
        perror(what);
        abort();
    }
}

static void on_failed(void *context, const struct capture_connection *connection, int error) {
    struct stage *stage = context;
    (void)connection;
    if (stage->result->failed_count < STAGE_EVENTS_MAX) {
        stage->result->failed[stage->result->failed_count] = error;
    }
    stage->result->failed_count++;
}

static void on_warned(void *context, const char *sentence) {
    struct stage *stage = context;
    must(stage->result->warned_count < STAGE_EVENTS_MAX, "warned");
    snprintf(stage->result->warned[stage->result->warned_count++], FAILURE_MAX, "%s", sentence);
}

static void on_signalled(void *context, int signal_number) {
    (void)context;
    (void)signal_number;
}

static void on_ended(void *context, int status) {
    struct stage *stage = context;
    stage->result->status = status;
    must(write(stage->ended[1], "", 1) == 1, "write");
}

static void take_client(struct stage_result *result, struct capture *capture, int listener) {
    static const char greeting[] = "220 captured\r\n";
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    struct capture_connection connection;
    if (!capture_claim(capture, fd, &connection)) {
        result->unclaimed_count++;
    } else {
        must(write(fd, greeting, sizeof(greeting) - 1) > 0, "write");
        if (connection.server_fd >= 0) {
            close(connection.server_fd);
            connection.server_fd = 1;
        }
        if (result->claimed_count < STAGE_EVENTS_MAX) {
            result->claimed[result->claimed_count] = connection;
        }
        result->claimed_count++;
    }
    close(fd);
}

static void serve(struct stage *stage, struct capture *capture, int listener) {
    struct pollfd fds[] = {{.fd = listener, .events = POLLIN},
                           {.fd = stage->ended[0], .events = POLLIN}};
    for (;;) {
        poll(fds, 2, -1);
        if (fds[0].revents != 0) {
            take_client(stage->result, capture, listener);
        } else if (fds[1].revents != 0) {
            return;
        }
    }
}

void stage_play(struct stage_result *out, const struct stage_setting *setting) {
    struct stage stage = {.result = out};
    struct failure failure = {.text = ""};
    int listener = -1;
    uint16_t port = 0;
    memset(out, 0, sizeof(*out));
    must(pipe(stage.ended) == 0, "pipe");
    must(capture_listener_open(&listener, &port, &failure) == OK, failure.text);
    struct capture_options options = {.ports = setting->ports,
                                      .command = setting->command,
                                      .listener_port = port,
                                      .connect_timeout_ms = setting->connect_timeout_ms,
                                      .inherited = setting->inherited};
    struct capture_handlers handlers = {.failed = on_failed,
                                        .warned = on_warned,
                                        .signalled = on_signalled,
                                        .ended = on_ended,
                                        .context = &stage};
    struct capture *capture = NULL;
    must(capture_start(&capture, &failure, &options, &handlers) == OK, failure.text);
    serve(&stage, capture, listener);
    capture_free(capture);
    close(listener);
    close(stage.ended[0]);
    close(stage.ended[1]);
}

// ── servers ─────────────────────────────────────────────────────────────────────────────────────

static int bind_loopback(int family, uint16_t *out_port) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_in four = {.sin_family = AF_INET};
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool v6 = family == AF_INET6;
    struct sockaddr *name = v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t len = v6 ? sizeof(six) : sizeof(four);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, name, len) == 0 && getsockname(fd, name, &len) == 0, "bind");
    *out_port = ntohs(v6 ? six.sin6_port : four.sin_port);
    return fd;
}

static void *greet_all(void *argument) {
    static const char greeting[] = "220 real\r\n";
    int listener = *(int *)argument;
    free(argument);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            (void)!write(fd, greeting, sizeof(greeting) - 1);
            close(fd);
        }
    }
    return NULL;
}

uint16_t stage_server(int family) {
    uint16_t port = 0;
    int *listener = malloc(sizeof(*listener));
    must(listener != NULL, "malloc");
    *listener = bind_loopback(family, &port);
    must(listen(*listener, 128) == 0, "listen");
    pthread_t thread;
    must(pthread_create(&thread, NULL, greet_all, listener) == 0, "thread");
    pthread_detach(thread);
    return port;
}

// A listener whose queue is full drops what comes then.
uint16_t stage_silent_port(void) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    uint16_t port = 0;
    uint16_t none = 0;
    int listener = bind_loopback(AF_INET, &port);
    must(listen(listener, 0) == 0, "listen");
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(port);
    int filler = bind_loopback(AF_INET, &none); // all stay open
    must(connect(filler, (struct sockaddr *)&name, sizeof(name)) == 0, "connect");
    return port;
}

uint16_t stage_refusing_port(void) {
    uint16_t port = 0;
    (void)bind_loopback(AF_INET, &port); // never listens, stays open
    return port;
}
