// SPDX-License-Identifier: MIT
// A client that wants a message, or a recipient, past --dry-run or --rewrite-to, and a server that
// takes CR, LF and NUL for the end of a line; whatever rules of --fault act meanwhile. And rules
// that never hold: not a byte differs from a session without them. Generated dialogues, cut at
// random; the seed is printed. hostile_test [DIALOGUES [SEED [TEST]]]
#include "relay_wire.h"

#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "fault/fault_rule.h"
#include "fault/rewrite.h"
#include "smtp/command_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the four above first.
#include <cmocka.h>

enum { DIALOGUES = 1500, STEPS_MAX = 14 };

#define MARK   "BODYMARK"
#define VICTIM "victim@example.net"

static unsigned long dialogues = DIALOGUES;
static uint64_t seed = 1;
static uint64_t state;

static uint32_t chance(uint32_t n) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % n;
}

// ── the client ──────────────────────────────────────────────────────────────────────────────────

static const char *const commands[] = {
    "EHLO x\r\n",
    "MAIL FROM:<a@example.com>\r\n",
    "RCPT TO:<" VICTIM ">\r\n",
    "RCPT TO:<" VICTIM "> ORCPT=rfc822;" VICTIM "\r\n",
    "rcpt to:" VICTIM "\r\n",
    " RCPT TO:<" VICTIM ">\r\n",
    "RCPT TO:<" VICTIM ">\n",
    "NOOP\rRCPT TO:<" VICTIM ">\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "AUTH PLAIN AGEAYg==\r\n",
    "AUTH LOGIN\r\n",
    "YWJj\r\n",
    "*\r\n",
    "STARTTLS\r\n",
    "BURL imap://x/" MARK " LAST\r\n",
    "NOOP\n",
    "\r\n",
    "XDEMO one\r\n",
    "MAIL FROM:<a@example.com>\r\nRCPT TO:<" VICTIM ">\r\nRCPT TO:<b@example.net>\r\n",
};

static const char *const data[] = {
    "DATA\r\n",    "data\r\n", "DATA\n",         " DATA\r\n",
    "\tDATA \r\n", "DATA\r",   "NOOP\rDATA\r\n", "DATA x\r\n",
};

static const char *const lines[] = {
    MARK "\r\n",
    MARK "\n",
    "..\r\n",
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    ".\r" MARK,
    "\r\n",
    "Subject: " MARK "\r\n",
    MARK "\r\n.\n" MARK "\r\n",
    "DATA\r\n",
    "RSET\r\n",
};

static void put_data(struct buf *out) {
    struct buf text;
    buf_init(&text, KIB);
    buf_put_string(&text, data[chance(sizeof(data) / sizeof(data[0]))]);
    for (uint32_t n = chance(5); n > 0; n--) {
        buf_put_string(&text, lines[chance(sizeof(lines) / sizeof(lines[0]))]);
    }
    bool ends = slice_find(buf_slice(&text), SLICE("\r\n.\r\n")) != SLICE_NONE;
    buf_put(out, ends ? SLICE("DATA\r\n") : buf_slice(&text)); // no end but the last one
    buf_put_string(out, MARK "\r\n.\r\n");
    buf_cleanup(&text);
}

static void put_chunk(struct buf *out) {
    static const char *const sizes[] = {"BDAT %zu\r\n", "BDAT %zu LAST\r\n", "bdat %zu last\r\n",
                                        "BDAT %zu\n"};
    static const char text[] = MARK "\r\n.\r\nDATA\r\n" MARK;
    size_t len = 1 + chance(sizeof(text) - 1);
    char line[64];
    switch (chance(4)) {
    case 0:
        snprintf(line, sizeof(line), sizes[0], len);
        break;
    case 1:
        snprintf(line, sizeof(line), sizes[1], len);
        break;
    case 2:
        snprintf(line, sizeof(line), sizes[2], len);
        break;
    default:
        snprintf(line, sizeof(line), sizes[3], len);
        break;
    }
    buf_put_string(out, line);
    buf_put(out, slice_of(text, len));
}

static void put_long(struct buf *out) {
    for (uint32_t n = 1000 * chance(12); n > 0; n--) {
        buf_put_byte(out, ' ');
    }
    put_data(out);
}

static void put_step(struct buf *out) {
    switch (chance(8)) {
    case 0:
    case 1:
        put_data(out);
        break;
    case 2:
        put_chunk(out);
        break;
    case 3:
        if (chance(8) == 0) {
            put_long(out);
            break;
        }
        buf_put(out, slice_of("NOOP\0DATA\r\n", chance(2) == 0 ? 11 : 5));
        break;
    default:
        buf_put_string(out, commands[chance(sizeof(commands) / sizeof(commands[0]))]);
        break;
    }
}

// ── the server ──────────────────────────────────────────────────────────────────────────────────

