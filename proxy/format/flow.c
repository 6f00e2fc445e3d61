// SPDX-License-Identifier: MIT
#include "format/flow.h"

#include "base/limits.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_LEN = 20,
    IPV4_LEN = 20,
    IPV6_LEN = 40,
    PROTOCOL_TCP = 6,
    HOPS = 64,
    WINDOW = 65535,
};

// ── bytes and sums ──────────────────────────────────────────────────────────────────────────────

static void set16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void set32(uint8_t *at, uint32_t value) {
    set16(at, value >> 16);
    set16(at + 2, value & 0xFFFF);
}

// The sum of RFC 1071 over big-endian words; an odd byte at the end is padded.
static uint64_t sum(uint64_t before, struct slice bytes) {
    size_t i = 0;
    for (; i + 3 < bytes.len; i += 4) { // two words at a time, of which `fold` makes one
        uint32_t two;
        memcpy(&two, bytes.data + i, sizeof(two));
        before += ntohl(two);
    }
    for (; i + 1 < bytes.len; i += 2) {
        before += (uint64_t)(bytes.data[i] << 8 | bytes.data[i + 1]);
    }
    return i < bytes.len ? before + (uint64_t)(bytes.data[i] << 8) : before;
}

static unsigned fold(uint64_t total) {
    while (total >> 16 != 0) {
        total = (total & 0xFFFF) + (total >> 16);
    }
    return (unsigned)~total & 0xFFFF;
}

// ── one packet ──────────────────────────────────────────────────────────────────────────────────

static size_t address_len(const struct flow *flow) {
    return flow->six ? 16 : 4;
}

static void put_tcp(uint8_t *at, const struct flow *flow, enum side from, unsigned flags,
                    struct slice payload) {
    const struct flow_end *source = &flow->ends[from];
    const struct flow_end *target = &flow->ends[side_other(from)];
    size_t len = TCP_LEN + payload.len;
    memset(at, 0, TCP_LEN);
    set16(at, source->port);
    set16(at + 2, target->port);
    set32(at + 4, source->next);
    set32(at + 8, (flags & TCP_ACK) != 0 ? target->next : 0);
    at[12] = TCP_LEN / 4 << 4;
    at[13] = (uint8_t)flags;
    set16(at + 14, WINDOW);
    // The pseudo-header: addresses, protocol, length (RFC 9293 3.1).
    uint64_t total = PROTOCOL_TCP + len;
    total = sum(total, slice_of(source->address, address_len(flow)));
    total = sum(total, slice_of(target->address, address_len(flow)));
    total = sum(total, slice_of(at, TCP_LEN));
    set16(at + 16, fold(sum(total, payload)));
}

static void put_ipv4(uint8_t *at, struct flow *flow, enum side from, size_t content_len) {
    memset(at, 0, IPV4_LEN);
    at[0] = 0x45;
    set16(at + 2, (unsigned)(IPV4_LEN + content_len));
    set16(at + 4, flow->ends[from].packet_id++);
    set16(at + 6, 0x4000); // do not fragment
    at[8] = HOPS;
    at[9] = PROTOCOL_TCP;
    memcpy(at + 12, flow->ends[from].address, 4);
    memcpy(at + 16, flow->ends[side_other(from)].address, 4);
    set16(at + 10, fold(sum(0, slice_of(at, IPV4_LEN))));
}

static void put_ipv6(uint8_t *at, const struct flow *flow, enum side from, size_t content_len) {
    memset(at, 0, IPV6_LEN);
    at[0] = 0x60;
    set16(at + 4, (unsigned)content_len);
    at[6] = PROTOCOL_TCP;
    at[7] = HOPS;
    memcpy(at + 8, flow->ends[from].address, 16);
    memcpy(at + 24, flow->ends[side_other(from)].address, 16);
}

// What a segment of one flow at one time goes into.
struct canvas {
    struct flow *flow;
    struct buf *out;
    int64_t unix_ns;
};

