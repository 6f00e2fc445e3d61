// SPDX-License-Identifier: MIT
#include "cli/userinfo.h"

#include "base/text.h"

#include <string.h>

static bool closes_quote(struct slice rest) {
    return rest.data[0] == '\'' && (rest.len == 1 || strchr(" ,;.:)", rest.data[1]) != NULL);
}

// With both quotes: the second one begins nothing.
static size_t quoted_len(struct slice text) {
    size_t len = 1;
    while (len < text.len && !closes_quote(slice_from(text, len))) {
        len++;
    }
    return len < text.len ? len + 1 : len;
}

static size_t word_len(struct slice text) {
    size_t blank = slice_find_byte(text, ' ');
    size_t len = blank == SLICE_NONE ? text.len : blank + 1;
    return text.data[0] == '\'' ? quoted_len(text) : len;
}

static size_t last_at(struct slice word) {
    size_t at = word.len;
    while (at > 0 && word.data[at - 1] != '@') {
        at--;
    }
    return at == 0 ? SLICE_NONE : at - 1;
}

static bool is_port(struct slice word) {
    uint64_t number;
    return text_parse_u64(&number, word, UINT16_MAX);
}

// What may be a password in `before`, which an `@` follows.
static struct slice find_password(struct slice before) {
    size_t slashes = slice_find(before, SLICE("//"));
    struct slice authority = slashes == SLICE_NONE ? before : slice_from(before, slashes + 2);
    bool bracketed = slice_starts_with(authority, SLICE("[")); // an IPv6 address
    size_t colon = slice_find_byte(authority, ':');
    if (bracketed || colon == SLICE_NONE) {
        return SLICE("");
    }
    struct slice password = slice_from(authority, colon + 1);
    return is_port(password) ? SLICE("") : password;
}

static void put_word(struct buf *out, struct slice word) {
    size_t at = last_at(word);
    struct slice before = at == SLICE_NONE ? SLICE("") : slice_sub(word, 0, at);
    struct slice password = find_password(before);
    if (password.len > 0) {
        buf_put(out, slice_sub(before, 0, before.len - password.len));
        buf_put_string(out, "********");
        word = slice_from(word, at);
    }
    buf_put(out, word);
}

void userinfo_put_hidden(struct buf *out, struct slice sentence) {
    while (sentence.len > 0) {
        size_t len = word_len(sentence);
        put_word(out, slice_sub(sentence, 0, len));
        sentence = slice_from(sentence, len);
    }
}
