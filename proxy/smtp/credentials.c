// SPDX-License-Identifier: MIT
#include "smtp/credentials.h"

#include "base/limits.h"
#include "base/text.h"
#include "smtp/command_parse.h"
#include "smtp/sasl_mechanism.h"

#include <assert.h>

// ── AUTH ────────────────────────────────────────────────────────────────────────────────────────

static bool is_mechanism_byte(uint8_t byte) {
    return text_is_alnum(byte) || byte == '-' || byte == '_' || byte == '.';
}

// A word in mixed case that is no known mechanism is more likely base64.
bool credentials_is_mechanism(struct slice word) {
    if (word.len == 0 || word.len > LIMIT_MECHANISM) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (!is_mechanism_byte(word.data[i])) {
            return false;
        }
    }
    return command_has_case_of_words(word) || sasl_mechanism_find(word) != SASL_MECHANISM_UNKNOWN;
}

// The secret goes from the first byte after the mechanism that is not blank to the end.
static size_t find_in_auth(struct span *out, struct slice line, bool cut) {
    struct slice mechanism;
    struct slice rest;
    command_auth_parts(&mechanism, &rest, line);
    if (!slice_is_null(mechanism) && !credentials_is_mechanism(mechanism)) {
        rest = mechanism;
    }
    if (slice_is_null(rest) && !cut) {
        return 0;
    }
    size_t from = slice_is_null(rest) ? line.len : (size_t)(rest.data - line.data);
    *out = (struct span){from, line.len - from};
    return 1;
}

// ── values after a key ───────────────────────────────────────────────────────────────────────────

// Marks the value of each `key` up to the next blank. Where there are more than can be marked, the
// last mark covers all that is left.
static size_t find_values(struct span out[LIMIT_SPANS], struct slice line, struct slice key) {
    size_t count = 0;
    size_t at = 0;
    for (;;) {
        size_t found = slice_find_nocase(slice_from(line, at), key);
        if (found == SLICE_NONE) {
            return count;
        }
        at += found + key.len;
        struct slice rest = slice_from(line, at);
        size_t len = slice_take_word(&rest).len;
        if (count + 1 == LIMIT_SPANS) {
            len = line.len - at;
        }
        out[count++] = (struct span){at, len};
        at += len;
        if (count == LIMIT_SPANS) {
            return count;
        }
    }
}

// What was cut off may hold such a value too: then the mark goes on to the end.
static size_t cover_cut(struct span out[LIMIT_SPANS], size_t count, struct slice line) {
    if (count > 0 && out[count - 1].offset + out[count - 1].len == line.len) {
        return count;
    }
    assert(count < LIMIT_SPANS); // the last of so many goes to the end
    out[count] = (struct span){line.len, 0};
    return count + 1;
}

// XCLIENT or XFORWARD, in a place and among blanks where some server may take it for a command: at
// the line's beginning or after a bare CR.
static bool holds_login(struct slice line) {
    while (!slice_is_null(line)) {
        struct slice part = slice_split(&line, '\r');
        while (part.len > 0 && (part.data[0] <= ' ' || part.data[0] >= 0x7F)) {
            part = slice_from(part, 1);
        }
        if (slice_starts_with_nocase(part, SLICE("XCLIENT")) ||
            slice_starts_with_nocase(part, SLICE("XFORWARD"))) {
            return true;
        }
    }
    return false;
}

static size_t find_in_command(struct span out[LIMIT_SPANS], struct slice line, bool cut) {
    struct slice word = command_word(line);
    if (word.len == 0) { // Blanks so far: AUTH may be what was cut off.
        out[0] = (struct span){line.len, 0};
        return cut ? 1 : 0;
    }
    enum verb verb = verb_find(word);
    bool login = holds_login(line);
    size_t count = login ? find_values(out, line, SLICE("LOGIN="))
                         : find_values(out, line, SLICE(";URLAUTH="));
    bool may_go_on = login || verb == VERB_BURL;
    return cut && may_go_on ? cover_cut(out, count, line) : count;
}

// AUTH after a bare CR: its mark goes to the end of the line.
static size_t add_hidden_auth(struct span out[LIMIT_SPANS], size_t count, struct slice line,
                              size_t at, bool cut) {
    struct span mark;
    if (find_in_auth(&mark, slice_from(line, at), cut) == 0) {
        return count;
    }
    mark.offset += at;
    if (count == LIMIT_SPANS) {
        out[count - 1].len = line.len - out[count - 1].offset;
        return count;
    }
    out[count] = mark;
    return count + 1;
}

size_t credentials_find(struct span out[LIMIT_SPANS], struct slice line, bool cut) {
    if (command_is_auth_like(line)) {
        return find_in_auth(out, line, cut);
    }
    size_t hidden = command_find_hidden_auth(line);
    if (hidden == SLICE_NONE) {
        return find_in_command(out, line, cut);
    }
    size_t count = find_in_command(out, slice_sub(line, 0, hidden), false);
    return add_hidden_auth(out, count, line, hidden, cut);
}
