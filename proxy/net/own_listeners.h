// SPDX-License-Identifier: MIT
// own_listeners: the addresses that this process listens on, so that no session is led back to one
// of them: it would go round until the descriptors run out.
#ifndef SCOPE_NET_OWN_LISTENERS_H
#define SCOPE_NET_OWN_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct own_listeners {
    struct sockaddr_storage *addresses; // owned
    size_t count;
};

void own_listeners_add(struct own_listeners *own, int listening_fd);
void own_listeners_cleanup(struct own_listeners *own);
// Whether a connection to `target` would arrive at one of them; a wildcard listener is at each
// address that this machine has now.
bool own_listeners_have(const struct own_listeners *own, const struct sockaddr *target);
// The same for what a name or an address resolves to now. A name is looked up, and waited for, only
// where a listener has this port.
bool own_listeners_have_host(const struct own_listeners *own, const char *host, uint16_t port);

#endif
