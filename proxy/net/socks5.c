// SPDX-License-Identifier: MIT
#include "net/socks5.h"

#include "base/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <arpa/inet.h>

enum {
    VERSION = 5,
    METHOD_NONE = 0x00,         // no authentication
    METHOD_UNACCEPTABLE = 0xff, // none of those offered
    COMMAND_CONNECT = 1,
    ADDRESS_V4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_V6 = 4,
    REQUEST_HEAD = 4, // version, command, reserved, address type
    PORT_LEN = 2,
};

// RFC 1928 6, the reply field.
enum socks5_reply {
    SOCKS5_SUCCEEDED = 0,
    SOCKS5_GENERAL_FAILURE = 1,
    SOCKS5_UNREACHABLE = 4, // no route, or no such name
    SOCKS5_CONNECTION_REFUSED = 5,
    SOCKS5_TIMED_OUT = 6,
    SOCKS5_COMMAND_NOT_SUPPORTED = 7,
    SOCKS5_ADDRESS_NOT_SUPPORTED = 8,
};

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

static void put(struct tunnel *tunnel, const void *bytes, size_t len) {
    buf_put(&tunnel->output, slice_of(bytes, len));
}

// RFC 1928 6: VER REP RSV ATYP BND.ADDR BND.PORT. Where the address is not known it is 0.0.0.0:0.
static void put_reply(struct tunnel *tunnel, enum socks5_reply reply,
                      const struct sockaddr *local) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    if (local != NULL && local->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, local, sizeof(six));
        const uint8_t head[] = {VERSION, (uint8_t)reply, 0, ADDRESS_V6};
        put(tunnel, head, sizeof(head));
        put(tunnel, &six.sin6_addr, sizeof(six.sin6_addr));
        put(tunnel, &six.sin6_port, sizeof(six.sin6_port));
        return;
    }
    if (local != NULL && local->sa_family == AF_INET) {
        memcpy(&four, local, sizeof(four));
    }
    const uint8_t head[] = {VERSION, (uint8_t)reply, 0, ADDRESS_V4};
    put(tunnel, head, sizeof(head));
    put(tunnel, &four.sin_addr, sizeof(four.sin_addr));
    put(tunnel, &four.sin_port, sizeof(four.sin_port));
}

static void refuse(struct tunnel *tunnel, enum socks5_reply reply) {
    put_reply(tunnel, reply, NULL);
    tunnel_enter(tunnel, TUNNEL_REFUSED);
}

static void connected(struct tunnel *tunnel, const struct sockaddr *local) {
    put_reply(tunnel, SOCKS5_SUCCEEDED, local);
}

static enum socks5_reply reply_of_errno(int error) {
    switch (error) {
    case ECONNREFUSED:
        return SOCKS5_CONNECTION_REFUSED;
    case 0: // no such name
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL: // an address family that this machine has no address of
        return SOCKS5_UNREACHABLE;
    case ETIMEDOUT:
        return SOCKS5_TIMED_OUT;
    default:
        return SOCKS5_GENERAL_FAILURE;
    }
}

static void failed(struct tunnel *tunnel, int error, const char *reason) {
    (void)reason; // SOCKS5 has no words.
    put_reply(tunnel, reply_of_errno(error), NULL);
}

// ── requests ────────────────────────────────────────────────────────────────────────────────────

// The last word where the version is not ours or no method suits (RFC 1928 3).
static void refuse_methods(struct tunnel *tunnel) {
    const uint8_t reply[] = {VERSION, METHOD_UNACCEPTABLE};
    put(tunnel, reply, sizeof(reply));
    tunnel_enter(tunnel, TUNNEL_REFUSED);
}

// VER NMETHODS METHODS…
static void read_methods(struct tunnel *tunnel, struct slice input) {
    if (input.data[0] != VERSION) {
        refuse_methods(tunnel);
        return;
    }
    if (input.len < 2 || input.len < 2 + (size_t)input.data[1]) {
        return;
    }
    if (slice_find_byte(slice_from(input, 2), METHOD_NONE) == SLICE_NONE) {
        refuse_methods(tunnel);
        return;
    }
    const uint8_t reply[] = {VERSION, METHOD_NONE};
    put(tunnel, reply, sizeof(reply));
    buf_clear(&tunnel->input);
    tunnel->step++;
}

// The bytes of the address, the length in front of a name with it; 0 while that length has not
// come.
static size_t address_len(struct slice input) {
    switch (input.data[3]) {
    case ADDRESS_V4:
        return sizeof(struct in_addr);
    case ADDRESS_V6:
        return sizeof(struct in6_addr);
    default:
        return input.len > REQUEST_HEAD ? 1 + (size_t)input.data[REQUEST_HEAD] : 0;
    }
}

static bool read_address(struct tunnel *tunnel, struct slice input, size_t len) {
    const uint8_t *address = input.data + REQUEST_HEAD;
    uint16_t port = (uint16_t)(address[len] << 8 | address[len + 1]);
    char text[INET6_ADDRSTRLEN];
    switch (input.data[3]) {
    case ADDRESS_V4:
        inet_ntop(AF_INET, address, text, sizeof(text));
        return tunnel_set_host(tunnel, slice_of_string(text), port);
    case ADDRESS_V6:
        inet_ntop(AF_INET6, address, text, sizeof(text));
        return tunnel_set_host(tunnel, slice_of_string(text), port);
    default:
        return tunnel_set_host(tunnel, slice_of(address + 1, len - 1), port);
    }
}

// VER CMD RSV ATYP DST.ADDR DST.PORT. A request that is refused is read to its end first where its
// end is known, so that closing does not reset the connection under the reply.
static void read_request(struct tunnel *tunnel, struct slice input) {
    if (input.data[0] != VERSION) {
        refuse(tunnel, SOCKS5_GENERAL_FAILURE);
        return;
    }
    if (input.len < REQUEST_HEAD) {
        return;
    }
    uint8_t type = input.data[3];
    bool known = type == ADDRESS_V4 || type == ADDRESS_NAME || type == ADDRESS_V6;
    size_t len = known ? address_len(input) : 0;
    if (known && (len == 0 || input.len < REQUEST_HEAD + len + PORT_LEN)) {
        return;
    }
    if (input.data[1] != COMMAND_CONNECT) {
        refuse(tunnel, SOCKS5_COMMAND_NOT_SUPPORTED);
    } else if (!known) {
        refuse(tunnel, SOCKS5_ADDRESS_NOT_SUPPORTED);
    } else if (!read_address(tunnel, input, len)) {
        refuse(tunnel, SOCKS5_UNREACHABLE);
    } else {
        tunnel_enter(tunnel, TUNNEL_CONNECTING);
    }
}

static void read_message(struct tunnel *tunnel) {
    struct slice input = buf_slice(&tunnel->input);
    if (tunnel->step == 0) {
        read_methods(tunnel, input);
    } else {
        read_request(tunnel, input);
    }
}

const struct tunnel_protocol socks5_protocol = {
    .request_max =
        LIMIT_SOCKS5_METHODS > LIMIT_SOCKS5_REQUEST ? LIMIT_SOCKS5_METHODS : LIMIT_SOCKS5_REQUEST,
    .read = read_message,
    .connected = connected,
    .failed = failed,
};
