// SPDX-License-Identifier: MIT
#include "net/proxy_header.h"

#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4_ADDRESSES                                                                               \
    "\xcb\0\x71\x09"                                                                               \
    "\xc6\x33\x64\x07"                                                                             \
    "\x12\x67\0\x19"
#define V6_ADDRESSES                                                                               \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"                                                   \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"                                                   \
    "\x12\x67\0\x19"
#define LAST_WORDS "EHLO client.example.com\r\n"

// Fed in pieces of `piece` bytes; what follows the header must be left.
static struct proxy_header feed(struct slice bytes, size_t piece) {
    struct proxy_header header = {0};
    size_t taken = 0;
    size_t last = piece;
    while (last == piece && header.state < PROXY_HEADER_WHOLE && taken < bytes.len) {
        struct slice part = slice_sub(bytes, taken, piece);
        last = proxy_header_feed(&header, part);
        taken += last;
        last = part.len < piece && last == part.len ? 0 : last;
    }
    if (header.state == PROXY_HEADER_WHOLE) {
        assert_true(slice_is(slice_from(bytes, taken), LAST_WORDS));
    }
    return header;
}

static void assert_same(const struct proxy_header *a, const struct proxy_header *b) {
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->has_addresses, b->has_addresses);
    assert_memory_equal(&a->client, &b->client, sizeof(a->client));
    assert_memory_equal(&a->server, &b->server, sizeof(a->server));
    assert_ptr_equal(a->fault, b->fault);
}

// However it is cut.
static struct proxy_header read_header(struct slice bytes) {
    struct proxy_header whole = feed(bytes, bytes.len);
    for (size_t piece = 1; piece < bytes.len; piece++) {
        struct proxy_header cut = feed(bytes, piece);
        assert_same(&whole, &cut);
    }
    return whole;
}

#define READ(literal) read_header(SLICE(literal LAST_WORDS))

static void assert_end(const struct sockaddr_storage *end, const char *host, uint16_t port) {
    struct address_text text = address_text((const struct sockaddr *)end);
    assert_string_equal(text.host, host);
    assert_int_equal(text.port, port);
}

static void assert_ends(const struct proxy_header *header, enum proxy_header_version version,
                        const char *client, const char *server) {
    assert_int_equal(header->state, PROXY_HEADER_WHOLE);
    assert_int_equal(header->version, version);
    assert_true(header->has_addresses);
    assert_end(&header->client, client, 4711);
    assert_end(&header->server, server, 25);
}

static void assert_no_ends(const struct proxy_header *header, enum proxy_header_version version) {
    assert_int_equal(header->state, PROXY_HEADER_WHOLE);
    assert_int_equal(header->version, version);
    assert_false(header->has_addresses);
}

// ── version 1 ───────────────────────────────────────────────────────────────────────────────────

static void a_line_has_both_ends(void **state) {
    (void)state;
    struct proxy_header four = READ("PROXY TCP4 203.0.113.9 198.51.100.7 4711 25\r\n");
    assert_ends(&four, PROXY_HEADER_V1, "203.0.113.9", "198.51.100.7");
    struct proxy_header six = READ("PROXY TCP6 2001:db8::9 2001:DB8:0:0::7 4711 25\r\n");
    assert_ends(&six, PROXY_HEADER_V1, "2001:db8::9", "2001:db8::7");
    struct proxy_header mapped =
        READ("PROXY TCP6 ::ffff:203.0.113.9 ::ffff:198.51.100.7 4711 25\r\n");
    assert_ends(&mapped, PROXY_HEADER_V1, "203.0.113.9", "198.51.100.7");
    assert_int_equal(mapped.client.ss_family, AF_INET);
}

static void the_longest_line_is_taken(void **state) {
    (void)state;
    struct proxy_header header = READ("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                                      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n");
    assert_no_ends(&header, PROXY_HEADER_V1);
}

static void what_is_unknown_is_as_the_socket_says(void **state) {
    (void)state;
    struct proxy_header bare = READ("PROXY UNKNOWN\r\n");
    assert_no_ends(&bare, PROXY_HEADER_V1);
    struct proxy_header more = READ("PROXY UNKNOWN what\rever\r\n");
    assert_no_ends(&more, PROXY_HEADER_V1);
}

