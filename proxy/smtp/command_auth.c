// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "base/text.h"
#include "event/sasl.h"
#include "smtp/command_parse.h"
#include "smtp/sasl_mechanism.h"

// Servers differ in what they skip or part words at, so any control character counts.
static bool is_blank(uint8_t byte) {
    return byte <= ' ' || byte == 0x7F;
}

static struct slice skip_blanks(struct slice s) {
    while (s.len > 0 && is_blank(s.data[0])) {
        s = slice_from(s, 1);
    }
    return s;
}

static struct slice take_word(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->data[len])) {
        len++;
    }
    struct slice word = slice_sub(*rest, 0, len);
    *rest = skip_blanks(slice_from(*rest, len));
    return word;
}

// What is left of the line from its first printable ASCII byte on.
static struct slice skip_to_word(struct slice line) {
    while (line.len > 0 && (is_blank(line.data[0]) || line.data[0] > 0x7F)) {
        line = slice_from(line, 1);
    }
    return line;
}

bool command_is_auth_like(struct slice line) {
    return sasl_command_len(skip_to_word(line)) > 0;
}

size_t command_find_hidden_auth(struct slice line) {
    size_t at = 0;
    for (;;) {
        size_t cr = slice_find_byte(slice_from(line, at), '\r');
        if (cr == SLICE_NONE) {
            return SLICE_NONE;
        }
        at += cr + 1;
        struct slice word = skip_to_word(slice_from(line, at));
        if (sasl_command_len(word) > 0) {
            return at;
        }
        at = line.len - word.len; // more CRs that were skipped lead to the same word
    }
}

// ── case ────────────────────────────────────────────────────────────────────────────────────────

static bool part_has_case_of_words(struct slice part) {
    bool upper = false;
    bool lower_after_first = true; // all after the first byte are lower-case letters
    bool lower = false;
    for (size_t i = 0; i < part.len; i++) {
        bool is_lower = text_is_alpha(part.data[i]) && !text_is_upper(part.data[i]);
        upper = upper || text_is_upper(part.data[i]);
        lower = lower || is_lower;
        lower_after_first = lower_after_first && (i == 0 || is_lower);
    }
    return !(upper && lower) || (text_is_upper(part.data[0]) && lower_after_first);
}

bool command_has_case_of_words(struct slice word) {
    while (word.len > 0) {
        if (!part_has_case_of_words(slice_split(&word, '-'))) {
            return false;
        }
    }
    return true;
}

// ── the parts ───────────────────────────────────────────────────────────────────────────────────

// Whether AUTH and `rest` make one longer word (`AUTHENTICATE`, `Authorization:`), and not AUTH and
// something stuck to it.
static bool goes_on_as_word(struct slice rest) {
    rest.len -= rest.len > 0 && rest.data[rest.len - 1] == ':' ? 1 : 0;
    for (size_t i = 0; i < rest.len; i++) {
        if (!text_is_alpha(rest.data[i]) && rest.data[i] != '-') {
            return false;
        }
    }
    return rest.len <= LIMIT_AUTH_WORD && command_has_case_of_words(rest) &&
           sasl_mechanism_find(rest) == SASL_MECHANISM_UNKNOWN;
}

void command_auth_parts(struct slice *out_mechanism, struct slice *out_rest, struct slice line) {
    struct slice rest = skip_to_word(line);
    rest = slice_from(rest, sasl_command_len(rest));
    bool stuck = rest.len > 0 && !is_blank(rest.data[0]) && rest.data[0] != '=';
    rest = skip_blanks(rest);
    if (rest.len > 0 && rest.data[0] == '=') {
        rest = skip_blanks(slice_from(rest, 1));
    }
    struct slice word = take_word(&rest);
    if (stuck && goes_on_as_word(word)) {
        word = take_word(&rest);
    }
    *out_mechanism = word.len > 0 ? word : (struct slice){0};
    *out_rest = rest.len > 0 ? rest : (struct slice){0};
}
