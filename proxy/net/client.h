// SPDX-License-Identifier: MIT
// client: who was accepted: the two ends of its connection, and the process that holds it.
#ifndef SCOPE_NET_CLIENT_H
#define SCOPE_NET_CLIENT_H

#include "base/address.h"
#include "base/process.h"
#include "net/proxy_header.h"

// After a balancer both ends are those that its header gave: the accepted socket is the
// balancer's.
struct client {
    union net_address name;           // its socket as this machine sees it …
    union net_address peer;           // … and what it connected to
    enum proxy_header_version header; // the header that gave them; PROXY_HEADER_NONE: the socket
    struct address_text text;         // of its socket; "" where nothing was accepted
    struct address_text local_text;
    struct process_identity process; // pid 0 where not known
};

// `local` is the address that it was accepted at.
void client_init(struct client *out, const struct sockaddr *name, const struct sockaddr *local);
// A balancer says who it is, in a header that has addresses.
void client_use_header(struct client *client, const struct proxy_header *header);
bool client_is_local(const struct client *client); // on this machine
// TCP cannot say whether a peer that has sent its FIN still reads: only a reset shows that it does
// not, and a client that is killed before the server answered has nothing to reset. The kernel of
// this machine knows whether a process still holds the client's socket; a client elsewhere is reset
// by the probes of `peer_probe`, later. `accepted_fd` is the client's socket, or a balancer's.
bool client_is_orphan(const struct client *client, int accepted_fd);

#endif