static void show_rules(const struct wire *wire) {
    for (size_t i = 0; i < wire->fault_count; i++) {
        fprintf(stderr, "rule %s\n", wire->fault_rules[i].text);
    }
}

static void show(struct slice bytes) {
    struct buf text;
    buf_init(&text, MIB);
    text_escape(&text, bytes);
    buf_put_byte(&text, '\0');
    fprintf(stderr, "%s\n", (const char *)buf_slice(&text).data);
    buf_cleanup(&text);
}

static bool ends_line(uint8_t byte) {
    return byte == '\r' || byte == '\n' || byte == '\0';
}

static void answer(struct wire *wire, struct slice line) {
    bool auth = slice_starts_with_nocase(line, SLICE("AUTH LOGIN"));
    const char *reply = auth                                                ? "334 VXNlcm5hbWU6\r\n"
                        : slice_starts_with_nocase(line, SLICE("STARTTLS")) ? "454 no\r\n"
                        : chance(5) == 0                                    ? "550 no\r\n"
                                                                            : "250 ok\r\n";
    wire_say(&wire->server, reply);
}

static void judge_line(const struct wire *wire, struct slice line) {
    struct slice word = slice_trim(line);
    bool mail = slice_starts_with_nocase(word, SLICE("DATA")) ||
                slice_starts_with_nocase(word, SLICE("BDAT")) ||
                slice_starts_with_nocase(word, SLICE("BURL"));
    if (wire->config.dry_run && mail) {
        fail_msg("the server got %.*s", (int)line.len, (const char *)line.data);
    }
    bool rcpt = slice_starts_with_nocase(word, SLICE("RCPT"));
    if (wire->config.rewrite != NULL && rcpt && slice_find(line, SLICE(VICTIM)) != SLICE_NONE) {
        fail_msg("the server got %.*s", (int)line.len, (const char *)line.data);
    }
}

// Answers what has come since; a line that has not ended waits.
static void serve(struct wire *wire, size_t *read) {
    struct slice got = buf_slice(&wire->server.got);
    for (size_t i = *read; i < got.len; i++) {
        if (!ends_line(got.data[i])) {
            continue;
        }
        struct slice line = slice_sub(got, *read, i - *read);
        *read = i + 1;
        judge_line(wire, line);
        if (line.len > 0) {
            answer(wire, line);
        }
    }
    if (wire->config.dry_run && slice_find(got, SLICE(MARK)) != SLICE_NONE) {
        show(got);
        show_rules(wire);
        fail_msg("the server got a part of a message");
    }
}

// ── a dialogue ──────────────────────────────────────────────────────────────────────────────────

static void play(struct wire *wire) {
    struct buf all;
    size_t read = 0;
    buf_init(&all, MIB);
    wire_start(wire);
    wire_say(&wire->server, "220 hello\r\n");
    for (uint32_t n = 1 + chance(STEPS_MAX); n > 0; n--) {
        put_step(&all);
    }
    struct slice rest = buf_slice(&all);
    if (getenv("SHOW") != NULL) {
        show(rest);
    }
    wire_run(wire);
    while (rest.len > 0 && !wire->client.saw_end) {
        size_t len = 1 + chance(chance(4) == 0 ? 3 : 200);
        struct slice piece = slice_sub(rest, 0, len);
        rest = slice_from(rest, piece.len);
        buf_put(&wire->client.to_send, piece);
        for (unsigned turns = chance(4); turns > 0; turns--) {
            wire_run(wire);
            serve(wire, &read);
        }
    }
    for (unsigned turns = 0; turns < 40; turns++) {
        wire_run(wire);
        serve(wire, &read);
        if (turns % 8 == 7 && relay_deadline_ns(wire->relay) != INT64_MAX) {
            wire_wait(wire); // as a rule of --fault has it
        }
    }
    if (chance(2) == 0) {
        wire->client.close_after = true;
        wire_run(wire);
        serve(wire, &read);
    }
    buf_cleanup(&all);
}

// ── rules ───────────────────────────────────────────────────────────────────────────────────────

static const char *const acting[] = {
    "DATA: delay 1s",
    "DATA #2: silence",
    "DATA: close after 20",
    "BDAT #1: 451 4.3.0 no",
    "BDAT: replace 452 4.2.2 no",
    "message: 554 5.7.1 no",
    "message ~ " MARK ": 554 5.7.1 no",
    "message: replace 451 4.3.0 no",
    "message: close after 30",
    "message #2: delay 2s",
    "RCPT: delay 2s",
    "RCPT #2-: 452 4.5.3 no",
    "MAIL 50%: slice 2",
    "AUTH: 535 5.7.8 no",
    "AUTH #2: replace 535 5.7.8 no",
    "NOOP 10%: 421 4.3.2 no",
    "RSET: 502 5.5.1 no",
    "STARTTLS: 454 4.7.0 no",
};

