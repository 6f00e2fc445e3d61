// SPDX-License-Identifier: MIT
#include "format/capture_file.h"

#include "base/clock.h"

#include <string.h>

enum {
    LINKTYPE_RAW = 101,
    // Longer than any IP packet, and a number that no other program is known to write.
    SNAPSHOT_LEN = 0x010A57,
    PCAP_HEAD_LEN = 24,
    PCAP_RECORD_HEAD_LEN = 16,
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    SECRETS_TLS_KEY_LOG = 0x544C534B,
    OPTION_END = 0,
    OPTION_USER_APPLICATION = 4,
    BLOCK_FRAME_LEN = 12, // type, length, length again
};

static const uint32_t pcap_magic = 0xA1B2C3D4;
static const uint32_t pcapng_byte_order = 0x1A2B3C4D;
static const struct slice application = SLICE_INIT("smtpscope");

static void put16(struct buf *out, unsigned value) {
    uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8)};
    buf_put(out, slice_of(bytes, sizeof(bytes)));
}

static void set32(uint8_t *at, uint32_t value) {
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static void put32(struct buf *out, uint32_t value) {
    uint8_t bytes[4];
    set32(bytes, value);
    buf_put(out, slice_of(bytes, sizeof(bytes)));
}

static uint32_t get32(struct slice s, size_t offset) {
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) {
        value = value << 8 | s.data[offset + i];
    }
    return value;
}

void pcap_put_head(struct buf *out) {
    put32(out, pcap_magic);
    put16(out, 2); // version 2.4
    put16(out, 4);
    put32(out, 0);
    put32(out, 0);
    put32(out, SNAPSHOT_LEN);
    put32(out, LINKTYPE_RAW);
}

void pcap_put_packet(struct buf *out, int64_t unix_ns, struct slice headers, struct slice payload) {
    uint32_t len = (uint32_t)(headers.len + payload.len);
    uint8_t head[PCAP_RECORD_HEAD_LEN];
    set32(head, (uint32_t)(unix_ns / NS_PER_S));
    set32(head + 4, (uint32_t)(unix_ns % NS_PER_S / NS_PER_US));
    set32(head + 8, len);
    set32(head + 12, len);
    buf_put(out, slice_of(head, sizeof(head)));
    buf_put(out, headers);
    buf_put(out, payload);
}

static size_t padded(size_t len) {
    return (len + 3) & ~(size_t)3;
}

static void put_padding(struct buf *out, size_t len) {
    buf_put(out, slice_sub(SLICE("\0\0\0"), 0, padded(len) - len));
}

// Both ends of a block: its length is in front of its body and after it.
static void put_block_begin(struct buf *out, uint32_t type, size_t body_len) {
    put32(out, type);
    put32(out, (uint32_t)(padded(body_len) + BLOCK_FRAME_LEN));
}

static void put_block_end(struct buf *out, size_t body_len) {
    put_padding(out, body_len);
    put32(out, (uint32_t)(padded(body_len) + BLOCK_FRAME_LEN));
}

void pcapng_put_head(struct buf *out) {
    size_t section_len = 16 + 4 + padded(application.len) + 4;
    put_block_begin(out, BLOCK_SECTION, section_len);
    put32(out, pcapng_byte_order);
    put16(out, 1); // version 1.0
    put16(out, 0);
    put32(out, UINT32_MAX); // the section's length is not known: -1 in 64 bits
    put32(out, UINT32_MAX);
    put16(out, OPTION_USER_APPLICATION);
    put16(out, (unsigned)application.len);
    buf_put(out, application);
    put_padding(out, application.len);
    put16(out, OPTION_END);
    put16(out, 0);
    put_block_end(out, section_len);

    put_block_begin(out, BLOCK_INTERFACE, 8);
    put16(out, LINKTYPE_RAW);
    put16(out, 0);
    put32(out, SNAPSHOT_LEN);
    put_block_end(out, 8);
}

void pcapng_put_packet(struct buf *out, int64_t unix_ns, struct slice headers,
                       struct slice payload) {
    uint64_t us = (uint64_t)(unix_ns / NS_PER_US);
    size_t len = headers.len + payload.len;
    put_block_begin(out, BLOCK_PACKET, 20 + len);
    put32(out, 0); // the interface
    put32(out, (uint32_t)(us >> 32));
    put32(out, (uint32_t)us);
    put32(out, (uint32_t)len);
    put32(out, (uint32_t)len);
    buf_put(out, headers);
    buf_put(out, payload);
    put_block_end(out, 20 + len);
}

void pcapng_put_secrets(struct buf *out, struct slice keylog) {
    put_block_begin(out, BLOCK_SECRETS, 8 + keylog.len);
    put32(out, SECRETS_TLS_KEY_LOG);
    put32(out, (uint32_t)keylog.len);
    buf_put(out, keylog);
    put_block_end(out, 8 + keylog.len);
}

bool pcap_is_ours(struct slice head) {
    return head.len >= PCAP_HEAD_LEN && get32(head, 0) == pcap_magic &&
           get32(head, 16) == SNAPSHOT_LEN && get32(head, 20) == LINKTYPE_RAW;
}

bool pcapng_is_ours(struct slice head) {
    size_t name_at = 8 + 16 + 4;
    return head.len >= name_at + application.len && get32(head, 0) == BLOCK_SECTION &&
           get32(head, 8) == pcapng_byte_order &&
           slice_equal(slice_sub(head, name_at, application.len), application);
}

size_t pcap_whole_records(struct slice bytes, bool at_start) {
    size_t whole = at_start ? PCAP_HEAD_LEN : 0;
    if (whole > bytes.len) {
        return 0;
    }
    while (bytes.len - whole >= PCAP_RECORD_HEAD_LEN) {
        size_t len = PCAP_RECORD_HEAD_LEN + get32(bytes, whole + 8);
        if (len > bytes.len - whole) {
            break;
        }
        whole += len;
    }
    return whole;
}

size_t pcapng_whole_records(struct slice bytes, bool at_start) {
    (void)at_start; // its head is a block like any other
    size_t whole = 0;
    while (bytes.len - whole >= BLOCK_FRAME_LEN) {
        size_t len = get32(bytes, whole + 4);
        if (len < BLOCK_FRAME_LEN || len > bytes.len - whole) {
            break;
        }
        whole += len;
    }
    return whole;
}
