// SPDX-License-Identifier: MIT
// flow: one TCP connection drawn as packets, from SYN to FIN, with correct sequence numbers and
// checksums (RFC 9293, 791, 8200). What was said is real; how it was cut into segments is not.
//
//   client ──SYN──▶ server     client ──data──▶ server     client ──FIN──▶ server
//          ◀─SYN,ACK           client ◀──ACK──             client ◀─FIN,ACK─
//          ──ACK──▶                                               ──ACK──▶
//
// Both ends have one family: where one is IPv4 and the other IPv6, the IPv4 address is written as
// the IPv6 address that maps to it, ::ffff:192.0.2.1 (RFC 4291 2.5.5.2).
#ifndef SCOPE_FORMAT_FLOW_H
#define SCOPE_FORMAT_FLOW_H

#include "base/buf.h"
#include "event/event.h"

enum { FLOW_ADDRESS_LEN = 16 };

struct flow_end {
    uint8_t address[FLOW_ADDRESS_LEN]; // IPv4 in the first four bytes
    uint16_t port;
    uint32_t next;      // sequence number of the next byte it sends
    uint16_t packet_id; // IPv4 identification
};

// Appends one packet to a capture: pcap_put_packet or pcapng_put_packet.
typedef void flow_put(struct buf *out, int64_t unix_ns, struct slice headers, struct slice payload);

// All-zero is a flow that is not begun.
struct flow {
    flow_put *put;
    struct flow_end ends[2]; // by enum side
    bool six;                // IPv6
    bool begun;              // its first packets were written, or went by unrecorded
    bool written;            // there is a packet of it
    bool closed;
};

// The two ends; an address that is NULL is the unspecified one. `id` varies the first sequence
// numbers, so that a port used again is seen as a new connection.
void flow_init(struct flow *flow, flow_put *put, uint64_t id, const struct event_endpoint *client,
               const struct event_endpoint *server);
// The handshake, unless it was written before.
void flow_open(struct flow *flow, struct buf *out, int64_t unix_ns);
// Bytes that `from` sent, and their acknowledgement; opens the flow if need be.
void flow_send(struct flow *flow, struct buf *out, int64_t unix_ns, enum side from,
               struct slice bytes);
// Bytes that are not recorded: a gap that a reader sees.
void flow_skip(struct flow *flow, enum side from, size_t len);
// The end, by FIN; `first` is who closed first. Nothing if no packet was written.
void flow_close(struct flow *flow, struct buf *out, int64_t unix_ns, enum side first);
// The end, by a reset that `from` sent. Nothing if no packet was written.
void flow_reset(struct flow *flow, struct buf *out, int64_t unix_ns, enum side from);

#endif
