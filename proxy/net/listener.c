// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include "base/address.h"
#include "base/limits.h"
#include "base/memory.h"
#include "net/arrival.h"
#include "net/origdst.h"
#include "net/worker.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

// ── binding ─────────────────────────────────────────────────────────────────────────────────────

static enum err resolve(struct sockaddr_storage *out, struct failure *failure,
                        const struct listen_spec *spec, uint16_t port) {
    if (address_parse(out, spec->host, port)) {
        return OK;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    int error = getaddrinfo(spec->host, service, &hints, &list);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot listen on '%s': the name does not resolve (%s)",
                    spec->host, gai_strerror(error));
    }
    memcpy(out, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return OK;
}

static void set_on(int fd, int level, int option) {
    int on = 1;
    setsockopt(fd, level, option, &on, sizeof(on));
}

static enum err refuse(struct failure *failure, int fd, const struct listen_spec *spec,
                       uint16_t port) {
    int error = errno;
    const char *advice = error == EADDRINUSE ? ": another program listens there; choose another "
                                               "port with --mode …@PORT, or stop it"
                         : error == EACCES   ? ": ports below 1024 need root or "
                                               "CAP_NET_BIND_SERVICE"
                         : error == EADDRNOTAVAIL ? ": this machine has no such address"
                                                  : "";
    if (fd >= 0) {
        close(fd);
    }
    return fail(failure, ERR_SYSTEM, "cannot listen on %s port %u: %s%s", spec->host, port,
                strerror(error), advice);
}

// The first socket is bound without SO_REUSEPORT, so that a port of another process, a second
// smtpscope too, is found in use; only then the option opens it to our other loops.
enum err listener_bind(int *out_fd, struct failure *failure, const struct listen_spec *spec,
                       uint16_t *inout_port, bool shared) {
    struct sockaddr_storage address = {0};
    enum err err = resolve(&address, failure, spec, *inout_port);
    if (err != OK) {
        return err;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return refuse(failure, fd, spec, *inout_port);
    }
    set_on(fd, SOL_SOCKET, SO_REUSEADDR);
    set_on(fd, IPPROTO_TCP, TCP_NODELAY); // An accepted socket has it from its listener.
    if (address.ss_family == AF_INET6) {
        set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    }
    if (shared) {
        set_on(fd, SOL_SOCKET, SO_REUSEPORT);
    }
    if (spec->mode == MODE_TRANSPARENT) {
        origdst_allow_tproxy(fd, address.ss_family); // The caller says what does not work.
    }
    struct sockaddr *bound = (struct sockaddr *)&address;
    if (bind(fd, bound, address_len(bound)) != 0) {
        return refuse(failure, fd, spec, *inout_port);
    }
    set_on(fd, SOL_SOCKET, SO_REUSEPORT);
    if (listen(fd, BACKLOG) != 0) {
        return refuse(failure, fd, spec, *inout_port);
    }
    *inout_port = address_of_socket(fd).port;
    *out_fd = fd;
    return OK;
}

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

static void on_readable(uv_poll_t *poll, int status, int events);

static void pause_polling(struct listener *listener) {
    if (listener->polling) {
        listener->polling = false;
        uv_poll_stop(&listener->poll);
    }
}

void listener_resume(struct listener *listener) {
    if (!listener->closed && !listener->polling) {
        listener->polling = true;
        uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    }
}

static void resume_all(uv_timer_t *timer) {
    struct worker *worker = timer->data;
    for (size_t i = 0; i < worker->listener_count; i++) {
        listener_resume(worker->listeners[i]);
    }
}

static void wait_for_descriptors(struct listener *listener) {
    struct worker *worker = listener->worker;
    const struct proxy_options *options = worker->service->options;
    pause_polling(listener);
    if (!atomic_exchange(&worker->service->out_of_descriptors, true)) {
        options->complain(options->context,
                          "out of file descriptors: new connections wait until others end (raise "
                          "the limit with ulimit -n)");
    }
    uv_timer_start(&worker->retry, resume_all, ACCEPT_RETRY_MS, 0);
}

static unsigned connections_of(const struct listener *listener) {
    return mode_connections(listener->spec->mode);
}

// Room was taken for it.
static bool accept_one(struct listener *listener) {
    struct sockaddr_storage client = {0};
    socklen_t len = sizeof(client);
    int fd = accept4(listener->fd, (struct sockaddr *)&client, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        arrival_begin(listener, fd, (struct sockaddr *)&client);
        return true;
    }
    int error = errno;
    worker_give_room(listener->worker, connections_of(listener));
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        wait_for_descriptors(listener);
        return false;
    }
    return error == ECONNABORTED || error == EINTR;
}

// False where no more is to be accepted in this turn.
static bool accept_within_limits(struct listener *listener) {
    struct worker *worker = listener->worker;
    if (!worker_take_room(worker, connections_of(listener))) {
        pause_polling(listener); // Until a session ends.
        return false;
    }
    if (!worker_has_descriptors(worker)) {
        wait_for_descriptors(listener);
        worker_give_room(worker, connections_of(listener));
        return false;
    }
    return accept_one(listener);
}

// One accept a turn costs no call that finds nothing. Where connections come faster each turn takes
// twice as many as the last, until one has taken all.
static void on_readable(uv_poll_t *poll, int status, int events) {
    struct listener *listener = poll->data;
    (void)status;
    (void)events;
    unsigned accepts = listener->accepts_a_turn;
    for (unsigned i = 0; i < accepts && listener->polling; i++) {
        if (!accept_within_limits(listener)) {
            listener->accepts_a_turn = 1;
            return;
        }
    }
    bool at_once = uv_now(&listener->worker->loop) <= listener->accepted_at_ms + 1;
    listener->accepted_at_ms = uv_now(&listener->worker->loop);
    if (at_once && accepts < LIMIT_ACCEPTS) {
        listener->accepts_a_turn = 2 * accepts;
    }
}

// A connection to the wildcard, and one of TPROXY, has an address of its own.
static union net_address address_of_all(const struct listen_spec *spec, int fd) {
    union net_address local = address_local(fd);
    if (address_is_any(&local.any) || spec->mode == MODE_TRANSPARENT) {
        local = (union net_address){.any = {.sa_family = AF_UNSPEC}};
    }
    return local;
}

int listener_new(struct listener **out, struct worker *worker, const struct listen_spec *spec,
                 int fd) {
    struct listener *listener = mem_new(sizeof(*listener));
    int error = uv_poll_init(&worker->loop, &listener->poll, fd);
    if (error != 0) {
        close(fd);
        free(listener);
        return error;
    }
    listener->worker = worker;
    listener->spec = spec;
    listener->fd = fd;
    listener->port = address_of_socket(fd).port;
    listener->local = address_of_all(spec, fd);
    listener->accepts_a_turn = 1;
    listener->poll.data = listener;
    listener_resume(listener);
    *out = listener;
    return 0;
}

static void free_listener(uv_handle_t *handle) {
    struct listener *listener = handle->data;
    free(listener);
}

// For the command of `run` these connections are made: a reset would lose its mail.
static void accept_the_rest(struct listener *listener) {
    while (accept_within_limits(listener)) {
    }
}

void listener_close(struct listener *listener) {
    if (listener->spec->mode == MODE_RUN) {
        accept_the_rest(listener);
    }
    pause_polling(listener);
    listener->closed = true;
    close(listener->fd);
    uv_close((uv_handle_t *)&listener->poll, free_listener);
}
