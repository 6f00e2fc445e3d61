// SPDX-License-Identifier: MIT
#include "net/socks5.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

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

struct slice socks5_output(const struct socks5 *socks5) {
    return slice_of(socks5->output, socks5->output_len);
}

void socks5_output_sent(struct socks5 *socks5) {
    socks5->output_len = 0;
}

static void put(struct socks5 *socks5, const void *bytes, size_t len) {
    assert(socks5->output_len + len <= SOCKS5_OUTPUT_MAX);
    memcpy(socks5->output + socks5->output_len, bytes, len);
    socks5->output_len += len;
}

static void enter(struct socks5 *socks5, enum socks5_state state) {
    assert(socks5->state < SOCKS5_CONNECTED);
    socks5->state = state;
    socks5->input_len = 0;
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

// RFC 1928 6: VER REP RSV ATYP BND.ADDR BND.PORT. Where the address is not known it is 0.0.0.0:0.
static void put_reply(struct socks5 *socks5, enum socks5_reply reply,
                      const struct sockaddr *local) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    if (local != NULL && local->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, local, sizeof(six));
        const uint8_t head[] = {VERSION, (uint8_t)reply, 0, ADDRESS_V6};
        put(socks5, head, sizeof(head));
        put(socks5, &six.sin6_addr, sizeof(six.sin6_addr));
        put(socks5, &six.sin6_port, sizeof(six.sin6_port));
        return;
    }
    if (local != NULL && local->sa_family == AF_INET) {
        memcpy(&four, local, sizeof(four));
    }
    const uint8_t head[] = {VERSION, (uint8_t)reply, 0, ADDRESS_V4};
    put(socks5, head, sizeof(head));
    put(socks5, &four.sin_addr, sizeof(four.sin_addr));
    put(socks5, &four.sin_port, sizeof(four.sin_port));
}

static void refuse(struct socks5 *socks5, enum socks5_reply reply) {
    put_reply(socks5, reply, NULL);
    enter(socks5, SOCKS5_REFUSED);
}

void socks5_answer_connected(struct socks5 *socks5, const struct sockaddr *local) {
    assert(socks5->state == SOCKS5_CONNECTING);
    put_reply(socks5, SOCKS5_SUCCEEDED, local);
    enter(socks5, SOCKS5_CONNECTED);
}

void socks5_answer_failed(struct socks5 *socks5, enum socks5_reply reply) {
    assert(socks5->state == SOCKS5_CONNECTING && reply != SOCKS5_SUCCEEDED);
    refuse(socks5, reply);
}

enum socks5_reply socks5_reply_of_errno(int error) {
    switch (error) {
    case ECONNREFUSED:
        return SOCKS5_CONNECTION_REFUSED;
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

// ── requests ────────────────────────────────────────────────────────────────────────────────────

// The last word where the version is not ours or no method suits (RFC 1928 3).
static void refuse_methods(struct socks5 *socks5) {
    const uint8_t reply[] = {VERSION, METHOD_UNACCEPTABLE};
    put(socks5, reply, sizeof(reply));
    enter(socks5, SOCKS5_REFUSED);
}

// VER NMETHODS METHODS…
static void read_methods(struct socks5 *socks5) {
    const uint8_t *input = socks5->input;
    if (input[0] != VERSION) {
        refuse_methods(socks5);
        return;
    }
    if (socks5->input_len < 2 || socks5->input_len < 2 + (size_t)input[1]) {
        return;
    }
    if (memchr(input + 2, METHOD_NONE, input[1]) == NULL) {
        refuse_methods(socks5);
        return;
    }
    const uint8_t reply[] = {VERSION, METHOD_NONE};
    put(socks5, reply, sizeof(reply));
    enter(socks5, SOCKS5_EXPECT_REQUEST);
}

// The bytes of the address, the length in front of a name with it; 0 while that length has not
// come.
static size_t address_len(const struct socks5 *socks5) {
    switch (socks5->input[3]) {
    case ADDRESS_V4:
        return sizeof(struct in_addr);
    case ADDRESS_V6:
        return sizeof(struct in6_addr);
    default:
        return socks5->input_len > REQUEST_HEAD ? 1 + (size_t)socks5->input[REQUEST_HEAD] : 0;
    }
}

// False for a name that cannot exist: an empty one, or one with a NUL, which no resolver takes.
static bool read_name(struct socks5 *socks5, const uint8_t *address, size_t len) {
    if (len == 1 || memchr(address + 1, '\0', len - 1) != NULL) {
        return false;
    }
    memcpy(socks5->host, address + 1, len - 1);
    socks5->host[len - 1] = '\0';
    socks5->host_is_name = true;
    return true;
}

static bool read_address(struct socks5 *socks5, size_t len) {
    const uint8_t *address = socks5->input + REQUEST_HEAD;
    socks5->port = (uint16_t)(address[len] << 8 | address[len + 1]);
    switch (socks5->input[3]) {
    case ADDRESS_V4:
        return inet_ntop(AF_INET, address, socks5->host, sizeof(socks5->host)) != NULL;
    case ADDRESS_V6:
        return inet_ntop(AF_INET6, address, socks5->host, sizeof(socks5->host)) != NULL;
    default:
        return read_name(socks5, address, len);
    }
}

// VER CMD RSV ATYP DST.ADDR DST.PORT. A request that is refused is read to its end first where its
// end is known, so that closing does not reset the connection under the reply.
static void read_request(struct socks5 *socks5) {
    const uint8_t *input = socks5->input;
    if (input[0] != VERSION) {
        refuse(socks5, SOCKS5_GENERAL_FAILURE);
        return;
    }
    if (socks5->input_len < REQUEST_HEAD) {
        return;
    }
    bool known = input[3] == ADDRESS_V4 || input[3] == ADDRESS_NAME || input[3] == ADDRESS_V6;
    size_t len = known ? address_len(socks5) : 0;
    if (known && (len == 0 || socks5->input_len < REQUEST_HEAD + len + PORT_LEN)) {
        return;
    }
    if (input[1] != COMMAND_CONNECT) {
        refuse(socks5, SOCKS5_COMMAND_NOT_SUPPORTED);
    } else if (!known) {
        refuse(socks5, SOCKS5_ADDRESS_NOT_SUPPORTED);
    } else if (!read_address(socks5, len)) {
        refuse(socks5, SOCKS5_UNREACHABLE);
    } else {
        enter(socks5, SOCKS5_CONNECTING);
    }
}

size_t socks5_feed(struct socks5 *socks5, struct slice bytes) {
    // A byte at a time: each message ends where its own bytes say so, and what stands behind it is
    // the next one's, or the client's stream.
    for (size_t i = 0; i < bytes.len; i++) {
        switch (socks5->state) {
        case SOCKS5_EXPECT_METHODS:
            socks5->input[socks5->input_len++] = bytes.data[i];
            read_methods(socks5);
            break;
        case SOCKS5_EXPECT_REQUEST:
            socks5->input[socks5->input_len++] = bytes.data[i];
            read_request(socks5);
            break;
        case SOCKS5_CONNECTING:
        case SOCKS5_CONNECTED:
        case SOCKS5_REFUSED:
            return i;
        }
    }
    return bytes.len;
}
