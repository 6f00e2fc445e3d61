// SPDX-License-Identifier: MIT
#include "web/entrance.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "web/plain_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 128, LINGER_SWEEPS = 2, SCRATCH = 4096 };

// A client that was turned away: what it sends is read, so that it gets the answer.
struct lingering {
    uv_poll_t poll;
    struct entrance *entrance;
    struct lingering *next;
    int fd;
    int sweeps;
};

struct entrance {
    int fd;
    uv_poll_t poll;
    bool started;
    bool waits; // no descriptors were left
    struct entrance_events events;
    struct lingering *turned_away;
    size_t turned_away_count;
    struct sockaddr_storage address;
};

// ── binding ─────────────────────────────────────────────────────────────────────────────────────

static int bind_to(const struct addrinfo *to) {
    int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        return file_give_up(fd);
    }
    return fd;
}

enum err entrance_new(struct entrance **out, struct failure *failure, const char *host,
                      uint16_t port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    int error = getaddrinfo(host, service, &hints, &found);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "--web: cannot listen on '%s': %s", host,
                    gai_strerror(error));
    }
    int fd = bind_to(found);
    freeaddrinfo(found);
    if (fd < 0) {
        const char *advice =
            errno == EADDRINUSE ? ": another program listens there; give --web another port" : "";
        return fail(failure, ERR_SYSTEM, "--web: cannot listen on %s port %u: %s%s", host,
                    (unsigned)port, strerror(errno), advice);
    }
    struct entrance *entrance = mem_new(sizeof(*entrance));
    socklen_t len = sizeof(entrance->address);
    entrance->fd = fd;
    (void)getsockname(fd, (struct sockaddr *)&entrance->address, &len);
    *out = entrance;
    return OK;
}

void entrance_free(struct entrance *entrance) {
    if (entrance == NULL) {
        return;
    }
    if (!entrance->started) {
        close(entrance->fd);
    }
    free(entrance);
}

void entrance_put_address(struct buf *out, const struct entrance *entrance) {
    char text[INET6_ADDRSTRLEN] = "";
    bool six = entrance->address.ss_family == AF_INET6;
    const struct sockaddr_in *four_address = (const struct sockaddr_in *)&entrance->address;
    const struct sockaddr_in6 *six_address = (const struct sockaddr_in6 *)&entrance->address;
    inet_ntop(entrance->address.ss_family,
              six ? (const void *)&six_address->sin6_addr : (const void *)&four_address->sin_addr,
              text, sizeof(text));
    buf_putf(out, six ? "[%s]:%u" : "%s:%u", text,
             (unsigned)ntohs(six ? six_address->sin6_port : four_address->sin_port));
}

bool entrance_is_loopback(const struct entrance *entrance) {
    if (entrance->address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&entrance->address;
        return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)&entrance->address;
    return ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

// ── who is turned away ──────────────────────────────────────────────────────────────────────────

static void on_gone(uv_handle_t *handle) {
    struct lingering *away = handle->data;
    close(away->fd);
    free(away);
}

static void let_go(struct lingering *away) {
    struct lingering **at = &away->entrance->turned_away;
    while (*at != away) {
        at = &(*at)->next;
    }
    *at = away->next;
    away->entrance->turned_away_count--;
    uv_poll_stop(&away->poll);
    uv_close((uv_handle_t *)&away->poll, on_gone);
}

static void on_rest(uv_poll_t *poll, int status, int events) {
    struct lingering *away = poll->data;
    char scratch[SCRATCH];
    (void)events;
    ssize_t len = status < 0 ? 0 : recv(away->fd, scratch, sizeof(scratch), MSG_DONTWAIT);
    if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
        let_go(away);
    }
}

static void turn_away(struct entrance *entrance, int fd) {
    bool sent = plain_answer_send(fd, "429 Too Many Requests",
                                  "128 connections are open, which is the maximum");
    (void)shutdown(fd, SHUT_WR);
    if (!sent || entrance->turned_away_count >= LIMIT_WEB_TURNED_AWAY) {
        close(fd);
        return;
    }
    struct lingering *away = mem_new(sizeof(*away));
    away->entrance = entrance;
    away->fd = fd;
    if (uv_poll_init(entrance->poll.loop, &away->poll, fd) != 0) {
        close(fd);
        free(away);
        return;
    }
    away->poll.data = away;
    away->next = entrance->turned_away;
    entrance->turned_away = away;
    entrance->turned_away_count++;
    uv_poll_start(&away->poll, UV_READABLE, on_rest);
}

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

static bool accept_one(struct entrance *entrance) {
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(entrance->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        bool scarce = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (scarce) {
            entrance->waits = true;
            uv_poll_stop(&entrance->poll);
        }
        return false;
    }
    if (!entrance->events.accepted(entrance->events.context, fd, (struct sockaddr *)&peer, len)) {
        turn_away(entrance, fd);
    }
    return true;
}

static void on_connection(uv_poll_t *poll, int status, int events) {
    struct entrance *entrance = poll->data;
    (void)events;
    for (int i = 0; status == 0 && i < LIMIT_PAGE_ACCEPTS && accept_one(entrance); i++) {
    }
}

int entrance_start(struct entrance *entrance, uv_loop_t *loop,
                   const struct entrance_events *events) {
    int error = uv_poll_init(loop, &entrance->poll, entrance->fd);
    if (error != 0) {
        return error;
    }
    entrance->started = true;
    entrance->events = *events;
    entrance->poll.data = entrance;
    uv_poll_start(&entrance->poll, UV_READABLE, on_connection);
    return 0;
}

void entrance_sweep(struct entrance *entrance) {
    struct lingering *next = NULL;
    for (struct lingering *away = entrance->turned_away; away != NULL; away = next) {
        next = away->next;
        if (++away->sweeps > LINGER_SWEEPS) {
            let_go(away);
        }
    }
    if (entrance->waits) {
        entrance->waits = false;
        uv_poll_start(&entrance->poll, UV_READABLE, on_connection);
    }
}

static void on_closed(uv_handle_t *handle) {
    struct entrance *entrance = handle->data;
    close(entrance->fd);
    entrance->fd = -1;
}

void entrance_close(struct entrance *entrance) {
    while (entrance->turned_away != NULL) {
        let_go(entrance->turned_away);
    }
    uv_poll_stop(&entrance->poll);
    uv_close((uv_handle_t *)&entrance->poll, on_closed);
}
