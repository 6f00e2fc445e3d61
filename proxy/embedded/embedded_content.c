// SPDX-License-Identifier: MIT
// The message: text after DATA (RFC 5321 4.5.2), chunks after BDAT (RFC 3030). None of it is kept,
// so it may be of any length.
#include "embedded/embedded_state.h"

#include "base/limits.h"

#include <stdio.h>

static void end_message(struct embedded *embedded, struct buf *out) {
    char taken[EMBEDDED_LINE_MAX];
    (void)snprintf(taken, sizeof(taken), "250 2.0.0 Ok, %llu bytes taken and not delivered",
                   (unsigned long long)embedded->message_bytes);
    bool too_big = embedded->message_bytes > embedded_size_max(embedded);
    embedded_reply(embedded, out, too_big ? "552 5.3.4 Message too big" : taken);
    embedded_forget_mail(embedded);
    embedded_expect(embedded, EXPECT_COMMAND);
}

// ── DATA ────────────────────────────────────────────────────────────────────────────────────────

void embedded_data(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (command->argument.len > 0) {
        embedded_reply(embedded, out, "501 5.5.4 DATA takes no argument");
    } else if (!embedded->has_mail) {
        embedded_reply(embedded, out, "503 5.5.1 MAIL first");
    } else if (embedded->recipients == 0) {
        embedded_reply(embedded, out, "503 5.5.1 RCPT first");
    } else if (embedded->has_chunks) {
        embedded_reply(embedded, out, "503 5.5.1 The message was begun with BDAT");
    } else {
        embedded_expect(embedded, EXPECT_TEXT);
        embedded->dot = DOT_LINE_START;
        embedded_reply(embedded, out, "354 Go ahead, end with <CRLF>.<CRLF>");
    }
}

static enum embedded_dot next_dot(enum embedded_dot dot, uint8_t byte) {
    if (byte == '\r') {
        return dot == DOT_DOT ? DOT_DOT_CR : DOT_CR;
    }
    if (byte == '\n' && dot == DOT_CR) {
        return DOT_LINE_START;
    }
    return byte == '.' && dot == DOT_LINE_START ? DOT_DOT : DOT_WITHIN_LINE;
}

// Bytes that cannot end a line: all up to the next CR.
static size_t run_within_line(struct slice bytes) {
    size_t cr = slice_find_byte(bytes, '\r');
    return cr == SLICE_NONE ? bytes.len : cr;
}

size_t embedded_text(struct embedded *embedded, struct slice bytes, struct buf *out) {
    size_t at = 0;
    while (at < bytes.len) {
        if (embedded->dot == DOT_WITHIN_LINE) {
            size_t run = run_within_line(slice_from(bytes, at));
            at += run;
            embedded->message_bytes += run;
        }
        if (at == bytes.len) {
            break;
        }
        uint8_t byte = bytes.data[at++];
        if (embedded->dot == DOT_DOT_CR && byte == '\n') {
            embedded->message_bytes--; // the CR after the dot was no part of it
            end_message(embedded, out);
            return at;
        }
        // The first dot of a line is the transport's, not the message's.
        embedded->message_bytes += embedded->dot == DOT_LINE_START && byte == '.' ? 0 : 1;
        embedded->dot = next_dot(embedded->dot, byte);
    }
    return at;
}

// ── BDAT ────────────────────────────────────────────────────────────────────────────────────────

// Why the chunk is not wanted, or NULL. It is read all the same: its bytes are no commands.
static const char *chunk_refusal(const struct embedded *embedded) {
    if (!embedded->has_mail) {
        return "503 5.5.1 MAIL first";
    }
    return embedded->recipients == 0 ? "503 5.5.1 RCPT first" : NULL;
}

static void end_chunk(struct embedded *embedded, struct buf *out) {
    const char *no = chunk_refusal(embedded);
    embedded_expect(embedded, EXPECT_COMMAND);
    if (no != NULL) {
        embedded_reply(embedded, out, no);
    } else if (embedded->chunk_last) {
        end_message(embedded, out);
    } else {
        embedded_reply(embedded, out, "250 2.0.0 Ok, more");
    }
}

// A size, and nothing after it but LAST.
static bool is_chunk(const struct command *command) {
    struct slice rest = command->argument;
    slice_split(&rest, ' ');
    return command->chunk_valid && command->chunk_len <= UINT64_MAX / 2 &&
           (command->chunk_last || slice_trim(rest).len == 0);
}

void embedded_bdat(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (!is_chunk(command)) {
        embedded_reply(embedded, out, "501 5.5.4 Syntax: BDAT size [LAST]");
        return;
    }
    embedded->chunk_left = command->chunk_len;
    embedded->chunk_last = command->chunk_last;
    if (chunk_refusal(embedded) == NULL) {
        embedded->has_chunks = true;
        embedded->message_bytes += embedded->chunk_left;
    }
    embedded_expect(embedded, EXPECT_CHUNK);
    if (embedded->chunk_left == 0) {
        end_chunk(embedded, out);
    }
}

size_t embedded_chunk(struct embedded *embedded, struct slice bytes, struct buf *out) {
    size_t len = embedded->chunk_left < bytes.len ? (size_t)embedded->chunk_left : bytes.len;
    embedded->chunk_left -= len;
    if (embedded->chunk_left == 0) {
        end_chunk(embedded, out);
    }
    return len;
}
