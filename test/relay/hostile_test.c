// SPDX-License-Identifier: MIT
// A client that wants a message, or a recipient, past --dry-run or --rewrite-to, and a server that
// takes CR, LF and NUL for the end of a line. Generated dialogues, cut at random; the seed is
// printed. hostile_test [DIALOGUES [SEED]]
#include "wire.h"

#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "fault/rewrite.h"

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
        fail_msg("the server got a part of a message");
    }
}

// ── a dialogue ──────────────────────────────────────────────────────────────────────────────────

static void show(struct slice bytes) {
    struct buf text;
    buf_init(&text, MIB);
    text_escape(&text, bytes);
    buf_put_byte(&text, '\0');
    fprintf(stderr, "%s\n", (const char *)buf_slice(&text).data);
    buf_cleanup(&text);
}

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
    }
    if (chance(2) == 0) {
        wire->client.close_after = true;
        wire_run(wire);
        serve(wire, &read);
    }
    buf_cleanup(&all);
}

static void play_all(bool dry_run, bool rewrite) {
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
        play(&wire);
        wire_finish(&wire, NULL);
    }
    rewrite_rule_cleanup(&rule);
}

static void no_message_gets_past_a_dry_run(void **unused) {
    (void)unused;
    play_all(true, false);
}

static void no_recipient_gets_past_a_rewrite(void **unused) {
    (void)unused;
    play_all(false, true);
}

static void both_together(void **unused) {
    (void)unused;
    play_all(true, true);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_message_gets_past_a_dry_run),
        cmocka_unit_test(no_recipient_gets_past_a_rewrite),
        cmocka_unit_test(both_together),
    };
    dialogues = argc > 1 ? strtoul(argv[1], NULL, 10) : dialogues;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
    printf("%lu dialogues from seed %llu\n", dialogues, (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
