// SPDX-License-Identifier: MIT
#include "net/dial.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "net/deadline.h"
#include "net/lookup.h"
#include "net/origdst.h"
#include "net/own_listeners.h"
#include "net/peer.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One connect. libuv answers each once, also one whose peer was closed.
struct dial_attempt {
    uv_connect_t connect;
    struct peer *peer;
    struct dial *dial; // NULL once it was given up
};

struct dial {
    uv_loop_t *loop;
    struct lookups *lookups;
    struct lookup *lookup;        // under way
    struct dial_attempt *attempt; // under way
    uv_timer_t timer;
    char *host;
    uint16_t port;
    const struct own_listeners *own;
    bool mark;
    int64_t deadline_ns; // of uv_hrtime
    union net_address addresses[LIMIT_DIAL_ADDRESSES];
    size_t address_count;
    size_t next;
    struct dial_result result;
    struct failure failure;
    void (*done)(void *context, const struct dial_result *result);
    void *context;
    bool finished;
};

static void try_next(struct dial *dial);
static void on_due(uv_timer_t *timer);

static bool has_time(const struct dial *dial) {
    return (int64_t)uv_hrtime() < dial->deadline_ns;
}

static void arm(struct dial *dial, int64_t at_ns) {
    deadline_start_timer(&dial->timer, on_due, at_ns);
}

static void free_dial(uv_handle_t *handle) {
    struct dial *dial = handle->data;
    free(dial->host);
    free(dial);
}

static void give_up_attempt(struct dial *dial) {
    if (dial->attempt != NULL) {
        dial->attempt->dial = NULL;
        peer_close(dial->attempt->peer);
        dial->attempt = NULL;
    }
}

