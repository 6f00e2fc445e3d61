// SPDX-License-Identifier: MIT
#include "net/route.h"

#include "base/memory.h"
#include "net/peer.h"
#include "net/worker.h"

#include <stdio.h>
#include <stdlib.h>

struct route *route_new(const char *host, uint16_t port) {
    struct route *route = mem_new(sizeof(*route));
    route->host = mem_string(host);
    route->port = port;
    return route;
}

void route_free(struct route *route) {
    if (route == NULL) {
        return;
    }
    dial_cancel(route->dial);
    peer_close(route->result.peer); // connected, and never taken
    free(route->failure);
    free(route->host);
    free(route);
}

void route_set_destination(struct route *route, const struct sockaddr_storage *destination) {
    route->destination = net_address((const struct sockaddr *)destination);
    route->port = address_text(&route->destination.any).port;
}

void route_use_peer(struct route *route, struct peer *peer) {
    peer_send_at_once(peer);
    route->dialled = true;
    route->result.peer = peer;
    route->result.address = route->destination;
}

bool route_is_redirected(const struct route *route) {
    return route->destination.any.sa_family != AF_UNSPEC;
}

// Most sessions need none: it is made where there is one.
static struct failure *fresh_failure(struct route *route) {
    if (route->failure == NULL) {
        route->failure = mem_new(sizeof(*route->failure));
    }
    route->result.failure = route->failure;
    return route->failure;
}

static void on_dialled(void *context, const struct dial_result *result) {
    struct route *route = context;
    route->dial = NULL;
    route->dialled = true;
    route->result = *result;
    if (result->failure != NULL) {
        *fresh_failure(route) = *result->failure;
    }
    if (route->ended != NULL) {
        route->ended(route->context);
    }
}

void route_dial(struct route *route, struct worker *worker) {
    struct service *service = worker->service;
    bool by_address = route_is_redirected(route);
    if (route->held || (route->host == NULL && !by_address) || route->dialled ||
        route->dial != NULL) {
        return;
    }
    struct dial_target target = {
        .host = route->host,
        .address = by_address ? &route->destination.any : NULL,
        .lookups = service->lookups,
        .port = route->port,
        .timeout_ms = (int64_t)service->options->connect_timeout_ms,
        .own = route->may_be_own ? &service->own_listeners : NULL,
        .mark = service->options->mark,
    };
    route->dial = dial_start(&worker->loop, &target, on_dialled, route);
}

void route_let_go(struct route *route, struct worker *worker) {
    route->held = false;
    route_dial(route, worker);
}

void route_fail(struct route *route, int error, const char *reason) {
    peer_close(route->result.peer);
    route->held = false;
    route->dialled = true;
    route->result.peer = NULL;
    route->result.error = error;
    struct failure *failure = fresh_failure(route);
    snprintf(failure->text, sizeof(failure->text), "%s", reason);
}

void route_await(struct route *route, void (*ended)(void *context), void *context) {
    route->ended = ended;
    route->context = context;
}

struct peer *route_take_peer(struct route *route) {
    struct peer *peer = route->result.peer;
    route->result.peer = NULL;
    return peer;
}
