// SPDX-License-Identifier: MIT
// networks: a list of addresses and CIDR blocks, as `--allow` and
// `--proxy-protocol` take it, and whether an
// address is in one of them. A v4-mapped address counts as the IPv4 address.
#ifndef SCOPE_NET_NETWORKS_H
#define SCOPE_NET_NETWORKS_H

#include "base/slice.h"

#include <sys/socket.h>

struct network {
    int family;          // AF_INET, AF_INET6
    uint8_t address[16]; // of which the first `prefix_len` bits count
    unsigned prefix_len;
};

struct networks { // all-zero is an empty one
    struct network *items;
    size_t count;
};

// Adds those of `text`, such as "10.0.0.0/8,192.0.2.7,2001:db8::/32". False where it is no such
// list; a part of it may have been added.
bool networks_add(struct networks *networks, struct slice text);
bool networks_have(const struct networks *networks, const struct sockaddr *address);
void networks_cleanup(struct networks *networks);

#endif
