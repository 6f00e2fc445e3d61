// SPDX-License-Identifier: MIT
#include "format/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

// ── packets taken apart ─────────────────────────────────────────────────────────────────────────

enum { PACKETS_MAX = 64, PAYLOAD_MAX = 70000 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct packet {
    unsigned version;
    unsigned source;
    unsigned target;
    uint32_t sequence;
    uint32_t acknowledged;
    unsigned flags;
    size_t payload_len;
    uint8_t addresses[32]; // of source and target
};

static struct packet packets[PACKETS_MAX];
static size_t packet_count;
static uint8_t payload[PAYLOAD_MAX]; // of all packets, one after the other
static size_t payload_len;

static uint32_t number(struct slice s, size_t at, size_t len) {
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | s.data[at + i];
    }
    return value;
}

// The one's complement sum, the plain way; 0xFFFF over bytes that hold their own checksum.
static uint32_t plain_sum(struct slice s, uint32_t before) {
    uint32_t total = before;
    for (size_t i = 0; i < s.len; i++) {
        total += (uint32_t)s.data[i] << (i % 2 == 0 ? 8 : 0);
        total = (total & 0xFFFF) + (total >> 16);
    }
    return total;
}

static void check_tcp_sum(struct slice tcp, struct slice addresses) {
    uint32_t total = plain_sum(addresses, 6);
    total =
        plain_sum(slice_of((const uint8_t[]){(uint8_t)(tcp.len >> 8), (uint8_t)tcp.len}, 2), total);
    assert_int_equal(plain_sum(tcp, total), 0xFFFF);
}

static void take(struct buf *out, int64_t unix_ns, struct slice headers, struct slice body) {
    (void)unix_ns;
    buf_clear(out);
    buf_put(out, headers);
    buf_put(out, body);
    struct slice all = buf_slice(out);
    struct packet *packet = &packets[packet_count++];
    assert_true(packet_count < PACKETS_MAX);
    packet->version = all.data[0] >> 4;
    bool six = packet->version == 6;
    struct slice tcp = slice_from(all, six ? 40 : 20);
    struct slice addresses = six ? slice_sub(all, 8, 32) : slice_sub(all, 12, 8);
    assert_int_equal(number(all, six ? 4 : 2, 2), six ? all.len - 40 : all.len);
    if (!six) {
        assert_int_equal(plain_sum(slice_sub(all, 0, 20), 0), 0xFFFF);
    }
    check_tcp_sum(tcp, addresses);
    memcpy(packet->addresses, addresses.data, addresses.len);
    packet->source = number(tcp, 0, 2);
    packet->target = number(tcp, 2, 2);
    packet->sequence = number(tcp, 4, 4);
    packet->acknowledged = number(tcp, 8, 4);
    packet->flags = tcp.data[13];
    packet->payload_len = tcp.len - 20;
    memcpy(payload + payload_len, tcp.data + 20, packet->payload_len);
    payload_len += packet->payload_len;
}

struct fixture {
    struct flow flow;
    struct buf out;
};

static struct fixture fixture;

static void begin(const char *client, const char *server) {
    struct event_endpoint client_end = {.address = client, .port = 51234};
    struct event_endpoint server_end = {.address = server, .port = 587};
    flow_init(&fixture.flow, take, 1, &client_end, &server_end);
}

static int enter(void **state) {
    (void)state;
    packet_count = 0;
    payload_len = 0;
    buf_init(&fixture.out, 1 << 20);
    return 0;
}

static int leave(void **state) {
    (void)state;
    buf_cleanup(&fixture.out);
    return 0;
}

static void send_text(enum side from, const char *text) {
    flow_send(&fixture.flow, &fixture.out, 0, from, slice_of_string(text));
}

static void expect(size_t index, unsigned source, unsigned flags, size_t len) {
    assert_true(index < packet_count);
    assert_int_equal(packets[index].source, source);
    assert_int_equal(packets[index].flags, flags);
    assert_int_equal(packets[index].payload_len, len);
}

// What each side acknowledges is what the other one sent, and nothing is sent twice.
static void check_numbers(void) {
    uint32_t next[2] = {0};
    for (size_t i = 0; i < packet_count; i++) {
        size_t side = packets[i].source == 51234 ? 0 : 1;
        if ((packets[i].flags & SYN) == 0) {
            assert_int_equal(packets[i].sequence, next[side]);
        }
        if ((packets[i].flags & ACK) != 0) {
            assert_int_equal(packets[i].acknowledged, next[1 - side]);
        }
        next[side] = packets[i].sequence + (uint32_t)packets[i].payload_len +
                     ((packets[i].flags & (SYN | FIN)) != 0);
    }
}

// ── claims ──────────────────────────────────────────────────────────────────────────────────────