static const char *const idle[] = {
    "greeting session 9: 554 5.3.2 no",
    "tls ~ ^never$: alert unknown_ca",
    "EHLO ~ ^never$: strip SIZE",
    "MAIL session 9: delay 1s",
    "RCPT ~ ^never$: 550 5.1.1 no",
    "RCPT #999: 550 5.1.1 no",
    "DATA session 9: close after 1",
    "BDAT session 9: 451 4.3.0 no",
    "STARTTLS session 9: 454 4.7.0 no",
    "AUTH ~ ^never$: 535 5.7.8 no",
    "RSET 0%: close",
    "QUIT session 9: silence",
    "XDEMO session 9: reset",
    "* session 9: rate 1",
    "message session 9: 554 5.7.1 no",
    "message ~ ^never$: close after 1",
};
enum { IDLE_RULES = sizeof(idle) / sizeof(idle[0]) };

static void add_acting(struct wire *wire) {
    for (uint32_t n = chance(4); n > 0; n--) {
        const char *rule = acting[chance(sizeof(acting) / sizeof(acting[0]))];
        wire_add_fault(wire, slice_of_string(rule));
    }
}

// One of them, or all.
static void add_idle(struct wire *wire, unsigned long which) {
    for (size_t i = 0; i < IDLE_RULES; i++) {
        if (which % (IDLE_RULES + 1) == IDLE_RULES || which % (IDLE_RULES + 1) == i) {
            wire_add_fault(wire, slice_of_string(idle[i]));
        }
    }
}

// ── no difference ───────────────────────────────────────────────────────────────────────────────

// A server whose answers are those to the bytes that it got, however they came. It knows no BDAT,
// and may leave a DATA without an answer until the text is there; one that is in step reads as the
// proxy does, and answers each command once.
struct plain_server {
    bool in_step;
    size_t read;
    bool text;
    bool line_ended;     // … by CRLF, so that a dot may end it
    uint64_t chunk_left; // … of BDAT
};

static unsigned sum_of(struct slice line) {
    unsigned sum = 0;
    for (size_t i = 0; i < line.len; i++) {
        sum += line.data[i];
    }
    return sum;
}

static bool ends_text(struct plain_server *server, struct slice line) {
    bool end = slice_equal(line, SLICE(".\r\n")) && (server->line_ended || !server->in_step);
    server->line_ended = slice_ends_with_nocase(line, SLICE("\r\n"));
    return end;
}

static void say_once(struct wire *wire, struct slice line, struct plain_server *server) {
    unsigned sum = sum_of(line);
    bool is_data = server->in_step ? command_verb(lines_text(line)) == VERB_DATA
                                   : slice_starts_with_nocase(line, SLICE("DATA"));
    bool end = server->text && ends_text(server, line);
    if (server->text && !end) {
        return;
    }
    server->text = is_data && !end && sum % 3 != 0;
    server->line_ended = true;
    const char *reply = end                                                 ? "250 taken\r\n"
                        : is_data && sum % 4 == 1 && !server->in_step       ? ""
                        : server->text                                      ? "354 go\r\n"
                        : slice_starts_with_nocase(line, SLICE("AUTH LOG")) ? "334 VXNlcm5hbWU6\r\n"
                        : sum % 5 == 0                                      ? "550 no\r\n"
                                                                            : "250 ok\r\n";
    wire_say(&wire->server, reply);
}

// The next line, or what is left of a chunk.
static struct slice next_piece(struct plain_server *server, struct slice *rest) {
    if (server->chunk_left == 0) {
        return lines_next(rest);
    }
    size_t len = server->chunk_left < rest->len ? (size_t)server->chunk_left : rest->len;
    struct slice chunk = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return chunk;
}

static bool begins_chunk(struct plain_server *server, struct slice line) {
    struct command command;
    command_parse(&command, lines_text(line));
    bool begins = server->in_step && !server->text && command.verb == VERB_BDAT &&
                  command.chunk_valid && command.chunk_len > 0;
    server->chunk_left = begins ? command.chunk_len : 0;
    return begins;
}

static void serve_plainly(struct wire *wire, struct plain_server *server) {
    struct slice rest = slice_from(buf_slice(&wire->server.got), server->read);
    while (rest.len > 0) {
        bool is_chunk = server->chunk_left > 0;
        struct slice piece = next_piece(server, &rest);
        if (!is_chunk && !lines_ended(piece)) {
            return;
        }
        server->read += piece.len;
        server->chunk_left -= is_chunk ? piece.len : 0;
        if (is_chunk && server->chunk_left == 0) {
            wire_say(&wire->server, "250 chunk\r\n");
        } else if (!is_chunk && !begins_chunk(server, piece)) {
            say_once(wire, piece, server);
        }
    }
}

