// SPDX-License-Identifier: MIT
// Section numbers are those of proxy-protocol.txt.
#include "net/proxy_header.h"

#include "base/address.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

enum {
    HEAD_LEN = 16,
    IPV4_ADDRESSES_LEN = 4 + 4 + 2 + 2,
    IPV6_ADDRESSES_LEN = 16 + 16 + 2 + 2,
    VERSION_2 = 0x20,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    FAMILY_MAX = 3,   // UNSPEC, INET, INET6, UNIX
    PROTOCOL_MAX = 2, // UNSPEC, STREAM, DGRAM
    TCP_OVER_IPV4 = 0x11,
    TCP_OVER_IPV6 = 0x21,
};

static const struct slice line_signature = SLICE_INIT("PROXY ");
static const struct slice head_signature = SLICE_INIT("\r\n\r\n\0\r\nQUIT\n");

static struct slice seen(const struct proxy_header *header) {
    return slice_of(header->bytes, header->len);
}

static void break_off(struct proxy_header *header, const char *fault) {
    header->state = PROXY_HEADER_BROKEN;
    header->fault = fault;
}

static void become_whole(struct proxy_header *header, bool has_addresses) {
    header->state = PROXY_HEADER_WHOLE;
    header->has_addresses = has_addresses;
    if (has_addresses) {
        address_unmap(&header->client);
        address_unmap(&header->server);
    }
}

// ── version 1 ───────────────────────────────────────────────────────────────────────────────────

static bool read_address(struct sockaddr_storage *out, struct slice text, int family) {
    char host[INET6_ADDRSTRLEN];
    if (text.len >= sizeof(host) || slice_find_byte(text, '\0') != SLICE_NONE ||
        slice_find_byte(text, '%') != SLICE_NONE) {
        return false;
    }
    memcpy(host, text.data, text.len);
    host[text.len] = '\0';
    return address_parse(out, host, 0) && out->ss_family == family;
}

// 2.1: leading zeroes are not permitted.
static bool read_port(struct sockaddr_storage *inout, struct slice text) {
    uint64_t port = 0;
    if (!text_parse_u64(&port, text, UINT16_MAX) || (text.len > 1 && text.data[0] == '0')) {
        return false;
    }
    address_set_port(inout, (uint16_t)port);
    return true;
}

static void read_ends(struct proxy_header *header, struct slice rest, int family) {
    struct slice client = slice_split(&rest, ' ');
    struct slice server = slice_split(&rest, ' ');
    struct slice client_port = slice_split(&rest, ' ');
    if (slice_is_null(rest)) {
        break_off(header, "fewer than two addresses and two ports");
    } else if (!read_address(&header->client, client, family) ||
               !read_address(&header->server, server, family)) {
        break_off(header, family == AF_INET ? "an address that is not one of IPv4"
                                            : "an address that is not one of IPv6");
    } else if (!read_port(&header->client, client_port) || !read_port(&header->server, rest)) {
        break_off(header, "a port that is not a number from 0 to 65535");
    } else {
        become_whole(header, true);
    }
}

// `line` has neither its signature nor its CRLF.
static void read_line(struct proxy_header *header, struct slice line) {
    struct slice protocol = slice_split(&line, ' ');
    if (slice_is(protocol, "UNKNOWN")) {
        become_whole(header, false); // 2.1: what follows the word is ignored.
    } else if (slice_is(protocol, "TCP4")) {
        read_ends(header, line, AF_INET);
    } else if (slice_is(protocol, "TCP6")) {
        read_ends(header, line, AF_INET6);
    } else {
        break_off(header, "a protocol that is none of TCP4, TCP6 and UNKNOWN");
    }
}

static void read_line_byte(struct proxy_header *header) {
    struct slice line = slice_from(seen(header), line_signature.len);
    if (line.data[line.len - 1] != '\n') {
        if (header->len == PROXY_HEADER_MAX) {
            break_off(header, "a line of more than 107 bytes");
        }
    } else if (line.len < 2 || line.data[line.len - 2] != '\r') {
        break_off(header, "a line that does not end with CRLF");
    } else {
        read_line(header, slice_sub(line, 0, line.len - 2));
    }
}

