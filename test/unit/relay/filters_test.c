// SPDX-License-Identifier: MIT
// What a filter can do with a session, each with one small filter and no socket.
#include "base/clock.h"
#include "relay/relay_state.h"
#include "relay_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
// cmocka wants the two above first.
#include <cmocka.h>

enum { SLICE_LEN = 4 };

enum act {
    ACT_ANSWER,  // NOOP, in the server's place
    ACT_DROP,    // NOOP
    ACT_REPLACE, // the reply to NOOP
    ACT_EDIT,    // the reply to EHLO: loses its last letter, a line at a time
    ACT_DELAY,   // the reply to NOOP
    ACT_SLICE,   // the reply to NOOP
    ACT_SILENCE, // the reply to NOOP
    ACT_CLOSE,   // in place of the reply to NOOP
    ACT_RESET,
    ACT_CUT_TEXT, // closes after the first bytes of a message
};

struct probe {
    enum act act;
    struct filter_port port;
    bool answer_due;
    struct buf taken; // of the server, not sent yet
    int64_t due_ns;
};

// ── the filter ──────────────────────────────────────────────────────────────────────────────────

static enum filter_verdict judge_client(const struct probe *probe, const struct filter_line *line) {
    if (probe->answer_due) {
        return FILTER_HOLD;
    }
    if (line->kind == FILTER_TEXT) {
        return probe->act == ACT_CUT_TEXT ? FILTER_TAKE : FILTER_PASS;
    }
    bool wanted = probe->act == ACT_ANSWER || probe->act == ACT_DROP;
    if (!wanted || line->verb != VERB_NOOP) {
        return wanted && !line->whole ? FILTER_MORE : FILTER_PASS;
    }
    return FILTER_TAKE;
}

static enum filter_verdict judge_server(const struct probe *probe, const struct filter_line *line) {
    enum verb verb = probe->act == ACT_EDIT ? VERB_EHLO : VERB_NOOP;
    bool wanted = probe->act != ACT_ANSWER && probe->act != ACT_DROP && line->due.verb == verb;
    if (buf_len(&probe->taken) > 0) {
        return FILTER_HOLD;
    }
    if (!wanted) {
        return FILTER_PASS;
    }
    if (probe->act == ACT_SILENCE) {
        return FILTER_HOLD;
    }
    return line->whole ? FILTER_TAKE : FILTER_MORE;
}

static enum filter_verdict judge(void *filter, const struct filter_line *line) {
    return line->from == SIDE_CLIENT ? judge_client(filter, line) : judge_server(filter, line);
}

static void edit(struct probe *probe, const struct filter_line *line, int64_t at_ns) {
    char edited[64];
    enum { LINE_END = 2, LETTER = 1 };
    int kept = (int)line->bytes.len - LINE_END - LETTER;
    snprintf(edited, sizeof(edited), "%.*s\r\n", kept, (const char *)line->bytes.data);
    probe->port.substitute(&probe->port, line, slice_of_string(edited), at_ns);
}

static void take(void *filter, const struct filter_line *line, int64_t at_ns) {
    struct probe *probe = filter;
    switch (probe->act) {
    case ACT_ANSWER:
        probe->answer_due = true;
        break;
    case ACT_REPLACE:
        probe->port.say(&probe->port, SIDE_CLIENT, "451 4.3.0 replaced", at_ns);
        break;
    case ACT_EDIT:
        edit(probe, line, at_ns);
        break;
    case ACT_DELAY:
    case ACT_SLICE:
        buf_put(&probe->taken, line->bytes);
        probe->due_ns = at_ns + NS_PER_S;
        break;
    case ACT_CLOSE:
        probe->port.end(&probe->port, FILTER_END_FIN, "closed by the test", at_ns);
        break;
    case ACT_RESET:
        probe->port.end(&probe->port, FILTER_END_RESET, "reset by the test", at_ns);
        break;
    case ACT_CUT_TEXT:
        probe->port.send(&probe->port, SIDE_SERVER, slice_sub(line->bytes, 0, SLICE_LEN));
        probe->port.say(&probe->port, SIDE_CLIENT, "554 5.6.0 not taken", at_ns);
        probe->port.end(&probe->port, FILTER_END_FIN, "closed by the test", at_ns);
        break;
    case ACT_DROP:
    case ACT_SILENCE:
        break;
    }
}

static void send_taken(struct probe *probe, int64_t at_ns) {
    size_t len = probe->act == ACT_SLICE ? SLICE_LEN : SIZE_MAX;
    struct slice piece = slice_sub(buf_slice(&probe->taken), 0, len);
    probe->port.send(&probe->port, SIDE_CLIENT, piece);
    buf_consume(&probe->taken, piece.len);
    probe->due_ns = buf_len(&probe->taken) > 0 ? at_ns + NS_PER_MS : INT64_MAX;
}