static bool waits(const struct wire *wire) {
    return relay_deadline_ns(wire->relay) != INT64_MAX;
}

static void play_plainly(struct wire *wire, struct slice rest, size_t piece) {
    // The bridge answers in its turn, which a server that is out of step makes a matter of time.
    struct plain_server server = {.in_step = wire->config.client_tls == CLIENT_TLS_NONE};
    wire_start(wire);
    wire_say(&wire->server, "220 hello\r\n");
    wire_run(wire);
    while (rest.len > 0) {
        size_t len = piece > 0 ? piece : 1 + chance(chance(4) == 0 ? 3 : 200);
        struct slice cut = slice_sub(rest, 0, len);
        rest = slice_from(rest, cut.len);
        buf_put(&wire->client.to_send, cut);
        wire_run(wire);
        if (chance(3) == 0) {
            serve_plainly(wire, &server);
        }
    }
    for (unsigned turns = 0; turns < 60; turns++) {
        serve_plainly(wire, &server);
        wire_run(wire);
        if (turns % 10 == 9 && waits(wire)) {
            wire_wait(wire);
        }
    }
}

static void take_got(struct buf *out, struct wire_end *end) {
    buf_init(out, MIB);
    buf_put(out, buf_slice(&end->got));
}

static void play_with_and_without(struct slice said, unsigned long which) {
    struct buf got[2][2];
    uint64_t same = state;
    for (int ruled = 0; ruled < 2; ruled++) {
        struct wire wire;
        state = same; // cut and answered alike
        wire_open(&wire);
        if (which % 4 == 3) {
            wire.config.client_tls = CLIENT_TLS_NONE; // with the bridge behind it
        }
        if (ruled) {
            add_idle(&wire, which);
        }
        play_plainly(&wire, said, which % 5 == 0 ? 1 : 0);
        take_got(&got[ruled][SIDE_CLIENT], &wire.client);
        take_got(&got[ruled][SIDE_SERVER], &wire.server);
        wire_finish(&wire, NULL);
    }
    for (int side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        if (!slice_equal(buf_slice(&got[0][side]), buf_slice(&got[1][side]))) {
            show(said);
            show(buf_slice(&got[0][side]));
            show(buf_slice(&got[1][side]));
            fail_msg("with an idle rule (%lu) the %s got other bytes", which,
                     side_name((enum side)side));
        }
        buf_cleanup(&got[0][side]);
        buf_cleanup(&got[1][side]);
    }
}

static void rules_that_never_hold_change_no_byte(void **unused) {
    (void)unused;
    for (unsigned long i = 0; i < dialogues; i++) {
        struct buf all;
        buf_init(&all, MIB);
        state = seed + i;
        chance(1);
        for (uint32_t n = 1 + chance(STEPS_MAX); n > 0; n--) {
            put_step(&all);
        }
        buf_put_string(&all, "\r\n"); // half a line waits for its end
        play_with_and_without(buf_slice(&all), i);
        buf_cleanup(&all);
    }
}

// ── no way past ─────────────────────────────────────────────────────────────────────────────────

static void play_all(bool dry_run, bool rewrite, bool faults) {
    struct rewrite_rule rule;
    struct failure failure;
    assert_int_equal(rewrite_rule_init(&rule, &failure, "me@example.org", NULL), OK);
    for (unsigned long i = 0; i < dialogues; i++) {
        struct wire wire;
        state = seed + i;
        chance(1);
        wire_open(&wire);
        wire.config.dry_run = dry_run;
        wire.config.rewrite = rewrite ? &rule : NULL;
        if (chance(4) == 0) {
            wire.config.client_tls = CLIENT_TLS_NONE; // with the bridge behind it
        }
        if (faults) {
            add_acting(&wire);
        }
        play(&wire);
        wire_finish(&wire, NULL);
    }
    rewrite_rule_cleanup(&rule);
}

static void no_message_gets_past_a_dry_run(void **unused) {
    (void)unused;
    play_all(true, false, false);
}

static void no_recipient_gets_past_a_rewrite(void **unused) {
    (void)unused;
    play_all(false, true, false);
}

static void both_together(void **unused) {
    (void)unused;
    play_all(true, true, false);
}

static void nor_whatever_rules_act(void **unused) {
    (void)unused;
    play_all(true, true, true);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_message_gets_past_a_dry_run),
        cmocka_unit_test(no_recipient_gets_past_a_rewrite),
        cmocka_unit_test(both_together),
        cmocka_unit_test(nor_whatever_rules_act),
        cmocka_unit_test(rules_that_never_hold_change_no_byte),
    };
    dialogues = argc > 1 ? strtoul(argv[1], NULL, 10) : dialogues;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
    if (argc > 3) {
        cmocka_set_test_filter(argv[3]);
    }
    printf("%lu dialogues from seed %llu\n", dialogues, (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
