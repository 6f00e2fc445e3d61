// SPDX-License-Identifier: MIT
// pending_connects: the connections that were redirected to the proxy's listener and that it has
// not claimed yet. Any thread.
//
// The key is the loopback address that a connection was redirected to, 127.x.y.z with 24 random
// bits, so that another user of this machine cannot guess one and take the connection over. A
// socket that is bound to an IPv6 address can only be redirected to ::1; there its own address and
// port are the key.
#ifndef SCOPE_CAPTURE_PENDING_CONNECTS_H
#define SCOPE_CAPTURE_PENDING_CONNECTS_H

#include "capture/capture.h"

#include <netinet/in.h>

struct pending_connects;

struct pending_key {
    struct in6_addr address; // 127.x.y.z in its mapped form, or the client's
    in_port_t port;          // 0, or the client's
};

struct pending_key pending_key_of_loopback(struct in_addr address);
struct pending_key pending_key_of_client(const struct sockaddr_in6 *client);
// The key of a connection that the listener accepted.
bool pending_key_of_accepted(struct pending_key *out, int accepted_fd);

struct pending_connects *pending_connects_new(void);
void pending_connects_free(
    struct pending_connects *pending); // closes the servers that were not claimed

// Keeps a copy; `server_fd` belongs to `pending` from here on. Returns the address to redirect to.
struct in_addr pending_connects_add(struct pending_connects *pending,
                                    const struct capture_connection *connection);
// The same under a key that is given.
void pending_connects_add_at(struct pending_connects *pending,
                             const struct capture_connection *connection,
                             const struct pending_key *key);
// Takes a record out; false where there is none of that key.
bool pending_connects_take(struct pending_connects *pending, const struct pending_key *key,
                           struct capture_connection *out);
// Takes a record out that no connection will claim, and closes its server.
void pending_connects_drop(struct pending_connects *pending, const struct pending_key *key);
// A dial is under way that may become a record, or a failure to report; and it is over.
void pending_connects_dial_begun(struct pending_connects *pending);
void pending_connects_dial_ended(struct pending_connects *pending);
// Waits until no dial is under way and every record was taken, for at most this long.
void pending_connects_wait_taken(struct pending_connects *pending, int64_t wait_ms);

#endif
