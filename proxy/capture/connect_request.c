// SPDX-License-Identifier: MIT
#include "capture/connect_request.h"

#include "base/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

// linux/ipv6.h: an IPv6 address without the scope is long enough (RFC 2133).
enum { SIN6_LEN_MIN = 24 };

// The socket address that the call gives: a pointer and a length.
struct given {
    uint64_t at;
    uint64_t len;
};

// socketcall(2) has connect's three arguments in memory, as 32-bit words.
static int given_by_socketcall(struct given *out, int *out_socket,
                               const struct notification *notification) {
    uint32_t words[3];
    int error = notification_read(notification, notification->arguments[1], words, sizeof(words));
    if (error == 0) {
        *out_socket = (int)words[0];
        *out = (struct given){.at = words[1], .len = words[2]};
    }
    return error;
}

// msg_name and msg_namelen, the first two members of struct msghdr, and of struct mmsghdr too.
static int given_by_message(struct given *out, const struct notification *notification) {
    if (notification->small_words) {
        uint32_t words[2];
        int error =
            notification_read(notification, notification->arguments[1], words, sizeof(words));
        *out = (struct given){.at = words[0], .len = words[1]};
        return error;
    }
    struct {
        uint64_t name;
        uint32_t name_len;
    } head;
    int error = notification_read(notification, notification->arguments[1], &head, sizeof(head));
    *out = (struct given){.at = head.name, .len = head.name_len};
    return error;
}

static int given_read(struct given *out, int *out_socket, const struct notification *notification) {
    const uint64_t *arguments = notification->arguments;
    *out_socket = (int)arguments[0];
    switch (notification->call) {
    case CALL_CONNECT:
        *out = (struct given){.at = arguments[1], .len = (uint32_t)arguments[2]};
        return 0;
    case CALL_SENDTO:
        *out = (struct given){.at = arguments[4], .len = (uint32_t)arguments[5]};
        return 0;
    case CALL_SOCKETCALL:
        return given_by_socketcall(out, out_socket, notification);
    case CALL_SENDMSG:
    case CALL_SENDMMSG:
        return given_by_message(out, notification);
    case CALL_OTHER:
    case CALL_OWN_NAME:
    case CALL_PEER_NAME:
    case CALL_URING_SETUP:
    case CALL_EXECVE:
    case CALL_EXECVEAT:
        break;
    }
    *out = (struct given){0};
    return 0;
}

// The port of an address that is whole, 0 for all others.
static uint16_t whole_port(const struct sockaddr_storage *address, uint64_t len) {
    bool whole = (address->ss_family == AF_INET && len >= sizeof(struct sockaddr_in)) ||
                 (address->ss_family == AF_INET6 && len >= SIN6_LEN_MIN);
    return whole ? address_port((const struct sockaddr *)address) : 0;
}

enum connect_request_kind connect_request_read(struct connect_request *out,
                                               const struct notification *notification,
                                               const struct port_list *watched) {
    memset(out, 0, sizeof(*out));
    struct given given = {0};
    int error = given_read(&given, &out->socket_number, notification);
    // Whatever the kernel will refuse by itself (too short, a bad pointer) it gets to refuse.
    bool whole = given.len >= sizeof(struct sockaddr_in) && given.len <= sizeof(out->address);
    if (error == 0 && whole) {
        size_t len =
            given.len < sizeof(struct sockaddr_in6) ? given.len : sizeof(struct sockaddr_in6);
        error = notification_read(notification, given.at, &out->address, len);
        out->address_at = given.at;
    }
    if (error != 0) {
        return error == EPERM ? CONNECT_REQUEST_HIDDEN : CONNECT_REQUEST_OTHER;
    }
    out->port = whole_port(&out->address, given.len);
    if (!port_list_has(watched, out->port)) {
        return CONNECT_REQUEST_OTHER;
    }
    out->family = out->address.ss_family;
    address_unmap(&out->address);
    bool connects = notification->call == CALL_CONNECT || notification->call == CALL_SOCKETCALL;
    return connects ? CONNECT_REQUEST_CONNECT : CONNECT_REQUEST_FASTOPEN;
}
