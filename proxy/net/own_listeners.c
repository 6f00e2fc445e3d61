// SPDX-License-Identifier: MIT
#include "net/own_listeners.h"

#include "base/address.h"
#include "base/memory.h"
#include "net/origdst.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void own_listeners_add(struct own_listeners *own, int listening_fd) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    getsockname(listening_fd, (struct sockaddr *)&address, &len);
    own->addresses = mem_resize(own->addresses, own->count + 1, sizeof(address));
    own->addresses[own->count++] = address;
}

void own_listeners_cleanup(struct own_listeners *own) {
    free(own->addresses);
    *own = (struct own_listeners){0};
}

static bool is_wildcard(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof(six));
        return IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
    }
    struct sockaddr_in four;
    memcpy(&four, address, sizeof(four));
    return four.sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    if (a->ss_family == AF_INET6) {
        struct sockaddr_in6 first;
        struct sockaddr_in6 second;
        memcpy(&first, a, sizeof(first));
        memcpy(&second, b, sizeof(second));
        return IN6_ARE_ADDR_EQUAL(&first.sin6_addr, &second.sin6_addr);
    }
    struct sockaddr_in first;
    struct sockaddr_in second;
    memcpy(&first, a, sizeof(first));
    memcpy(&second, b, sizeof(second));
    return first.sin_addr.s_addr == second.sin_addr.s_addr;
}

// A connect to the wildcard goes to the loopback address.
static struct sockaddr_storage reached_by(const struct sockaddr *target) {
    struct sockaddr_storage reached = {0};
    memcpy(&reached, target, address_len(target));
    address_unmap(&reached);
    if (is_wildcard(&reached)) {
        bool v6 = reached.ss_family == AF_INET6;
        address_parse(&reached, v6 ? "::1" : "127.0.0.1",
                      address_port((const struct sockaddr *)&reached));
    }
    return reached;
}

bool own_listeners_have(const struct own_listeners *own, const struct sockaddr *target) {
    struct sockaddr_storage reached = reached_by(target);
    for (size_t i = 0; i < own->count; i++) {
        const struct sockaddr_storage *listener = &own->addresses[i];
        if (listener->ss_family != reached.ss_family ||
            address_port((const struct sockaddr *)listener) !=
                address_port((const struct sockaddr *)&reached)) {
            continue;
        }
        bool here = is_wildcard(listener) ? origdst_is_local((struct sockaddr *)&reached)
                                          : same_host(listener, &reached);
        if (here) {
            return true;
        }
    }
    return false;
}

static bool have_port(const struct own_listeners *own, uint16_t port) {
    for (size_t i = 0; i < own->count; i++) {
        if (address_port((const struct sockaddr *)&own->addresses[i]) == port) {
            return true;
        }
    }
    return false;
}

bool own_listeners_have_host(const struct own_listeners *own, const char *host, uint16_t port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    if (!have_port(own, port) || getaddrinfo(host, service, &hints, &list) != 0) {
        return false;
    }
    bool found = false;
    for (struct addrinfo *item = list; item != NULL && !found; item = item->ai_next) {
        found = own_listeners_have(own, item->ai_addr);
    }
    freeaddrinfo(list);
    return found;
}
