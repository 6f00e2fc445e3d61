// SPDX-License-Identifier: MIT
// embedded_offer: the answer to EHLO: what this server can do, on this layer. It may be of any
// length and come late, so it goes out in pieces:
//
//   EXPECT_OFFER ─ due ─▶ 250-name ─▶ 250-X-1 …, as there is room ─▶ the rest, EXPECT_COMMAND
#include "embedded/embedded_state.h"

#include "base/limits.h"

#include <stdio.h>

static const char usual_auth[] = "AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER";

// "AUTH PLAIN …", or NULL for none.
static const char *auth_line(const struct embedded *embedded) {
    const struct embedded_traits *traits = embedded->config.traits;
    const char *line = traits != NULL && traits->auth != NULL ? traits->auth : usual_auth;
    return embedded_takes_auth(embedded) && line[0] != '\0' ? line : NULL;
}

bool embedded_offers_mechanism(const struct embedded *embedded, struct slice name) {
    struct slice rest = slice_of_string(auth_line(embedded));
    while (rest.len > 0) {
        struct slice word = slice_take_word(&rest);
        size_t sign = slice_find_byte(word, '='); // as in "AUTH=LOGIN PLAIN"
        if (slice_equal_nocase(sign == SLICE_NONE ? word : slice_from(word, sign + 1), name)) {
            return true;
        }
    }
    return false;
}

uint64_t embedded_size_max(const struct embedded *embedded) {
    const struct embedded_traits *traits = embedded->config.traits;
    return traits != NULL && traits->size_max > 0 ? traits->size_max : LIMIT_SINK_MESSAGE;
}

static void put_more_capabilities(struct buf *out, const struct embedded_traits *traits) {
    struct slice rest = slice_of_string(traits->capabilities);
    while (rest.len > 0) {
        struct slice line = slice_split(&rest, '\n');
        buf_put(out, SLICE("250-"));
        buf_put(out, line);
        buf_put(out, SLICE("\r\n"));
    }
}

// Which of STARTTLS and AUTH is offered depends on the layer: credentials have no business in the
// clear (RFC 8314), and STARTTLS inside TLS is an error (RFC 3207 4.2).
static void put_offer(const struct embedded *embedded, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    const char *auth = auth_line(embedded);
    buf_putf(out, "250-SIZE %llu\r\n", (unsigned long long)embedded_size_max(embedded));
    buf_put_string(out, "250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n"
                        "250-DSN\r\n");
    if (auth != NULL) {
        buf_putf(out, "250-%s\r\n", auth);
    }
    if (!embedded->tls && embedded->config.offer_starttls) {
        buf_put_string(out, "250-STARTTLS\r\n");
    }
    if (traits != NULL) {
        put_more_capabilities(out, traits);
    }
    bool enhanced = traits == NULL || traits->enhanced != ENHANCED_NEVER;
    buf_put_string(out, enhanced ? "250 ENHANCEDSTATUSCODES\r\n" : "250 HELP\r\n");
}

// ── the flood ───────────────────────────────────────────────────────────────────────────────────

// The next bytes of a line that has come to `at`; returns how many there was room for.
static size_t put_of_line(struct buf *out, uint64_t number, uint64_t len, uint64_t at) {
    char head[EMBEDDED_LINE_MAX];
    size_t head_len =
        (size_t)snprintf(head, sizeof(head), "250-X-%llu ", (unsigned long long)number);
    size_t before = buf_len(out);
    for (uint64_t i = at; i < len && buf_room(out) > 0; i++) {
        bool in_head = i < head_len;
        bool in_text = i < len - 2;
        buf_put_byte(out, in_head        ? (uint8_t)head[i]
                          : in_text      ? (uint8_t)'x'
                          : i == len - 2 ? (uint8_t)'\r'
                                         : (uint8_t)'\n');
    }
    return buf_len(out) - before;
}

// True once it is over.
static bool flood(struct embedded *embedded, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    uint64_t lines = traits == NULL ? 0 : traits->flood_lines;
    struct buf piece;
    buf_init(&piece, buf_room(out) < LIMIT_READ ? buf_room(out) : LIMIT_READ);
    while (embedded->flood_line < lines && buf_room(&piece) > 0) {
        uint64_t len = traits->flood_line_len;
        embedded->flood_at +=
            put_of_line(&piece, embedded->flood_line + 1, len, embedded->flood_at);
        if (embedded->flood_at == len) {
            embedded->flood_line++;
            embedded->flood_at = 0;
        }
    }
    buf_put(out, buf_slice(&piece));
    buf_cleanup(&piece);
    return embedded->flood_line == lines;
}

// ── in pieces ───────────────────────────────────────────────────────────────────────────────────

void embedded_begin_offer(struct embedded *embedded, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    bool waits = traits != NULL && embedded->tls;
    embedded_expect(embedded, EXPECT_OFFER);
    embedded->offer_due_ns = embedded->now_ns + (waits ? traits->ehlo_in_tls_ms * NS_PER_MS : 0);
    embedded->offer_begun = false;
    embedded->flood_line = 0;
    embedded->flood_at = 0;
    embedded_go_on_with_offer(embedded, out);
}

void embedded_go_on_with_offer(struct embedded *embedded, struct buf *out) {
    if (embedded->now_ns < embedded->offer_due_ns || !embedded_has_room(embedded, out)) {
        return;
    }
    if (!embedded->offer_begun) {
        embedded->offer_begun = true;
        embedded_put_line(embedded, out, SLICE("250-"), slice_of_string(embedded->config.name));
    }
    if (flood(embedded, out) && embedded_has_room(embedded, out)) {
        put_offer(embedded, out);
        embedded_expect(embedded, EXPECT_COMMAND);
    }
}

int64_t embedded_deadline_ns(const struct embedded *embedded) {
    bool waits = embedded->expects == EXPECT_OFFER && embedded->now_ns < embedded->offer_due_ns;
    return waits ? embedded->offer_due_ns : INT64_MAX;
}
