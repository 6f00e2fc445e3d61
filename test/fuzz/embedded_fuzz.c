// SPDX-License-Identifier: MIT
// embedded: whatever bytes come, at whatever splits, its answers are well-formed replies, and it
// never writes more than there is room for. The first byte chooses what server it is.
#include "base/buf.h"
#include "base/text.h"
#include "embedded/embedded_state.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWERS_MAX = 9 * 1024, LINE_MAX_WITH_CRLF = 512, FLOOD_TURNS_MAX = 16 };

// Each trait is in one of them; a line is never longer than the standard has it.
static const struct embedded_traits characters[] = {
    {0},
    {.greeting = "421-not now\r\n421 later\r\n"},
    {.greeting = "554 no\r\n"},
    {.refuses_ehlo = true, .enhanced = ENHANCED_NEVER},
    {.auth_in_clear = true, .wants_login = true, .size_max = 20, .reply_bare = true},
    {.auth_in_clear = true, .auth = "AUTH=LOGIN PLAIN", .challenge = "!", .reply_lines = 3},
    {.auth_in_clear = true, .login_answer = "235-a\r\n235 b\r\n", .reply_len = 512},
    {.login_answer = "535 5.7.8 no\r\n", .auth = "AUTH CRAM-MD5", .capabilities = "X-A\nX-B"},
    {.enhanced = ENHANCED_ON_EVERY, .reply_noise = SLICE_INIT("\t~"), .ehlo_in_tls_ms = 5000},
    {.flood_lines = 90, .flood_line_len = 300, .auth = "", .after_starttls = "250 early\r\n"},
};
enum { CHARACTERS = sizeof(characters) / sizeof(characters[0]) };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static bool is_shown(uint8_t byte) {
    return (byte >= ' ' && byte < 127) || byte == '\t';
}

static void check_line(struct slice line) {
    require(line.len >= 4 && line.len + 1 <= LINE_MAX_WITH_CRLF);
    require(line.data[line.len - 1] == '\r');
    require(line.data[0] >= '2' && line.data[0] <= '5');
    require(text_is_digit(line.data[1]) && text_is_digit(line.data[2]));
    require(line.data[3] == ' ' || line.data[3] == '-' || line.len == 4);
    for (size_t i = 0; i + 1 < line.len; i++) {
        require(is_shown(line.data[i]));
    }
}

// What it said, of which the last line may still be under way.
static void check_lines(struct buf *said) {
    struct slice rest = buf_slice(said);
    size_t at = slice_find_byte(rest, '\n');
    while (at != SLICE_NONE) {
        check_line(slice_sub(rest, 0, at));
        buf_consume(said, at + 1);
        rest = buf_slice(said);
        at = slice_find_byte(rest, '\n');
    }
}

struct talk {
    struct embedded *embedded;
    struct buf answers; // of one feed
    struct buf said;
    int64_t now_ns;
};

static size_t feed(struct talk *talk, struct slice bytes) {
    size_t taken = embedded_feed(talk->embedded, bytes, &talk->answers, talk->now_ns);
    require(taken <= bytes.len);
    buf_put(&talk->said, buf_slice(&talk->answers));
    buf_clear(&talk->answers);
    check_lines(&talk->said);
    return taken;
}

// Also what comes later, and what there was no room for.
static void feed_all(struct talk *talk, struct slice bytes) {
    for (int turn = 0; turn < FLOOD_TURNS_MAX && bytes.len > 0; turn++) {
        bytes = slice_from(bytes, feed(talk, bytes));
        int64_t due_ns = embedded_deadline_ns(talk->embedded);
        talk->now_ns = due_ns == INT64_MAX ? talk->now_ns : due_ns;
        feed(talk, SLICE(""));
        if (talk->embedded->expects == EXPECT_TLS) {
            embedded_tls_begun(talk->embedded);
            return; // the rest came too early
        }
    }
}

// The first byte of each piece is its length, so that the fuzzer chooses the splits.
static struct slice next_piece(struct slice *rest) {
    size_t len = rest->data[0];
    struct slice piece = slice_sub(*rest, 1, len);
    *rest = slice_from(*rest, 1 + piece.len);
    return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct slice rest = slice_from(slice_of(data, size), 1);
    const struct embedded_config config = {
        .name = "sink.example",
        .offer_starttls = (data[0] & 0x80) == 0,
        .max_line = 512,
        .traits = (data[0] & 0x40) == 0 ? &characters[data[0] % 0x40 % CHARACTERS] : NULL,
    };
    struct talk talk = {.embedded = embedded_new(&config)};
    buf_init(&talk.answers, ANSWERS_MAX);
    buf_init(&talk.said, 2 * ANSWERS_MAX);
    embedded_greet(talk.embedded, &talk.said);
    while (rest.len > 0 && !embedded_finished(talk.embedded)) {
        feed_all(&talk, next_piece(&rest));
    }
    check_lines(&talk.said);
    require(talk.embedded->expects == EXPECT_OFFER || buf_len(&talk.said) == 0);
    embedded_free(talk.embedded);
    buf_cleanup(&talk.answers);
    buf_cleanup(&talk.said);
    return 0;
}