static void a_broken_line_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *line;
        const char *fault;
    } wrong[] = {
        {"PROXY TCP4 203.0.113.9 198.51.100.7 4711 25\n", "CRLF"},
        {"PROXY \n", "CRLF"},
        {"PROXY TCP5 203.0.113.9 198.51.100.7 4711 25\r\n", "TCP4, TCP6 and UNKNOWN"},
        {"PROXY  TCP4 203.0.113.9 198.51.100.7 4711 25\r\n", "TCP4, TCP6 and UNKNOWN"},
        {"PROXY tcp4 203.0.113.9 198.51.100.7 4711 25\r\n", "TCP4, TCP6 and UNKNOWN"},
        {"PROXY \r\n", "TCP4, TCP6 and UNKNOWN"},
        {"PROXY TCP4\r\n", "two addresses"},
        {"PROXY TCP4 203.0.113.9 198.51.100.7 4711\r\n", "two addresses"},
        {"PROXY TCP4 203.0.113.9 198.51.100.7  4711 25\r\n", "a port"},
        {"PROXY TCP4 203.0.113.9 198.51.100.7 4711 25 \r\n", "a port"},
        {"PROXY TCP4 203.0.113.9 198.51.100.7 04711 25\r\n", "a port"},
        {"PROXY TCP4 203.0.113.9 198.51.100.7 4711 65536\r\n", "a port"},
        {"PROXY TCP4 203.0.113.9 198.51.100.7 -1 25\r\n", "a port"},
        {"PROXY TCP4 203.0.113.9 198.51.100 4711 25\r\n", "IPv4"},
        {"PROXY TCP4 203.0.113.09 198.51.100.7 4711 25\r\n", "IPv4"},
        {"PROXY TCP4 2001:db8::9 2001:db8::7 4711 25\r\n", "IPv4"},
        {"PROXY TCP6 203.0.113.9 198.51.100.7 4711 25\r\n", "IPv6"},
        {"PROXY TCP6 fe80::1%lo fe80::2 4711 25\r\n", "IPv6"},
        {"PROXY TCP4 mail.example.com 198.51.100.7 4711 25\r\n", "IPv4"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct proxy_header header = read_header(slice_of_string(wrong[i].line));
        assert_int_equal(header.state, PROXY_HEADER_BROKEN);
        assert_non_null(strstr(header.fault, wrong[i].fault));
    }
}

static void a_line_without_an_end_is_not_waited_for(void **state) {
    (void)state;
    char line[PROXY_HEADER_MAX];
    memset(line, 'x', sizeof(line));
    memcpy(line, "PROXY UNKNOWN ", 14);
    struct proxy_header short_of_it = read_header(slice_of(line, sizeof(line) - 1));
    assert_int_equal(short_of_it.state, PROXY_HEADER_EXPECT_LINE);
    struct proxy_header header = read_header(slice_of(line, sizeof(line)));
    assert_int_equal(header.state, PROXY_HEADER_BROKEN);
    assert_non_null(strstr(header.fault, "107"));
}

// ── version 2 ───────────────────────────────────────────────────────────────────────────────────

static void a_block_has_both_ends(void **state) {
    (void)state;
    struct proxy_header four = READ(SIGNATURE "\x21\x11\0\x0c" V4_ADDRESSES);
    assert_ends(&four, PROXY_HEADER_V2, "203.0.113.9", "198.51.100.7");
    struct proxy_header six = READ(SIGNATURE "\x21\x21\0\x24" V6_ADDRESSES);
    assert_ends(&six, PROXY_HEADER_V2, "2001:db8::9", "2001:db8::7");
}

static void what_follows_the_addresses_is_skipped(void **state) {
    (void)state;
    struct proxy_header four =
        READ(SIGNATURE "\x21\x11\0\x17" V4_ADDRESSES "\x02\0\x04mail\x04\0\x01x");
    assert_ends(&four, PROXY_HEADER_V2, "203.0.113.9", "198.51.100.7");
    struct proxy_header six = READ(SIGNATURE "\x21\x21\0\x2b" V6_ADDRESSES "\x02\0\x04mail");
    assert_ends(&six, PROXY_HEADER_V2, "2001:db8::9", "2001:db8::7");
}