static void finish(struct dial *dial) {
    if (dial->finished) {
        return;
    }
    dial->finished = true;
    lookup_cancel(dial->lookup);
    dial->lookup = NULL;
    give_up_attempt(dial);
    uv_close((uv_handle_t *)&dial->timer, free_dial);
    if (dial->done != NULL) {
        dial->done(dial->context, &dial->result);
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

static struct failure *fresh_failure(struct dial *dial) {
    dial->result.failure = &dial->failure;
    return &dial->failure;
}

static void fail_with(struct dial *dial, int error) {
    struct address_text text = address_text(&dial->result.address.any);
    bool name = dial->host != NULL && strcmp(dial->host, text.host) != 0;
    dial->result.error = error;
    if (name) {
        fail(fresh_failure(dial), ERR_SYSTEM, "cannot connect to '%s' (%s) on port %u: %s",
             dial->host, text.host, dial->port, dial_advice(error));
    } else {
        fail(fresh_failure(dial), ERR_SYSTEM, "cannot connect to %s on port %u: %s", text.host,
             dial->port, dial_advice(error));
    }
}

static void attempt_failed(struct dial *dial, int error) {
    give_up_attempt(dial);
    fail_with(dial, error);
    if (dial->next < dial->address_count && has_time(dial)) {
        try_next(dial);
    } else {
        finish(dial);
    }
}

static void on_connected(uv_connect_t *connect, int status) {
    struct dial_attempt *attempt = (struct dial_attempt *)connect;
    struct dial *dial = attempt->dial;
    if (dial == NULL) {
        free(attempt);
        return;
    }
    if (status < 0) {
        attempt_failed(dial, -status);
    } else {
        dial->attempt = NULL;
        dial->result.peer = attempt->peer;
        dial->result.failure = NULL;
        dial->result.error = 0;
        finish(dial);
    }
    free(attempt);
}

static bool is_answered(const struct dial *dial) {
    return dial->attempt != NULL ? peer_is_answered(dial->attempt->peer)
                                 : dial->lookup != NULL && lookup_is_done(dial->lookup);
}

static void on_due(uv_timer_t *timer) {
    struct dial *dial = timer->data;
    if (is_answered(dial)) {
        arm(dial, (int64_t)uv_hrtime()); // The loop is late, not the server.
    } else if (dial->attempt != NULL) {
        attempt_failed(dial, ETIMEDOUT);
    } else if (dial->lookup != NULL) {
        dial->result.error = ETIMEDOUT;
        fail(fresh_failure(dial), ERR_SYSTEM, "the name '%s' was not resolved in time", dial->host);
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
static int64_t attempt_until_ns(const struct dial *dial) {
    int64_t now_ns = (int64_t)uv_hrtime();
    int64_t left_ns = dial->deadline_ns > now_ns ? dial->deadline_ns - now_ns : 0;
    return now_ns + left_ns / (int64_t)(dial->address_count - dial->next + 1);
}

static bool is_own(const struct dial *dial, const union net_address *address) {
    return dial->own != NULL && own_listeners_have(dial->own, &address->any);
}

static void attempt(struct dial *dial, struct peer *peer) {
    struct dial_attempt *attempt = mem_new(sizeof(*attempt));
    attempt->peer = peer;
    attempt->dial = dial;
    peer_send_at_once(peer);
    if (dial->mark) {
        origdst_mark(peer_fd(peer)); // Without the right the listener's loop guard is what is left.
    }
    int error =
        uv_tcp_connect(&attempt->connect, &peer->tcp, &dial->result.address.any, on_connected);
    if (error != 0) {
        free(attempt);
        peer_close(peer);
        attempt_failed(dial, -error);
        return;
    }
    dial->attempt = attempt;
    arm(dial, attempt_until_ns(dial));
}

static void try_next(struct dial *dial) {
    const union net_address *address = &dial->addresses[dial->next];
    if (is_own(dial, address)) {
        dial->next++;
        dial->result.address = *address;
        attempt_failed(dial, ELOOP);
        return;
    }
    int error = 0;
    struct peer *peer =
        peer_new_unconnected(&error, dial->loop, SIDE_SERVER, address->any.sa_family);
    if (out_of_descriptors(error) && has_time(dial)) {
        arm(dial, (int64_t)uv_hrtime() + DIAL_RETRY_NS);
        return;
    }
    dial->next++;
    dial->result.address = *address;
    if (peer == NULL) {
        attempt_failed(dial, error);
    } else {
        attempt(dial, peer);
    }
}

static void add_address(struct dial *dial, const struct sockaddr *address) {
    if (dial->address_count < LIMIT_DIAL_ADDRESSES) {
        dial->addresses[dial->address_count] = net_address(address);
        dial->addresses[dial->address_count].v4.sin_port =
            htons(dial->port); // IPv6: the same place
        dial->address_count++;
    }
}

static void fail_to_resolve(struct dial *dial, int error) {
    if (error == LOOKUP_NO_THREAD) {
        fail(fresh_failure(dial), ERR_SYSTEM,
             "the name '%s' cannot be looked up, because the system lets smtpscope start no "
             "thread: raise the limit (ulimit -u), or name the server by its address",
             dial->host);
    } else {
        fail(fresh_failure(dial), ERR_SYSTEM,
             "the name '%s' does not resolve (%s): check its spelling and this machine's DNS",
             dial->host, error != 0 ? gai_strerror(error) : "no address");
    }
}

static void on_resolved(void *context, int error, const struct addrinfo *list) {
    struct dial *dial = context;
    dial->lookup = NULL;
    for (const struct addrinfo *item = list; item != NULL; item = item->ai_next) {
        add_address(dial, item->ai_addr);
    }
    if (dial->address_count == 0) {
        fail_to_resolve(dial, error);
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
    arm(dial, dial->deadline_ns);
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
    dial->done = done;
    dial->context = context;
    dial->host = mem_string(target->host);
    dial->deadline_ns = (int64_t)uv_hrtime() + target->timeout_ms * NS_PER_MS;
    if (target->address != NULL) {
        add_address(dial, target->address);
    } else if (address_parse(&parsed, target->host, target->port)) {
        add_address(dial, (struct sockaddr *)&parsed);
    }
    uv_timer_init(loop, &dial->timer);
    dial->timer.data = dial;
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
}
