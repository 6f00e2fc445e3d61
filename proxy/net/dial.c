// SPDX-License-Identifier: MIT
#include "net/dial.h"

#include "base/memory.h"
#include "net/address.h"
#include "net/lookup.h"
#include "net/origdst.h"
#include "net/own_listeners.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 16, RETRY_MS = 100 };

struct dial {
    uv_loop_t *loop;
    struct lookups *lookups;
    struct lookup *lookup; // under way
    uv_poll_t poll;
    uv_timer_t timer;
    bool polling;
    int open_handles;
    char *host;
    uint16_t port;
    const struct own_listeners *own;
    bool mark;
    uint64_t deadline_ms; // of the loop's clock
    struct sockaddr_storage addresses[ADDRESSES_MAX];
    size_t address_count;
    size_t next;
    int fd;
    struct dial_result result;
    void (*done)(void *context, const struct dial_result *result);
    void *context;
    bool finished;
};

static void try_next(struct dial *dial);

static void release(struct dial *dial) {
    dial->open_handles--;
    if (dial->open_handles == 0) {
        free(dial->host);
        free(dial);
    }
}

static void free_when_closed(uv_handle_t *handle) {
    release(handle->data);
}

static void close_handles(struct dial *dial) {
    if (!uv_is_closing((uv_handle_t *)&dial->timer)) {
        uv_close((uv_handle_t *)&dial->timer, free_when_closed);
    }
    if (dial->polling) {
        dial->polling = false;
        uv_close((uv_handle_t *)&dial->poll, free_when_closed);
    }
}

static void finish(struct dial *dial) {
    if (dial->finished) {
        return;
    }
    dial->finished = true;
    lookup_cancel(dial->lookup);
    dial->lookup = NULL;
    if (dial->polling) {
        uv_poll_stop(&dial->poll);
    }
    close_handles(dial);
    if (dial->done != NULL) {
        dial->done(dial->context, &dial->result);
    }
}

static void drop_attempt(struct dial *dial) {
    if (dial->fd >= 0) {
        close(dial->fd);
        dial->fd = -1;
    }
}

const char *dial_advice(int error) {
    switch (error) {
    case ECONNREFUSED:
        return "the connection was refused: nothing listens there, or a firewall rejects it";
    case ETIMEDOUT:
        return "no answer in time: the host is down, or a firewall drops the packets";
    case ENETUNREACH:
    case EHOSTUNREACH:
        return "there is no route to it from this machine";
    case ELOOP:
        return "this smtpscope itself listens there, and the session would lead back to it again "
               "and again: name the mail server in --mode";
    case ECANCELED:
        return "the client gave up before the server answered";
    default:
        return strerror(error);
    }
}

static void fail_with(struct dial *dial, int error) {
    struct address_text text = address_text((struct sockaddr *)&dial->result.address);
    bool name = dial->host != NULL && strcmp(dial->host, text.host) != 0;
    dial->result.fd = -1;
    dial->result.error = error;
    if (name) {
        fail(&dial->result.failure, ERR_SYSTEM, "cannot connect to '%s' (%s) on port %u: %s",
             dial->host, text.host, dial->port, dial_advice(error));
    } else {
        fail(&dial->result.failure, ERR_SYSTEM, "cannot connect to %s on port %u: %s", text.host,
             dial->port, dial_advice(error));
    }
}

static void attempt_failed(struct dial *dial, int error) {
    drop_attempt(dial);
    fail_with(dial, error);
    if (dial->next < dial->address_count && uv_now(dial->loop) < dial->deadline_ms) {
        try_next(dial);
    } else {
        finish(dial);
    }
}

static void close_poll_then_next(uv_handle_t *handle) {
    struct dial *dial = handle->data;
    if (!dial->finished) {
        attempt_failed(dial, dial->result.error);
    }
    release(dial);
}

// A poll handle belongs to one socket; the next address waits for it to close.
static void end_attempt(struct dial *dial, int error) {
    dial->polling = false;
    dial->result.error = error;
    uv_poll_stop(&dial->poll);
    uv_timer_stop(&dial->timer);
    uv_close((uv_handle_t *)&dial->poll, close_poll_then_next);
}

static void on_writable(uv_poll_t *poll, int status, int events) {
    struct dial *dial = poll->data;
    int error = 0;
    socklen_t len = sizeof(error);
    (void)events;
    getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (status < 0 && error == 0) {
        error = -status;
    }
    if (error != 0) {
        end_attempt(dial, error);
        return;
    }
    dial->result.fd = dial->fd;
    dial->fd = -1;
    finish(dial);
}

static void on_timeout(uv_timer_t *timer) {
    struct dial *dial = timer->data;
    if (dial->polling) {
        end_attempt(dial, ETIMEDOUT);
    } else if (dial->lookup != NULL) {
        dial->result.error = ETIMEDOUT;
        fail(&dial->result.failure, ERR_SYSTEM, "the name '%s' was not resolved in time",
             dial->host);
        finish(dial);
    } else {
        try_next(dial); // Out of descriptors a moment ago.
    }
}