static void progress(void *filter, int64_t at_ns) {
    struct probe *probe = filter;
    if (probe->answer_due && probe->port.replies_before(&probe->port) == 0) {
        probe->answer_due = false;
        probe->port.say(&probe->port, SIDE_CLIENT, "451 4.3.0 answered", at_ns);
    }
    if (at_ns >= probe->due_ns) {
        send_taken(probe, at_ns);
    }
}

static bool holds(const void *filter, enum side side) {
    const struct probe *probe = filter;
    return side == SIDE_SERVER && buf_len(&probe->taken) > 0;
}

static int64_t deadline_ns(const void *filter) {
    const struct probe *probe = filter;
    return probe->due_ns;
}

static void release(void *filter) {
    struct probe *probe = filter;
    buf_cleanup(&probe->taken);
}

static void add(struct wire *wire, struct probe *probe, enum act act) {
    static const struct filter_ops ops = {.judge = judge,
                                          .take = take,
                                          .progress = progress,
                                          .holds = holds,
                                          .deadline_ns = deadline_ns,
                                          .free = release};
    *probe = (struct probe){.act = act, .due_ns = INT64_MAX, .port = filters_port(wire->relay)};
    buf_init(&probe->taken, LIMIT_REPLY_BYTES);
    filters_add(wire->relay, (struct filter){&ops, probe});
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

static void greet(struct wire *wire) {
    wire_say(&wire->server, "220 hello\r\n");
    wire_run(wire);
    wire_expect(&wire->client, "220 hello\r\n");
}

static void open_with(struct wire *wire, struct probe *probe, enum act act) {
    wire_open(wire);
    wire_start(wire);
    add(wire, probe, act);
    greet(wire);
}

static void noop(struct wire *wire) {
    wire_say(&wire->client, "NOOP\r\n");
    wire_run(wire);
    wire_expect(&wire->server, "NOOP\r\n");
    wire_say(&wire->server, "250 ok\r\n");
}

// The answer has its place among those of the server, and what follows the command goes on.
static void test_an_answer_in_the_servers_place(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_ANSWER);
    wire_say(&wire.client, "RSET\r\nNOOP\r\nQUIT\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "RSET\r\n");
    wire_expect(&wire.client, "");
    wire_say(&wire.server, "250 reset\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250 reset\r\n451 4.3.0 answered\r\n");
    wire_expect(&wire.server, "QUIT\r\n");
    wire_close(&wire);
}

static void test_an_answer_waits_for_the_greeting(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    wire_open(&wire);
    wire_start(&wire);
    add(&wire, &probe, ACT_ANSWER);
    wire_say(&wire.client, "NOOP\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "");
    wire_say(&wire.server, "220 hello\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "220 hello\r\n451 4.3.0 answered\r\n");
    wire_expect(&wire.server, "");
    wire_close(&wire);
}

static void test_a_dropped_line(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_DROP);
    wire_say(&wire.client, "RSET\r\nNOOP\r\nQUIT\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "RSET\r\nQUIT\r\n");
    wire_close(&wire);
}

static void test_a_replaced_answer(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_REPLACE);
    noop(&wire);
    wire_run(&wire);
    wire_expect(&wire.client, "451 4.3.0 replaced\r\n");
    wire_close(&wire);
}

// What the first filter puts in the place of a reply is the next one's to decide about.
static void test_two_filters_edit_one_reply(void **state) {
    struct wire wire;
    struct probe first;
    struct probe second;
    (void)state;
    wire_open(&wire);
    wire_start(&wire);
    add(&wire, &first, ACT_EDIT);
    add(&wire, &second, ACT_EDIT);
    greet(&wire);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "250-abc\r\n250 abc\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250-a\r\n250 a\r\n");
    wire_close(&wire);
}

// More of them than the proxy has by itself.
static void test_any_number_of_filters(void **state) {
    enum { COUNT = 9 };
    struct wire wire;
    struct probe probes[COUNT];
    (void)state;
    wire_open(&wire);
    wire_start(&wire);
    for (int i = 0; i < COUNT; i++) {
        add(&wire, &probes[i], ACT_EDIT);
    }
    greet(&wire);
    wire_say(&wire.client, "EHLO x\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "250 abcdefghij\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "250 a\r\n");
    wire_close(&wire);
}

// The end of the server's stream waits for the answer that is held back.
static void test_a_delayed_answer(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_DELAY);
    noop(&wire);
    wire_say(&wire.server, "421 bye\r\n");
    wire.server.close_after = true;
    wire_run(&wire);
    wire_expect(&wire.client, "");
    assert_false(wire.client.saw_end);
    assert_true(relay_deadline_ns(wire.relay) == wire.now_ns + NS_PER_S);
    wire_wait(&wire);
    wire_expect(&wire.client, "250 ok\r\n421 bye\r\n");
    assert_true(wire.client.saw_end);
    wire_close(&wire);
}

