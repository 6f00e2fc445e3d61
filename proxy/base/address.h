// SPDX-License-Identifier: MIT
// address: socket addresses as text and back. A v4-mapped IPv6 address counts as the IPv4 address.
#ifndef SCOPE_BASE_ADDRESS_H
#define SCOPE_BASE_ADDRESS_H

#include "base/limits.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address_text {
    char host[ADDRESS_TEXT_MAX]; // "192.0.2.7", "2001:db8::1", with a zone where it has one
    uint16_t port;
};

// The address of a socket as it is kept: struct sockaddr_storage is five times as long.
union net_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// A copy; of no family (AF_UNSPEC) where `address` is of none.
union net_address net_address(const struct sockaddr *address);
// An empty host and port 0 where it is no address of the internet.
struct address_text address_text(const struct sockaddr *address);
// Our own end of a socket; AF_UNSPEC where `fd` is none.
union net_address address_local(int fd);
struct address_text address_of_socket(int fd); // … as text
// Reads a numeric address, no brackets. False where it is none.
bool address_parse(struct sockaddr_storage *out, const char *host, uint16_t port);
// The length that system calls want with it.
socklen_t address_len(const struct sockaddr *address);
bool address_is_loopback(const struct sockaddr *address);
bool address_is_any(const struct sockaddr *address); // the wildcard of its family
// Ports are in the host's byte order here.
uint16_t address_port(const struct sockaddr *address);
void address_set_port(struct sockaddr_storage *address, uint16_t port);
// ::ffff:192.0.2.1 becomes 192.0.2.1 (RFC 4291 2.5.5.2), and the other way round.
void address_unmap(struct sockaddr_storage *address);
struct sockaddr_in6 address_map(const struct sockaddr_in *v4);

#endif