// ── version 2 ───────────────────────────────────────────────────────────────────────────────────

static bool is_local(const struct proxy_header *header) {
    return (header->bytes[12] & 0xF) == COMMAND_LOCAL;
}

// Of what the header has addresses for; 0 where the connection is as its socket says. 2.2: a
// combination that a receiver does not know is as good as UNSPEC.
static size_t addresses_len(const struct proxy_header *header) {
    if (is_local(header)) {
        return 0;
    }
    return header->bytes[13] == TCP_OVER_IPV4   ? (size_t)IPV4_ADDRESSES_LEN
           : header->bytes[13] == TCP_OVER_IPV6 ? (size_t)IPV6_ADDRESSES_LEN
                                                : 0;
}

static void read_addresses(struct proxy_header *header) {
    const uint8_t *at = header->bytes + HEAD_LEN;
    if (addresses_len(header) == IPV4_ADDRESSES_LEN) {
        struct sockaddr_in ends[2] = {{.sin_family = AF_INET}, {.sin_family = AF_INET}};
        for (size_t i = 0; i < 2; i++) {
            memcpy(&ends[i].sin_addr, at + 4 * i, 4);
            memcpy(&ends[i].sin_port, at + 8 + 2 * i, 2);
        }
        memcpy(&header->client, &ends[0], sizeof(ends[0]));
        memcpy(&header->server, &ends[1], sizeof(ends[1]));
    } else {
        struct sockaddr_in6 ends[2] = {{.sin6_family = AF_INET6}, {.sin6_family = AF_INET6}};
        for (size_t i = 0; i < 2; i++) {
            memcpy(&ends[i].sin6_addr, at + 16 * i, 16);
            memcpy(&ends[i].sin6_port, at + 32 + 2 * i, 2);
        }
        memcpy(&header->client, &ends[0], sizeof(ends[0]));
        memcpy(&header->server, &ends[1], sizeof(ends[1]));
    }
}

static void finish_if_due(struct proxy_header *header) {
    if (header->due > 0) {
        return;
    }
    bool has_addresses = addresses_len(header) > 0;
    if (has_addresses) {
        read_addresses(header);
    }
    become_whole(header, has_addresses);
}

static void read_head(struct proxy_header *header) {
    const uint8_t *at = header->bytes;
    header->due = (size_t)(at[14] << 8 | at[15]);
    bool proxied = (at[12] & 0xF) == COMMAND_PROXY;
    if ((at[12] & 0xF0) != VERSION_2) {
        break_off(header, "the signature of version 2 and another version");
    } else if (!proxied && !is_local(header)) {
        break_off(header, "a command that is neither LOCAL nor PROXY");
    } else if (proxied && (at[13] >> 4 > FAMILY_MAX || (at[13] & 0xF) > PROTOCOL_MAX)) {
        break_off(header, "an address family or protocol that does not exist");
    } else if (header->due < addresses_len(header)) {
        break_off(header, "a length that is too small for its addresses");
    } else {
        header->state = PROXY_HEADER_EXPECT_REST;
        finish_if_due(header);
    }
}

static size_t take_rest(struct proxy_header *header, struct slice bytes) {
    struct slice part = slice_sub(bytes, 0, header->due);
    size_t wanted = HEAD_LEN + addresses_len(header);
    struct slice kept = slice_sub(part, 0, wanted - header->len);
    memcpy(header->bytes + header->len, kept.data, kept.len);
    header->len += kept.len;
    header->due -= part.len;
    finish_if_due(header);
    return part.len;
}

// ── either ──────────────────────────────────────────────────────────────────────────────────────

static void read_signature_byte(struct proxy_header *header) {
    if (slice_equal(seen(header), line_signature)) {
        header->version = PROXY_HEADER_V1;
        header->state = PROXY_HEADER_EXPECT_LINE;
    } else if (slice_equal(seen(header), head_signature)) {
        header->version = PROXY_HEADER_V2;
        header->state = PROXY_HEADER_EXPECT_HEAD;
    } else if (!slice_starts_with(line_signature, seen(header)) &&
               !slice_starts_with(head_signature, seen(header))) {
        header->state = PROXY_HEADER_ABSENT;
    }
}

