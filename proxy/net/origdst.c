// SPDX-License-Identifier: MIT
#include "net/origdst.h"

#include "base/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

// From linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h, which clash with netinet/in.h.
#define SO_ORIGINAL_DST      80
#define IP6T_SO_ORIGINAL_DST 80
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif

// What conntrack knows. It answers for connections that were not redirected, too, with our own
// name.
static bool find_redirected(struct sockaddr_storage *out, int fd, int family) {
    socklen_t len = sizeof(*out);
    memset(out, 0, sizeof(*out));
    if (family == AF_INET6) {
        return getsockopt(fd, IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST, out, &len) == 0;
    }
    return getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, out, &len) == 0;
}

enum origdst origdst_find(struct sockaddr_storage *out, int accepted_fd, uint16_t listener_port) {
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof(own);
    if (getsockname(accepted_fd, (struct sockaddr *)&own, &len) != 0) {
        *out = own;
        return ORIGDST_DIRECT;
    }
    address_unmap(&own);
    if (!find_redirected(out, accepted_fd, own.ss_family)) {
        *out = own; // no conntrack: TPROXY, or a direct connection
    }
    address_unmap(out);
    bool ourselves = address_port((const struct sockaddr *)out) == listener_port &&
                     origdst_is_local((const struct sockaddr *)out);
    return ourselves ? ORIGDST_DIRECT : ORIGDST_FOUND;
}

bool origdst_is_local(const struct sockaddr *address) {
    struct sockaddr_storage name = {0};
    memcpy(&name, address, address_len(address));
    memset((uint8_t *)&name + offsetof(struct sockaddr_in, sin_port), 0, sizeof(in_port_t));
    // Only an address of this machine can be bound to.
    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool local = bind(fd, (struct sockaddr *)&name, address_len(address)) == 0;
    close(fd);
    return local;
}

bool origdst_mark(int fd) {
    const uint32_t mark = ORIGDST_MARK;
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
}

bool origdst_allow_tproxy(int fd, int family) {
    const int on = 1;
    int result = family == AF_INET6
                     ? setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on))
                     : setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
    return result == 0;
}