static void segment(struct canvas canvas, enum side from, unsigned flags, struct slice payload) {
    uint8_t headers[IPV6_LEN + TCP_LEN];
    struct flow *flow = canvas.flow;
    size_t ip_len = flow->six ? IPV6_LEN : IPV4_LEN;
    if (flow->six) {
        put_ipv6(headers, flow, from, TCP_LEN + payload.len);
    } else {
        put_ipv4(headers, flow, from, TCP_LEN + payload.len);
    }
    put_tcp(headers + ip_len, flow, from, flags, payload);
    flow->put(canvas.out, canvas.unix_ns, slice_of(headers, ip_len + TCP_LEN), payload);
    // SYN and FIN count as a byte each (RFC 9293 3.4).
    flow->ends[from].next += (uint32_t)payload.len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    flow->written = true;
}

static void bare(struct canvas canvas, enum side from, unsigned flags) {
    segment(canvas, from, flags, slice_of(NULL, 0));
}

// ── the ends ────────────────────────────────────────────────────────────────────────────────────

static bool is_six(const char *address) {
    return address != NULL && strchr(address, ':') != NULL;
}

static void read_address(uint8_t out[static FLOW_ADDRESS_LEN], const char *address, bool six) {
    char plain[INET6_ADDRSTRLEN] = "";
    memset(out, 0, FLOW_ADDRESS_LEN);
    // Without the zone of a link-local address.
    size_t len = address == NULL ? 0 : strcspn(address, "%");
    if (len == 0 || len >= sizeof(plain)) {
        return;
    }
    memcpy(plain, address, len);
    if (six && !is_six(plain)) {
        out[10] = 0xFF;
        out[11] = 0xFF;
        inet_pton(AF_INET, plain, out + 12);
        return;
    }
    inet_pton(six ? AF_INET6 : AF_INET, plain, out);
}

void flow_init(struct flow *flow, flow_put *put, uint64_t id, const struct event_endpoint *client,
               const struct event_endpoint *server) {
    const struct event_endpoint *ends[] = {[SIDE_CLIENT] = client, [SIDE_SERVER] = server};
    *flow = (struct flow){.put = put, .six = is_six(client->address) || is_six(server->address)};
    for (size_t i = 0; i < 2; i++) {
        read_address(flow->ends[i].address, ends[i]->address, flow->six);
        flow->ends[i].port = ends[i]->port;
        // Knuth's multiplier spreads the numbers of neighbouring sessions.
        flow->ends[i].next = (uint32_t)(id * 2654435761U + i * 0x40000000U);
    }
}

// ── the connection ──────────────────────────────────────────────────────────────────────────────

void flow_open(struct flow *flow, struct buf *out, int64_t unix_ns) {
    struct canvas canvas = {flow, out, unix_ns};
    if (flow->begun) {
        return;
    }
    flow->begun = true;
    bare(canvas, SIDE_CLIENT, TCP_SYN);
    bare(canvas, SIDE_SERVER, TCP_SYN | TCP_ACK);
    bare(canvas, SIDE_CLIENT, TCP_ACK);
}

void flow_send(struct flow *flow, struct buf *out, int64_t unix_ns, enum side from,
               struct slice bytes) {
    struct canvas canvas = {flow, out, unix_ns};
    flow_open(flow, out, unix_ns);
    while (bytes.len > 0) {
        segment(canvas, from, TCP_PSH | TCP_ACK, slice_sub(bytes, 0, LIMIT_SEGMENT));
        bare(canvas, side_other(from), TCP_ACK);
        bytes = slice_from(bytes, LIMIT_SEGMENT);
    }
}

void flow_skip(struct flow *flow, enum side from, size_t len) {
    flow->begun = true; // its beginning was left out, so it is not drawn
    flow->ends[from].next += (uint32_t)len;
}

void flow_close(struct flow *flow, struct buf *out, int64_t unix_ns, enum side first) {
    struct canvas canvas = {flow, out, unix_ns};
    if (flow->closed || !flow->written) {
        return;
    }
    flow->closed = true;
    bare(canvas, first, TCP_FIN | TCP_ACK);
    bare(canvas, side_other(first), TCP_FIN | TCP_ACK);
    bare(canvas, first, TCP_ACK);
}

void flow_reset(struct flow *flow, struct buf *out, int64_t unix_ns, enum side from) {
    struct canvas canvas = {flow, out, unix_ns};
    if (flow->closed || !flow->written) {
        return;
    }
    flow->closed = true;
    bare(canvas, from, TCP_RST | TCP_ACK);
}