static void test_an_answer_in_slices(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_SLICE);
    noop(&wire);
    wire.server.close_after = true;
    wire_run(&wire);
    wire_expect(&wire.client, "");
    wire_wait(&wire);
    wire_expect(&wire.client, "250 ");
    assert_true(relay_deadline_ns(wire.relay) == wire.now_ns + NS_PER_MS);
    assert_false(wire.client.saw_end);
    wire_wait(&wire);
    wire_expect(&wire.client, "ok\r\n");
    assert_true(wire.client.saw_end);
    wire_close(&wire);
}

// Nothing is due, and no end of the server's is passed on; nor does what it says fill the memory.
static void test_silence_keeps_the_connection(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_SILENCE);
    noop(&wire);
    for (size_t i = 0; i < MIB / 64; i++) {
        wire_say(&wire.server,
                 "250 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    }
    wire_run(&wire);
    assert_false(relay_wants_read(wire.relay, SIDE_SERVER));
    wire_expect(&wire.client, "");
    assert_true(relay_deadline_ns(wire.relay) == INT64_MAX);
    relay_eof(wire.relay, SIDE_SERVER, RELAY_FIN, wire.now_ns);
    wire_run(&wire);
    assert_false(wire.client.saw_end);
    wire_close(&wire);
}

static void test_a_close_of_both_sides(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_CLOSE);
    noop(&wire);
    wire_run(&wire);
    wire_expect(&wire.client, "");
    assert_true(wire.client.saw_end && wire.server.saw_end);
    assert_false(wire.client.saw_reset || wire.server.saw_reset);
    wire_close(&wire);
}

static void test_a_reset_of_both_sides(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_RESET);
    noop(&wire);
    wire_run(&wire);
    wire_expect(&wire.client, "");
    assert_true(wire.client.saw_reset && wire.server.saw_reset);
    assert_false(wire.client.saw_end || wire.server.saw_end);
    assert_true(relay_is_done(wire.relay));
    wire_close(&wire);
}

// The server does not get the end of the message, and the client gets an answer.
static void test_an_end_within_a_message(void **state) {
    struct wire wire;
    struct probe probe;
    (void)state;
    open_with(&wire, &probe, ACT_CUT_TEXT);
    wire_say(&wire.client, "DATA\r\n");
    wire_run(&wire);
    wire_say(&wire.server, "354 go\r\n");
    wire_run(&wire);
    wire_expect(&wire.client, "354 go\r\n");
    wire_say(&wire.client, "Subject: x\r\n.\r\n");
    wire_run(&wire);
    wire_expect(&wire.server, "DATA\r\nSubj");
    wire_expect(&wire.client, "554 5.6.0 not taken\r\n");
    assert_true(wire.client.saw_end && wire.server.saw_end);
    wire_close(&wire);
}

// The proxy's own steps with a server whose first line never ends: memory has its cap.
static void test_an_endless_line_before_tls(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire.config.server_tls = SERVER_TLS_STARTTLS;
    wire_start(&wire);
    wire_say(&wire.client, "EHLO x\r\n");
    for (size_t i = 0; i < MIB / 64; i++) {
        wire_say(&wire.server, "2222222222222222222222222222222222222222222222222222222222222222");
    }
    wire_run(&wire);
    assert_false(relay_wants_read(wire.relay, SIDE_SERVER));
    wire_expect(&wire.client, "");
    wire_close(&wire);
}

static int end_world(void **state) {
    (void)state;
    wire_end_world();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_in_the_servers_place),
        cmocka_unit_test(test_an_answer_waits_for_the_greeting),
        cmocka_unit_test(test_a_dropped_line),
        cmocka_unit_test(test_a_replaced_answer),
        cmocka_unit_test(test_two_filters_edit_one_reply),
        cmocka_unit_test(test_any_number_of_filters),
        cmocka_unit_test(test_a_delayed_answer),
        cmocka_unit_test(test_an_answer_in_slices),
        cmocka_unit_test(test_silence_keeps_the_connection),
        cmocka_unit_test(test_a_close_of_both_sides),
        cmocka_unit_test(test_a_reset_of_both_sides),
        cmocka_unit_test(test_an_end_within_a_message),
        cmocka_unit_test(test_an_endless_line_before_tls),
    };
    return cmocka_run_group_tests(tests, NULL, end_world);
}