static bool out_of_descriptors(int error) {
    return error == EMFILE || error == ENFILE;
}

// The time left is shared by the addresses left, so that one that swallows packets cannot use it
// up.
static uint64_t attempt_ms(const struct dial *dial) {
    uint64_t now_ms = uv_now(dial->loop);
    uint64_t left_ms = dial->deadline_ms > now_ms ? dial->deadline_ms - now_ms : 0;
    return left_ms / (dial->address_count - dial->next + 1) + 1;
}

static bool is_own(const struct dial *dial, const struct sockaddr_storage *address) {
    return dial->own != NULL && own_listeners_have(dial->own, (const struct sockaddr *)address);
}

static void try_next(struct dial *dial) {
    struct sockaddr_storage *address = &dial->addresses[dial->next];
    if (is_own(dial, address)) {
        dial->next++;
        dial->result.address = *address;
        attempt_failed(dial, ELOOP);
        return;
    }
    dial->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0 && out_of_descriptors(errno) && uv_now(dial->loop) < dial->deadline_ms) {
        uv_timer_start(&dial->timer, on_timeout, RETRY_MS, 0);
        return;
    }
    dial->next++;
    dial->result.address = *address;
    if (dial->fd < 0) {
        attempt_failed(dial, errno);
        return;
    }
    if (dial->mark) {
        origdst_mark(dial->fd); // Without the right the loop guard of the listener is what is left.
    }
    const struct sockaddr *to = (const struct sockaddr *)address;
    if (connect(dial->fd, to, address_len(to)) != 0 && errno != EINPROGRESS) {
        attempt_failed(dial, errno);
        return;
    }
    uv_poll_init(dial->loop, &dial->poll, dial->fd);
    dial->poll.data = dial;
    dial->open_handles++;
    dial->polling = true;
    uv_poll_start(&dial->poll, UV_WRITABLE, on_writable);
    uv_timer_start(&dial->timer, on_timeout, attempt_ms(dial), 0);
}

static void add_address(struct dial *dial, const struct sockaddr *address) {
    if (dial->address_count < ADDRESSES_MAX) {
        memcpy(&dial->addresses[dial->address_count], address, address_len(address));
        address_set_port(&dial->addresses[dial->address_count], dial->port);
        dial->address_count++;
    }
}

static void on_resolved(void *context, int error, const struct addrinfo *list) {
    struct dial *dial = context;
    dial->lookup = NULL;
    for (const struct addrinfo *item = list; item != NULL; item = item->ai_next) {
        add_address(dial, item->ai_addr);
    }
    if (dial->address_count == 0) {
        fail(&dial->result.failure, ERR_SYSTEM,
             "the name '%s' does not resolve (%s): check its spelling and this machine's DNS",
             dial->host, error != 0 ? gai_strerror(error) : "no address");
        finish(dial);
        return;
    }
    try_next(dial);
}

static void start_later(uv_timer_t *timer) {
    struct dial *dial = timer->data;
    if (dial->address_count > 0) {
        try_next(dial);
        return;
    }
    uint64_t left_ms = dial->deadline_ms - uv_now(dial->loop);
    uv_timer_start(&dial->timer, on_timeout, left_ms, 0);
    dial->lookup = lookup_start(dial->lookups, dial->loop, dial->host, on_resolved, dial);
}

struct dial *dial_start(uv_loop_t *loop, const struct dial_target *target,
                        void (*done)(void *context, const struct dial_result *result),
                        void *context) {
    struct dial *dial = mem_new(sizeof(*dial));
    struct sockaddr_storage parsed;
    dial->loop = loop;
    dial->port = target->port;
    dial->own = target->own;
    dial->lookups = target->lookups;
    dial->mark = target->mark;
    dial->fd = -1;
    dial->result.fd = -1;
    dial->done = done;
    dial->context = context;
    dial->host = mem_string(target->host);
    dial->deadline_ms = uv_now(loop) + (uint64_t)target->timeout_ms;
    if (target->address != NULL) {
        add_address(dial, target->address);
    } else if (address_parse(&parsed, target->host, target->port)) {
        add_address(dial, (struct sockaddr *)&parsed);
    }
    uv_timer_init(loop, &dial->timer);
    dial->timer.data = dial;
    dial->open_handles = 1;
    // `done` never comes from within dial_start: its caller has not stored the dial yet.
    uv_timer_start(&dial->timer, start_later, 0, 0);
    return dial;
}

void dial_cancel(struct dial *dial) {
    if (dial == NULL || dial->finished) {
        return;
    }
    dial->done = NULL;
    finish(dial);
    drop_attempt(dial);
}
