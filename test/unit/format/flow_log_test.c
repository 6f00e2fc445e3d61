// SPDX-License-Identifier: MIT
// The packets made of a log are those that pcap writes, whatever happens in the session.
#include "format/flow_log.h"

#include "base/clock.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct output output = {.to.path = "-"};

// One session in both forms.
struct pair {
    struct outlet packets;
    struct outlet log;
    void *packets_state;
    void *log_state;
    struct event_session session;
    int64_t at_ns;
};

static void pair_init(struct pair *pair, const char *client, const char *server) {
    *pair = (struct pair){.packets.output = &output, .log.output = &output};
    pair->session = (struct event_session){
        .id = 7, .started_unix_ns = INT64_C(1795359791586123000), .has_server = true};
    pair->session.client = (struct event_endpoint){.address = client, .port = 51234};
    pair->session.server = (struct event_endpoint){.address = server, .port = 25};
    buf_init(&pair->packets.bytes, 4 * 1024 * 1024);
    buf_init(&pair->log.bytes, 4 * 1024 * 1024);
    pair->packets_state = pcap_format.session_new(&pair->packets);
    pair->log_state = pcap_log_format.session_new(&pair->log);
}

static void pair_cleanup(struct pair *pair) {
    pcap_format.session_free(pair->packets_state);
    pcap_log_format.session_free(pair->log_state);
    buf_cleanup(&pair->packets.bytes);
    buf_cleanup(&pair->log.bytes);
}

static void flush(struct pair *pair) {
    pcap_format.flush(pair->packets_state);
    pcap_log_format.flush(pair->log_state);
}

static void give(struct pair *pair, struct event event, bool skipped) {
    event.session = &pair->session;
    event.at_ns = pair->at_ns;
    (skipped ? pcap_format.skip : pcap_format.take)(pair->packets_state, &event);
    (skipped ? pcap_log_format.skip : pcap_log_format.take)(pair->log_state, &event);
}

static void say(struct pair *pair, enum side from, size_t len, bool skipped) {
    static const uint8_t text[3 * LIMIT_SEGMENT] = {'2', '2', '0', ' '};
    struct event event = {.kind = EVENT_BYTES};
    event.bytes = (struct event_bytes){.from = from, .data = slice_of(text, len)};
    give(pair, event, skipped);
}

static void open_both(struct pair *pair) {
    give(pair, (struct event){.kind = EVENT_CONNECT, .connect.connected = true}, false);
}

static void close_both(struct pair *pair) {
    struct event event = {.kind = EVENT_CLOSE};
    event.close.by = PARTY_CLIENT;
    give(pair, event, false);
}

// Plays the log in two runs, cut after its first `first` bytes.
static void check_same(struct pair *pair, size_t first) {
    struct buf played;
    struct flow flow = {0};
    struct slice log = buf_slice(&pair->log.bytes);
    struct slice packets = buf_slice(&pair->packets.bytes);
    buf_init(&played, 4 * 1024 * 1024);
    flow_log_play(&flow, &played, slice_sub(log, 0, first));
    flow_log_play(&flow, &played, slice_from(log, first));
    assert_int_equal(buf_len(&played), packets.len);
    assert_memory_equal(buf_slice(&played).data, packets.data, packets.len);
    buf_cleanup(&played);
}

static void a_conversation(void **state) {
    (void)state;
    const char *clients[] = {"192.0.2.1", "2001:db8::1"};
    for (size_t i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, clients[i], "192.0.2.9");
        open_both(&pair);
        say(&pair, SIDE_SERVER, 40, false);
        flush(&pair);
        size_t first = buf_len(&pair.log.bytes);
        pair.at_ns += 3 * NS_PER_MS;
        say(&pair, SIDE_CLIENT, 3 * LIMIT_SEGMENT, false);
        say(&pair, SIDE_CLIENT, 1, false);
        close_both(&pair);
        check_same(&pair, first);
        assert_true(buf_len(&pair.packets.bytes) > buf_len(&pair.log.bytes));
        pair_cleanup(&pair);
    }
}

static void what_is_skipped_takes_no_room(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, "192.0.2.1", "192.0.2.9");
    say(&pair, SIDE_CLIENT, 3, true); // its beginning, too
    size_t before = buf_len(&pair.log.bytes);
    for (size_t i = 0; i < 100; i++) {
        say(&pair, i % 3 == 0 ? SIDE_SERVER : SIDE_CLIENT, 1000 + i, true);
    }
    assert_int_equal(buf_len(&pair.log.bytes), before);
    say(&pair, SIDE_SERVER, 10, false);
    say(&pair, SIDE_SERVER, 0, true);
    say(&pair, SIDE_CLIENT, 20, false);
    close_both(&pair);
    check_same(&pair, 0);
    pair_cleanup(&pair);
}

static void random_sessions(void **state) {
    (void)state;
    srandom(1);
    for (int round = 0; round < 200; round++) {
        struct pair pair;
        pair_init(&pair, round % 2 == 0 ? "192.0.2.1" : "2001:db8::1", "192.0.2.9");
        for (int i = 0; i < 30; i++) {
            long what = random() % 8;
            pair.at_ns += random() % 2;
            if (what == 0) {
                flush(&pair);
            } else if (what == 1 && i < 3) {
                open_both(&pair);
            } else {
                say(&pair, random() % 2 == 0 ? SIDE_CLIENT : SIDE_SERVER, (size_t)(random() % 300),
                    what == 2);
            }
        }
        if (round % 3 > 0) {
            close_both(&pair);
        }
        flush(&pair);
        check_same(&pair, 0);
        pair_cleanup(&pair);
    }
}

// A log that is full has whole calls, and room for the end.
static void a_full_log_skips(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, "192.0.2.1", "192.0.2.9");
    pair.log.bytes.max = 1000;
    open_both(&pair);
    for (size_t i = 0; i < 10; i++) {
        say(&pair, SIDE_CLIENT, 300, false);
        flush(&pair);
    }
    close_both(&pair);
    assert_true(buf_len(&pair.log.bytes) <= 1000);
    struct buf played;
    struct flow flow = {0};
    buf_init(&played, 100000);
    flow_log_play(&flow, &played, buf_slice(&pair.log.bytes));
    assert_true(flow.closed);
    // All ten, SYN and FIN.
    uint32_t start = (uint32_t)(7 * 2654435761U);
    assert_int_equal(flow.ends[SIDE_CLIENT].next - start, 3000 + 2);
    buf_cleanup(&played);
    pair_cleanup(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation),
        cmocka_unit_test(what_is_skipped_takes_no_room),
        cmocka_unit_test(random_sessions),
        cmocka_unit_test(a_full_log_skips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
