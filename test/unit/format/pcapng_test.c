// SPDX-License-Identifier: MIT
// The order of secrets and packets, and what pcap leaves out.
#include "format/capture_file.h"
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCK_PACKET = 6, BLOCK_SECRETS = 10 };

struct fixture {
    const struct format_info *ops;
    struct output output;
    struct outlet outlet;
    struct event_session session;
    void *state;
};

static struct fixture fixture;

static void enter(const struct format_info *format) {
    fixture = (struct fixture){.ops = format, .output = {.format = format}};
    fixture.outlet.output = &fixture.output;
    buf_init(&fixture.outlet.bytes, 1 << 20);
    fixture.session = (struct event_session){.id = 1, .has_server = true};
    fixture.session.client = (struct event_endpoint){.address = "192.0.2.1", .port = 51234};
    fixture.session.server = (struct event_endpoint){.address = "192.0.2.2", .port = 25};
    fixture.state = fixture.ops->session_new(&fixture.outlet);
}

static int enter_pcap(void **state) {
    (void)state;
    enter(&pcap_format);
    return 0;
}

static int enter_pcapng(void **state) {
    (void)state;
    enter(&pcapng_format);
    return 0;
}

static int leave(void **state) {
    (void)state;
    fixture.ops->session_free(fixture.state);
    buf_cleanup(&fixture.outlet.bytes);
    return 0;
}

static void take(struct event event) {
    event.session = &fixture.session;
    fixture.ops->take(fixture.state, &event);
}

// ── pcapng ──────────────────────────────────────────────────────────────────────────────────────

static void wire(enum side leg, bool from_peer, const char *bytes) {
    struct event event = {.kind = EVENT_WIRE};
    event.wire = (struct event_wire){leg, from_peer, slice_of_string(bytes)};
    take(event);
}

static void tls_ended(enum side side) {
    struct event event = {.kind = EVENT_TLS};
    event.tls.side = side;
    take(event);
}

// The types of the blocks that were left, a letter each.
static void expect_blocks(const char *expected) {
    char types[64] = "";
    struct slice rest = buf_slice(&fixture.outlet.bytes);
    while (rest.len > 0 && strlen(types) + 1 < sizeof(types)) {
        types[strlen(types)] = rest.data[0] == BLOCK_SECRETS ? 'K' : 'p';
        rest = slice_from(rest, (size_t)rest.data[4] | (size_t)rest.data[5] << 8);
    }
    assert_string_equal(types, expected);
}

static void plain_packets_do_not_wait(void **state) {
    (void)state;
    wire(SIDE_SERVER, true, "220 hi\r\n");
    expect_blocks("ppp"
                  "pp");
}

static void secrets_overtake_the_handshake(void **state) {
    (void)state;
    wire(SIDE_CLIENT, true, "\x16\x03\x01 hello");
    wire(SIDE_CLIENT, false, "\x16\x03\x03 hello, finished");
    expect_blocks("");
    fixture.ops->secret(fixture.state, SLICE("CLIENT_RANDOM a b"));
    wire(SIDE_CLIENT, true, "\x17\x03\x03 finished");
    expect_blocks("");
    tls_ended(SIDE_CLIENT);
    expect_blocks("K"
                  "ppp"
                  "pp"
                  "pp"
                  "pp");
    wire(SIDE_CLIENT, true, "\x17\x03\x03 data");
    expect_blocks("K"
                  "ppp"
                  "pp"
                  "pp"
                  "pp"
                  "pp");
}

static void one_leg_waits_for_the_other(void **state) {
    (void)state;
    wire(SIDE_CLIENT, true, "\x16 hello");
    wire(SIDE_SERVER, false, "\x16 hello");
    tls_ended(SIDE_SERVER);
    wire(SIDE_SERVER, true, "\x17 data");
    expect_blocks("");
    tls_ended(SIDE_CLIENT);
    expect_blocks("ppppp"
                  "ppppp"
                  "pp");
}

static void skip_event(struct event event) {
    event.session = &fixture.session;
    (fixture.ops->skip)(fixture.state, &event); // cmocka has a macro of that name
}

static void a_session_in_a_pause_leaves_no_secret(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_WIRE};
    event.wire = (struct event_wire){SIDE_CLIENT, true, SLICE("\x16 hello")};
    skip_event(event);
    fixture.ops->secret(fixture.state, SLICE("CLIENT_RANDOM a b"));
    skip_event((struct event){.kind = EVENT_TLS});
    skip_event((struct event){.kind = EVENT_CLOSE});
    expect_blocks("");
}

static void a_pause_does_not_keep_what_was_recorded_before(void **state) {
    (void)state;
    wire(SIDE_CLIENT, true, "\x16 hello");
    fixture.ops->secret(fixture.state, SLICE("CLIENT_RANDOM a b"));
    skip_event((struct event){.kind = EVENT_CLOSE});
    expect_blocks("Kppppp");
}

