// SPDX-License-Identifier: MIT
// origdst: where a connection that the firewall brought to the proxy was going. Linux REDIRECT
// (SO_ORIGINAL_DST of conntrack, IPv4 and IPv6) and TPROXY (the accepted socket's own name).
#ifndef SCOPE_NET_ORIGDST_H
#define SCOPE_NET_ORIGDST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum origdst {
    ORIGDST_FOUND,
    ORIGDST_DIRECT, // it was not redirected: its destination is the listener itself
};

// The destination of an accepted socket, v4-mapped as AF_INET. `listener_port` is the port the
// proxy listens on: a destination of that port on one of this machine's own addresses is ourselves,
// and dialling it would go round for ever (the loop guard).
enum origdst origdst_find(struct sockaddr_storage *out, int accepted_fd, uint16_t listener_port);

// True for an address of this machine (127.0.0.0/8 too).
bool origdst_is_local(const struct sockaddr *address);

// The mark of the proxy's own connections, which the rules of smtpscope-redirect let pass.
enum { ORIGDST_MARK = 0x534d };

// Marks a socket before it connects. False without the right (CAP_NET_ADMIN or CAP_NET_RAW): the
// socket is usable all the same.
bool origdst_mark(int fd);

// Lets a socket that is not bound yet accept TPROXY traffic (IP_TRANSPARENT, IPV6_TRANSPARENT).
// False without the right: REDIRECT works all the same.
bool origdst_allow_tproxy(int fd, int family);

#endif
