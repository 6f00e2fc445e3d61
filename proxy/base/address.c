// SPDX-License-Identifier: MIT
#include "base/address.h"

#include "base/limits.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void address_unmap(struct sockaddr_storage *address) {
    struct sockaddr_in6 v6;
    if (address->ss_family != AF_INET6) {
        return;
    }
    memcpy(&v6, address, sizeof(v6));
    if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        return;
    }
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6.sin6_port};
    memcpy(&v4.sin_addr, &v6.sin6_addr.s6_addr[12], sizeof(v4.sin_addr));
    memset(address, 0, sizeof(*address));
    memcpy(address, &v4, sizeof(v4));
}

struct sockaddr_in6 address_map(const struct sockaddr_in *v4) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4->sin_port};
    v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&v6.sin6_addr.s6_addr[12], &v4->sin_addr, sizeof(v4->sin_addr));
    return v6;
}

socklen_t address_len(const struct sockaddr *address) {
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

union net_address net_address(const struct sockaddr *address) {
    union net_address copy = {.v6 = {.sin6_family = AF_UNSPEC}};
    if (address->sa_family != AF_UNSPEC) {
        memcpy(&copy, address, address_len(address));
    }
    return copy;
}

struct address_text address_text(const struct sockaddr *address) {
    struct address_text text = {0};
    struct sockaddr_storage copy = {0};
    memcpy(&copy, address, address_len(address));
    address_unmap(&copy);
    if (copy.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &copy, sizeof(v6));
        inet_ntop(AF_INET6, &v6.sin6_addr, text.host, sizeof(text.host));
        text.port = ntohs(v6.sin6_port);
    } else if (copy.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &copy, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, text.host, sizeof(text.host));
        text.port = ntohs(v4.sin_port);
    }
    return text;
}

uint16_t address_port(const struct sockaddr *address) {
    return ntohs(net_address(address).v4.sin_port); // at the same place in both families
}

void address_set_port(struct sockaddr_storage *address, uint16_t port) {
    struct sockaddr_in four; // the port is at the same place in both families
    memcpy(&four, address, sizeof(four));
    four.sin_port = htons(port);
    memcpy(address, &four, sizeof(four));
}

union net_address address_local(int fd) {
    union net_address address = {.v6 = {.sin6_family = AF_UNSPEC}};
    socklen_t len = sizeof(address);
    getsockname(fd, &address.any, &len);
    return address;
}

struct address_text address_of_socket(int fd) {
    union net_address address = address_local(fd);
    return address_text(&address.any);
}

static bool parse_v6(struct sockaddr_in6 *out, const char *host) {
    char bare[ADDRESS_TEXT_MAX];
    const char *zone = strchr(host, '%');
    size_t len = zone == NULL ? strlen(host) : (size_t)(zone - host);
    if (len >= sizeof(bare)) {
        return false;
    }
    memcpy(bare, host, len);
    bare[len] = '\0';
    out->sin6_family = AF_INET6;
    out->sin6_scope_id = zone == NULL ? 0 : if_nametoindex(zone + 1);
    return inet_pton(AF_INET6, bare, &out->sin6_addr) == 1;
}

bool address_parse(struct sockaddr_storage *out, const char *host, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_port = htons(port)};
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof(v4));
        return true;
    }
    if (parse_v6(&v6, host)) {
        memcpy(out, &v6, sizeof(v6));
        return true;
    }
    return false;
}

bool address_is_any(const struct sockaddr *address) {
    union net_address copy = net_address(address);
    return copy.any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&copy.v6.sin6_addr)
                                          : copy.v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool address_is_loopback(const struct sockaddr *address) {
    struct sockaddr_storage copy = {0};
    memcpy(&copy, address, address_len(address));
    address_unmap(&copy);
    if (copy.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &copy, sizeof(v4));
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, &copy, sizeof(v6));
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}
