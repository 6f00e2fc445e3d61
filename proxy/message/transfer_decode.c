// SPDX-License-Identifier: MIT
#include "message/transfer_decode.h"

#include "base/text.h"

// ── base64 ──────────────────────────────────────────────────────────────────────────────────────

// The six bits of a character; -1 where it is none of the alphabet.
static int sextet(uint8_t byte) {
    if (byte >= 'A' && byte <= 'Z') {
        return byte - 'A';
    }
    if (byte >= 'a' && byte <= 'z') {
        return byte - 'a' + 26;
    }
    if (text_is_digit(byte)) {
        return byte - '0' + 52;
    }
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

static void decode_base64(struct buf *out, struct slice text) {
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int six = sextet(text.data[i]);
        if (text.data[i] == '=') {
            count = 0; // what comes after it is another run
        }
        if (six < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)six;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_put_byte(out, (uint8_t)(bits >> count));
        }
    }
}

// ── quoted-printable ────────────────────────────────────────────────────────────────────────────

// The length of the line end at the start of `s`, white space in front of it included; 0 where
// there is none.
static size_t line_end(struct slice s) {
    size_t i = 0;
    while (i < s.len && text_is_blank(s.data[i])) {
        i++;
    }
    i += i < s.len && s.data[i] == '\r' ? 1 : 0;
    return i < s.len && s.data[i] == '\n' ? i + 1 : 0;
}

// What comes after a `=`; returns how many bytes were taken.
static size_t take_escape(struct buf *out, struct slice after) {
    size_t soft = line_end(after);
    int high = after.len > 1 ? text_hex_value(after.data[0]) : -1;
    int low = after.len > 1 ? text_hex_value(after.data[1]) : -1;
    if (soft > 0) {
        return soft;
    }
    if (high >= 0 && low >= 0) {
        buf_put_byte(out, (uint8_t)(high * 16 + low));
        return 2;
    }
    buf_put_byte(out, '=');
    return 0;
}

static void decode_quoted_printable(struct buf *out, struct slice text) {
    while (text.len > 0) {
        size_t equals = slice_find_byte(text, '=');
        buf_put(out, slice_sub(text, 0, equals));
        if (equals == SLICE_NONE) {
            return;
        }
        text = slice_from(text, equals + 1);
        text = slice_from(text, take_escape(out, text));
    }
}

void transfer_decode(struct buf *out, enum transfer_encoding encoding, struct slice text) {
    switch (encoding) {
    case TRANSFER_PLAIN:
        buf_put(out, text);
        return;
    case TRANSFER_BASE64:
        decode_base64(out, text);
        return;
    case TRANSFER_QUOTED_PRINTABLE:
        decode_quoted_printable(out, text);
        return;
    }
}
