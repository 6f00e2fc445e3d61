// SPDX-License-Identifier: MIT
// route: the way to the server: where it leads, and what became of the dial. An arrival begins it
// while it finds out who the client is; the session waits for its end.
#ifndef SCOPE_NET_ROUTE_H
#define SCOPE_NET_ROUTE_H

#include "base/address.h"
#include "net/dial.h"

struct worker;

struct route {
    char *host; // the name asked for; NULL where there is none
    uint16_t port;
    union net_address destination; // where the client was going; AF_UNSPEC where it named it
    bool held;                     // not dialled before route_let_go
    bool may_be_own;               // it may lead back to one of our own listeners
    struct dial *dial;             // under way
    bool dialled;                  // `result` holds; its peer is the route's
    struct dial_result result;     // `failure` is the route's own
    struct failure *failure;       // NULL for none
    void (*ended)(void *context);  // the dial; NULL while it is not waited for
    void *context;
};

struct route *route_new(const char *host, uint16_t port); // NULL: to be found
void route_free(struct route *route); // NULL is fine; ends the dial, closes the peer
void route_set_destination(struct route *route, const struct sockaddr_storage *destination);
void route_use_peer(struct route *route, struct peer *peer); // connected to the destination
bool route_is_redirected(const struct route *route);
// Unless there is nothing to dial, or the dial has begun.
void route_dial(struct route *route, struct worker *worker);
// What was held may be dialled.
void route_let_go(struct route *route, struct worker *worker);
// In place of a dial: it fails so. A connection that was made already is closed.
void route_fail(struct route *route, int error, const char *reason);
// `ended` is called when the dial has ended: from within a later turn of the loop, once.
void route_await(struct route *route, void (*ended)(void *context), void *context);
struct peer *route_take_peer(struct route *route); // the caller's; NULL where the dial failed

#endif
