// SPDX-License-Identifier: MIT
#include "embedded/embedded_state.h"

#include "base/memory.h"

#include <stdlib.h>

// RFC 4954 4 asks for 12,288 bytes of a SASL line; what is shown of a line (--max-line) must not
// make the server refuse it.
enum { LINE_MAX_AT_LEAST = 16 * 1024 };

// More than the longest answer, EHLO's; where `out` has less room, nothing is taken. Traits make
// answers longer.
enum { ANSWER_ROOM = 1024, ANSWER_ROOM_TRAITS = 8 * 1024 };

struct embedded *embedded_new(const struct embedded_config *config) {
    struct embedded *embedded = mem_new(sizeof(*embedded));
    size_t max_line = config->max_line;
    embedded->config = *config;
    line_reader_init(&embedded->line, max_line > LINE_MAX_AT_LEAST ? max_line : LINE_MAX_AT_LEAST);
    return embedded;
}

void embedded_free(struct embedded *embedded) {
    if (embedded != NULL) {
        line_reader_cleanup(&embedded->line);
        free(embedded);
    }
}

void embedded_expect(struct embedded *embedded, enum embedded_expects next) {
    embedded->expects = next;
}

bool embedded_has_room(const struct embedded *embedded, const struct buf *out) {
    bool plain = embedded->config.traits == NULL;
    return buf_room(out) >= (size_t)(plain ? ANSWER_ROOM : ANSWER_ROOM_TRAITS);
}

bool embedded_takes_auth(const struct embedded *embedded) {
    const struct embedded_traits *traits = embedded->config.traits;
    return embedded->tls || (traits != NULL && traits->auth_in_clear);
}

void embedded_forget_mail(struct embedded *embedded) {
    embedded->has_mail = false;
    embedded->recipients = 0;
    embedded->has_chunks = false;
    embedded->message_bytes = 0;
}

void embedded_greet(struct embedded *embedded, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    if (traits == NULL || traits->greeting == NULL) {
        buf_putf(out, "220 %s ESMTP, takes every message and delivers none\r\n",
                 embedded->config.name);
        return;
    }
    struct slice greeting = slice_of_string(traits->greeting);
    buf_put(out, greeting);
    embedded->refused = !slice_starts_with(greeting, SLICE("2"));
    if (slice_starts_with(greeting, SLICE("421"))) {
        embedded_expect(embedded, EXPECT_NOTHING);
    }
}

bool embedded_finished(const struct embedded *embedded) {
    return embedded->expects == EXPECT_NOTHING;
}

void embedded_tls_begun(struct embedded *embedded) {
    embedded->tls = true;
    embedded->hello = HELLO_NONE;
    embedded->logged_in = false;
    embedded->mechanism = SASL_MECHANISM_UNKNOWN;
    embedded_expect(embedded, EXPECT_COMMAND);
    // What came in the clear must not be read as if it had come inside TLS (CVE-2011-0411).
    line_reader_forget(&embedded->line);
    embedded_forget_mail(embedded);
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void answer_line(struct embedded *embedded, struct buf *out) {
    bool sasl = embedded->expects == EXPECT_SASL;
    if (line_reader_cut(&embedded->line)) {
        embedded_expect(embedded, EXPECT_COMMAND);
        embedded_reply(embedded, out,
                       sasl ? "500 5.5.6 Line too long, authentication ended"
                            : "500 5.5.2 Line too long");
    } else if (sasl) {
        embedded_sasl(embedded, line_reader_text(&embedded->line), out);
    } else {
        embedded_answer(embedded, line_reader_text(&embedded->line), out);
    }
    line_reader_forget(&embedded->line); // it may have been a password
}

// A line ends with LF, with or without its CR: what a client means by a bare LF is clear enough in
// a command.
static size_t take_line(struct embedded *embedded, struct slice bytes, struct buf *out) {
    struct slice rest = bytes;
    struct slice spill;
    enum line_step step = LINE_SPILL;
    while (step == LINE_SPILL) {
        step = line_reader_feed(&embedded->line, &spill, &rest);
    }
    if (step == LINE_WHOLE) {
        answer_line(embedded, out);
    }
    return bytes.len - rest.len;
}

static size_t take(struct embedded *embedded, struct slice bytes, struct buf *out) {
    switch (embedded->expects) {
    case EXPECT_COMMAND:
    case EXPECT_SASL:
        return take_line(embedded, bytes, out);
    case EXPECT_TEXT:
        return embedded_text(embedded, bytes, out);
    case EXPECT_CHUNK:
        return embedded_chunk(embedded, bytes, out);
    case EXPECT_TLS:
        return bytes.len; // dropped
    case EXPECT_OFFER:
    case EXPECT_NOTHING:
        break;
    }
    return 0;
}

size_t embedded_feed(struct embedded *embedded, struct slice bytes, struct buf *out,
                     int64_t at_ns) {
    size_t taken = 0;
    embedded->now_ns = at_ns;
    if (embedded->expects == EXPECT_OFFER) {
        embedded_go_on_with_offer(embedded, out);
    }
    while (taken < bytes.len && embedded_has_room(embedded, out)) {
        size_t len = take(embedded, slice_from(bytes, taken), out);
        if (len == 0) {
            break;
        }
        taken += len;
    }
    return taken;
}