static void a_handshake_that_never_ends_is_shown_at_the_close(void **state) {
    (void)state;
    wire(SIDE_CLIENT, true, "\x16 hello");
    expect_blocks("");
    take((struct event){.kind = EVENT_CLOSE});
    expect_blocks("ppppp"
                  "ppp");
}

// ── pcap ────────────────────────────────────────────────────────────────────────────────────────

static void said(struct event_bytes bytes, const char *text) {
    struct event event = {.kind = EVENT_BYTES, .bytes = bytes};
    event.bytes.data = slice_of_string(text);
    take(event);
}

static bool shows(const char *text) {
    fixture.ops->flush(fixture.state);
    return slice_find(buf_slice(&fixture.outlet.bytes), slice_of_string(text)) != SLICE_NONE;
}

static void starttls_is_left_out(void **state) {
    (void)state;
    said((struct event_bytes){.from = SIDE_CLIENT, .starttls = true}, "STARTTLS\r\n");
    said((struct event_bytes){.from = SIDE_SERVER, .starttls = true}, "220 go\r\n");
    said((struct event_bytes){.from = SIDE_CLIENT}, "EHLO a\r\n");
    assert_false(shows("STARTTLS"));
    assert_false(shows("220 go"));
    assert_true(shows("EHLO a\r\n"));
}

static void what_only_the_server_saw_is_left_out(void **state) {
    (void)state;
    said((struct event_bytes){.from = SIDE_CLIENT, .by_proxy = true}, "EHLO proxy\r\n");
    said((struct event_bytes){.from = SIDE_SERVER, .aside = true}, "250 STARTTLS\r\n");
    said((struct event_bytes){.from = SIDE_SERVER, .by_proxy = true}, "421 stop\r\n");
    assert_false(shows("EHLO proxy"));
    assert_false(shows("250 STARTTLS"));
    assert_true(shows("421 stop"));
}

static void what_one_side_sent_at_once_is_one_segment(void **state) {
    (void)state;
    said((struct event_bytes){.from = SIDE_CLIENT}, "MAIL FROM:<a>\r\n");
    said((struct event_bytes){.from = SIDE_CLIENT}, "RCPT TO:<b>\r\n");
    said((struct event_bytes){.from = SIDE_SERVER}, "250 a\r\n");
    assert_true(shows("MAIL FROM:<a>\r\nRCPT TO:<b>\r\n"));
    assert_false(shows("b>\r\n250"));
}

static void more_than_a_segment_holds_is_several(void **state) {
    (void)state;
    static char text[100000];
    memset(text, 'x', sizeof(text) - 1);
    said((struct event_bytes){.from = SIDE_CLIENT}, "y");
    said((struct event_bytes){.from = SIDE_CLIENT}, text);
    fixture.ops->flush(fixture.state);
    size_t count = 0;
    struct slice all = buf_slice(&fixture.outlet.bytes);
    for (size_t i = 0; i < all.len; i++) {
        count += all.data[i] == 'x';
    }
    assert_int_equal(count, sizeof(text) - 1);
}

static void a_session_without_a_server_is_drawn_with_the_listener(void **state) {
    (void)state;
    fixture.session.has_server = false;
    fixture.session.server = (struct event_endpoint){.address = NULL};
    fixture.session.client_local = (struct event_endpoint){.address = "203.0.113.9", .port = 2525};
    said((struct event_bytes){.from = SIDE_SERVER}, "220 hi\r\n");
    fixture.ops->flush(fixture.state);
    struct slice address = slice_of("\xCB\x00\x71\x09", 4);
    assert_true(slice_find(buf_slice(&fixture.outlet.bytes), address) != SLICE_NONE);
}

static void a_session_that_never_connected_is_not_drawn(void **state) {
    (void)state;
    take((struct event){.kind = EVENT_CONNECT, .connect = {.connected = false}});
    take((struct event){.kind = EVENT_CLOSE});
    assert_int_equal(buf_len(&fixture.outlet.bytes), 0);
}

#define PCAP_TEST(name)   cmocka_unit_test_setup_teardown(name, enter_pcap, leave)
#define PCAPNG_TEST(name) cmocka_unit_test_setup_teardown(name, enter_pcapng, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        PCAPNG_TEST(plain_packets_do_not_wait),
        PCAPNG_TEST(secrets_overtake_the_handshake),
        PCAPNG_TEST(one_leg_waits_for_the_other),
        PCAPNG_TEST(a_session_in_a_pause_leaves_no_secret),
        PCAPNG_TEST(a_pause_does_not_keep_what_was_recorded_before),
        PCAPNG_TEST(a_handshake_that_never_ends_is_shown_at_the_close),
        PCAP_TEST(starttls_is_left_out),
        PCAP_TEST(what_only_the_server_saw_is_left_out),
        PCAP_TEST(what_one_side_sent_at_once_is_one_segment),
        PCAP_TEST(more_than_a_segment_holds_is_several),
        PCAP_TEST(a_session_without_a_server_is_drawn_with_the_listener),
        PCAP_TEST(a_session_that_never_connected_is_not_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