static void a_connection_goes_from_syn_to_fin(void **state) {
    (void)state;
    begin("192.0.2.1", "198.51.100.2");
    send_text(SIDE_SERVER, "220 hi\r\n");
    send_text(SIDE_CLIENT, "QUIT\r\n");
    flow_close(&fixture.flow, &fixture.out, 0, SIDE_SERVER);
    assert_int_equal(packet_count, 10);
    expect(0, 51234, SYN, 0);
    expect(1, 587, SYN | ACK, 0);
    expect(2, 51234, ACK, 0);
    expect(3, 587, PSH | ACK, 8);
    expect(4, 51234, ACK, 0);
    expect(5, 51234, PSH | ACK, 6);
    expect(6, 587, ACK, 0);
    expect(7, 587, FIN | ACK, 0);
    expect(8, 51234, FIN | ACK, 0);
    expect(9, 587, ACK, 0);
    check_numbers();
    assert_memory_equal(packets[0].addresses, "\xC0\x00\x02\x01\xC6\x33\x64\x02", 8);
}

static void six_is_six(void **state) {
    (void)state;
    begin("2001:db8::1", "fe80::2%eth0");
    send_text(SIDE_CLIENT, "odd");
    assert_int_equal(packets[3].version, 6);
    assert_memory_equal(packets[3].addresses, "\x20\x01\x0D\xB8", 4);
    assert_memory_equal(packets[3].addresses + 16, "\xFE\x80", 2);
    assert_int_equal(packets[3].addresses[31], 2);
    check_numbers();
}

static void two_families_become_six(void **state) {
    (void)state;
    begin("192.0.2.1", "2001:db8::2");
    send_text(SIDE_CLIENT, "x");
    assert_int_equal(packets[0].version, 6);
    assert_memory_equal(packets[0].addresses,
                        "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02\x01\x20\x01\x0D\xB8", 20);
}

static void an_unknown_address_is_the_unspecified_one(void **state) {
    (void)state;
    begin(NULL, "not an address");
    send_text(SIDE_CLIENT, "x");
    assert_int_equal(packets[0].version, 4);
    assert_memory_equal(packets[0].addresses, "\0\0\0\0\0\0\0\0", 8);
}

static void many_bytes_are_several_segments(void **state) {
    (void)state;
    static uint8_t bytes[PAYLOAD_MAX - 1];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    begin("192.0.2.1", "198.51.100.2");
    flow_send(&fixture.flow, &fixture.out, 0, SIDE_CLIENT, slice_of(bytes, sizeof(bytes)));
    assert_int_equal(payload_len, sizeof(bytes));
    assert_memory_equal(payload, bytes, sizeof(bytes));
    assert_int_equal(packet_count, 3 + 2 * 3);
    check_numbers();
}

static void a_reset_is_one_packet(void **state) {
    (void)state;
    begin("192.0.2.1", "198.51.100.2");
    send_text(SIDE_CLIENT, "x");
    flow_reset(&fixture.flow, &fixture.out, 0, SIDE_CLIENT);
    assert_int_equal(packet_count, 6);
    expect(5, 51234, RST | ACK, 0);
    flow_close(&fixture.flow, &fixture.out, 0, SIDE_CLIENT);
    assert_int_equal(packet_count, 6);
}

static void what_is_skipped_is_a_gap(void **state) {
    (void)state;
    begin("192.0.2.1", "198.51.100.2");
    send_text(SIDE_CLIENT, "abc");
    flow_skip(&fixture.flow, SIDE_CLIENT, 1000);
    send_text(SIDE_CLIENT, "def");
    assert_int_equal(packets[5].sequence - packets[3].sequence, 1003);
}

static void nothing_recorded_is_nothing_drawn(void **state) {
    (void)state;
    begin("192.0.2.1", "198.51.100.2");
    flow_skip(&fixture.flow, SIDE_CLIENT, 1000);
    flow_close(&fixture.flow, &fixture.out, 0, SIDE_CLIENT);
    assert_int_equal(packet_count, 0);
}

// A beginning that was left out is not made up.
static void a_flow_that_was_joined_late_has_no_syn(void **state) {
    (void)state;
    begin("192.0.2.1", "198.51.100.2");
    flow_skip(&fixture.flow, SIDE_SERVER, 10);
    send_text(SIDE_CLIENT, "x");
    expect(0, 51234, PSH | ACK, 1);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW_TEST(a_connection_goes_from_syn_to_fin),
        FLOW_TEST(six_is_six),
        FLOW_TEST(two_families_become_six),
        FLOW_TEST(an_unknown_address_is_the_unspecified_one),
        FLOW_TEST(many_bytes_are_several_segments),
        FLOW_TEST(a_reset_is_one_packet),
        FLOW_TEST(what_is_skipped_is_a_gap),
        FLOW_TEST(nothing_recorded_is_nothing_drawn),
        FLOW_TEST(a_flow_that_was_joined_late_has_no_syn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