static void the_longest_block_is_skipped(void **state) {
    (void)state;
    static uint8_t bytes[16 + UINT16_MAX + sizeof(LAST_WORDS) - 1];
    memcpy(bytes, SIGNATURE "\x21\x11\xff\xff" V4_ADDRESSES, 28);
    memcpy(bytes + 16 + UINT16_MAX, LAST_WORDS, sizeof(LAST_WORDS) - 1);
    struct slice all = slice_of(bytes, sizeof(bytes));
    for (size_t piece = 1; piece < 100000; piece = piece * 3 + 1) {
        struct proxy_header header = feed(all, piece);
        assert_ends(&header, PROXY_HEADER_V2, "203.0.113.9", "198.51.100.7");
    }
}

static void what_is_local_or_not_tcp_is_as_the_socket_says(void **state) {
    (void)state;
    struct proxy_header local = READ(SIGNATURE "\x20\0\0\0");
    assert_no_ends(&local, PROXY_HEADER_V2);
    // 2.2: with LOCAL the receiver ignores the family, and discards the addresses.
    struct proxy_header with_addresses = READ(SIGNATURE "\x20\x11\0\x0c" V4_ADDRESSES);
    assert_no_ends(&with_addresses, PROXY_HEADER_V2);
    struct proxy_header too_short = READ(SIGNATURE "\x20\x11\0\x03xyz");
    assert_no_ends(&too_short, PROXY_HEADER_V2);
    struct proxy_header odd_family = READ(SIGNATURE "\x20\xff\0\0");
    assert_no_ends(&odd_family, PROXY_HEADER_V2);
    struct proxy_header unspecified = READ(SIGNATURE "\x21\0\0\0");
    assert_no_ends(&unspecified, PROXY_HEADER_V2);
    struct proxy_header with_tlvs = READ(SIGNATURE "\x21\0\0\x07\x02\0\x04mail");
    assert_no_ends(&with_tlvs, PROXY_HEADER_V2);
    struct proxy_header udp = READ(SIGNATURE "\x21\x12\0\x0c" V4_ADDRESSES);
    assert_no_ends(&udp, PROXY_HEADER_V2);
    struct proxy_header unix_stream = READ(SIGNATURE "\x21\x31\0\x04/tmp");
    assert_no_ends(&unix_stream, PROXY_HEADER_V2);
}

#define ASSERT_BROKEN(literal, words)                                                              \
    do {                                                                                           \
        struct proxy_header header = READ(literal);                                                \
        assert_int_equal(header.state, PROXY_HEADER_BROKEN);                                       \
        assert_non_null(strstr(header.fault, words));                                              \
    } while (0)

static void a_broken_block_is_refused(void **state) {
    (void)state;
    ASSERT_BROKEN(SIGNATURE "\x11\x11\0\x0c" V4_ADDRESSES, "another version");
    ASSERT_BROKEN(SIGNATURE "\x31\x11\0\x0c" V4_ADDRESSES, "another version");
    ASSERT_BROKEN(SIGNATURE "\x22\x11\0\x0c" V4_ADDRESSES, "neither LOCAL nor PROXY");
    ASSERT_BROKEN(SIGNATURE "\x21\x41\0\x0c" V4_ADDRESSES, "does not exist");
    ASSERT_BROKEN(SIGNATURE "\x21\x13\0\x0c" V4_ADDRESSES, "does not exist");
    ASSERT_BROKEN(SIGNATURE "\x21\x11\0\x0b" V4_ADDRESSES, "too small");
    ASSERT_BROKEN(SIGNATURE "\x21\x21\0\x23" V6_ADDRESSES, "too small");
    ASSERT_BROKEN(SIGNATURE "\x21\x11\0\0", "too small");
}

// ── neither ─────────────────────────────────────────────────────────────────────────────────────

static void anything_else_is_no_header(void **state) {
    (void)state;
    static const char *const others[] = {
        "EHLO client.example.com\r\n",
        "PROXX",
        "Proxy TCP4",
        "PROXYTCP4 ",
        " PROXY TCP4 ",
        "\r\nEHLO",
        "\r\n\r\nEHLO",
        "\x16\x03\x01",
        "QUIT\r\n",
        "P\r\n",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct proxy_header header = read_header(slice_of_string(others[i]));
        assert_int_equal(header.state, PROXY_HEADER_ABSENT);
        assert_int_equal(header.version, PROXY_HEADER_NONE);
    }
    struct proxy_header near = READ("\r\n\r\n\0\r\nQUIT\r");
    assert_int_equal(near.state, PROXY_HEADER_ABSENT);
}