static void take_byte(struct proxy_header *header, uint8_t byte) {
    assert(header->len < sizeof(header->bytes));
    header->bytes[header->len++] = byte;
    if (header->state == PROXY_HEADER_EXPECT_SIGNATURE) {
        read_signature_byte(header);
    } else if (header->state == PROXY_HEADER_EXPECT_LINE) {
        read_line_byte(header);
    } else if (header->len == HEAD_LEN) {
        read_head(header);
    }
}

// A byte at a time, for the line ends where its own bytes say so; the rest of version 2, which may
// be long, at once.
size_t proxy_header_feed(struct proxy_header *header, struct slice bytes) {
    size_t taken = 0;
    while (taken < bytes.len && header->state < PROXY_HEADER_WHOLE) {
        if (header->state == PROXY_HEADER_EXPECT_REST) {
            taken += take_rest(header, slice_from(bytes, taken));
        } else {
            take_byte(header, bytes.data[taken++]);
        }
    }
    return taken;
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static void put_line_address(struct buf *out, const struct sockaddr_storage *end, bool six) {
    bool mapped = six && end->ss_family == AF_INET;
    buf_putf(out, " %s%s", mapped ? "::ffff:" : "",
             address_text((const struct sockaddr *)end).host);
}

static void put_line(struct buf *out, const struct sockaddr_storage ends[static 2], bool six) {
    buf_put_string(out, six ? "PROXY TCP6" : "PROXY TCP4");
    put_line_address(out, &ends[0], six);
    put_line_address(out, &ends[1], six);
    buf_putf(out, " %u %u\r\n", address_text((const struct sockaddr *)&ends[0]).port,
             address_text((const struct sockaddr *)&ends[1]).port);
}

static void put_address(struct buf *out, const struct sockaddr_storage *end, bool six) {
    if (end->ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, end, sizeof(four));
        if (six) {
            buf_put(out, SLICE("\0\0\0\0\0\0\0\0\0\0\xff\xff"));
        }
        buf_put(out, slice_of(&four.sin_addr, sizeof(four.sin_addr)));
    } else {
        struct sockaddr_in6 address;
        memcpy(&address, end, sizeof(address));
        buf_put(out, slice_of(&address.sin6_addr, sizeof(address.sin6_addr)));
    }
}

static void put_uint16(struct buf *out, uint16_t number) {
    buf_put_byte(out, (uint8_t)(number >> 8));
    buf_put_byte(out, (uint8_t)number);
}

static void put_block(struct buf *out, const struct sockaddr_storage ends[static 2], bool six) {
    buf_put(out, head_signature);
    buf_put_byte(out, VERSION_2 | COMMAND_PROXY);
    buf_put_byte(out, six ? TCP_OVER_IPV6 : TCP_OVER_IPV4);
    put_uint16(out, six ? IPV6_ADDRESSES_LEN : IPV4_ADDRESSES_LEN);
    put_address(out, &ends[0], six);
    put_address(out, &ends[1], six);
    put_uint16(out, address_text((const struct sockaddr *)&ends[0]).port);
    put_uint16(out, address_text((const struct sockaddr *)&ends[1]).port);
}

void proxy_header_put(struct buf *out, enum proxy_header_version version,
                      const struct sockaddr *client, const struct sockaddr *server) {
    struct sockaddr_storage ends[2] = {{0}, {0}};
    memcpy(&ends[0], client, address_len(client));
    memcpy(&ends[1], server, address_len(server));
    address_unmap(&ends[0]);
    address_unmap(&ends[1]);
    bool six = ends[0].ss_family == AF_INET6 || ends[1].ss_family == AF_INET6;
    if (version == PROXY_HEADER_V1) {
        put_line(out, ends, six);
    } else if (version == PROXY_HEADER_V2) {
        put_block(out, ends, six);
    }
}