static void a_part_of_one_is_waited_for(void **state) {
    (void)state;
    struct slice line = SLICE("PROXY TCP4 203.0.113.9 198.51.100.7 4711 25\r\n");
    struct slice block = SLICE(SIGNATURE "\x21\x11\0\x0f" V4_ADDRESSES "\x02\0\0");
    for (size_t len = 0; len < line.len; len++) {
        struct proxy_header header = feed(slice_sub(line, 0, len), SIZE_MAX);
        assert_true(header.state < PROXY_HEADER_WHOLE);
    }
    for (size_t len = 0; len < block.len; len++) {
        struct proxy_header header = feed(slice_sub(block, 0, len), SIZE_MAX);
        assert_true(header.state < PROXY_HEADER_WHOLE);
    }
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static void assert_written(enum proxy_header_version version, const char *client,
                           const char *server, struct slice expected) {
    struct buf out;
    struct sockaddr_storage ends[2];
    buf_init(&out, PROXY_HEADER_MAX);
    assert_true(address_parse(&ends[0], client, 4711));
    assert_true(address_parse(&ends[1], server, 25));
    proxy_header_put(&out, version, (struct sockaddr *)&ends[0], (struct sockaddr *)&ends[1]);
    assert_int_equal(buf_len(&out), expected.len);
    assert_memory_equal(buf_slice(&out).data, expected.data, expected.len);
    buf_cleanup(&out);
}

static void writes_a_line(void **state) {
    (void)state;
    assert_written(PROXY_HEADER_V1, "203.0.113.9", "198.51.100.7",
                   SLICE("PROXY TCP4 203.0.113.9 198.51.100.7 4711 25\r\n"));
    assert_written(PROXY_HEADER_V1, "2001:db8::9", "2001:db8::7",
                   SLICE("PROXY TCP6 2001:db8::9 2001:db8::7 4711 25\r\n"));
    assert_written(PROXY_HEADER_V1, "::ffff:203.0.113.9", "198.51.100.7",
                   SLICE("PROXY TCP4 203.0.113.9 198.51.100.7 4711 25\r\n"));
    assert_written(PROXY_HEADER_V1, "203.0.113.9", "2001:db8::7",
                   SLICE("PROXY TCP6 ::ffff:203.0.113.9 2001:db8::7 4711 25\r\n"));
}

static void writes_a_block(void **state) {
    (void)state;
    assert_written(PROXY_HEADER_V2, "203.0.113.9", "198.51.100.7",
                   SLICE(SIGNATURE "\x21\x11\0\x0c" V4_ADDRESSES));
    assert_written(PROXY_HEADER_V2, "2001:db8::9", "2001:db8::7",
                   SLICE(SIGNATURE "\x21\x21\0\x24" V6_ADDRESSES));
    assert_written(PROXY_HEADER_V2, "2001:db8::9", "198.51.100.7",
                   SLICE(SIGNATURE "\x21\x21\0\x24"
                                   "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"
                                   "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x07"
                                   "\x12\x67\0\x19"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_both_ends),
        cmocka_unit_test(the_longest_line_is_taken),
        cmocka_unit_test(what_is_unknown_is_as_the_socket_says),
        cmocka_unit_test(a_broken_line_is_refused),
        cmocka_unit_test(a_line_without_an_end_is_not_waited_for),
        cmocka_unit_test(a_block_has_both_ends),
        cmocka_unit_test(what_follows_the_addresses_is_skipped),
        cmocka_unit_test(the_longest_block_is_skipped),
        cmocka_unit_test(what_is_local_or_not_tcp_is_as_the_socket_says),
        cmocka_unit_test(a_broken_block_is_refused),
        cmocka_unit_test(anything_else_is_no_header),
        cmocka_unit_test(a_part_of_one_is_waited_for),
        cmocka_unit_test(writes_a_line),
        cmocka_unit_test(writes_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
