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

static bool is_port(struct slice word) {
    uint64_t number;
    return text_parse_u64(&number, word, UINT16_MAX);
}

// What comes after the host or the user name: all after its colon, the null slice where it has
// none.
static struct slice after_name(struct slice authority) {
    struct slice rest = authority;
    if (slice_starts_with(authority, SLICE("["))) { // an IPv6 address
        slice_split(&rest, ']');
    }
    slice_split(&rest, ':');
    return rest;
}

// A URL has its authority after the slashes.
static size_t authority_begin(struct slice before) {
    size_t scheme_end = slice_find(before, SLICE("://"));
    return scheme_end == SLICE_NONE ? 0 : scheme_end + sizeof("://") - 1;
}

bool userinfo_find(struct userinfo *out, struct slice word) {
    *out = (struct userinfo){.at = slice_find_last_byte(word, '@')};
    if (out->at == SLICE_NONE) {
        return false;
    }
    struct slice before = slice_sub(word, 0, out->at);
    out->name = authority_begin(before);
    struct slice authority = slice_from(before, out->name);
    struct slice password = after_name(authority);
    bool has_at = slice_find_byte(authority, '@') != SLICE_NONE;
    out->secret = slice_is_null(password) && has_at ? out->name : out->at - password.len;
    return has_at || (password.len > 0 && !is_port(password));
}

static void put_word(struct buf *out, struct slice word) {
    struct userinfo userinfo;
    if (userinfo_find(&userinfo, word)) {
        buf_put(out, slice_sub(word, 0, userinfo.secret));
        buf_put_string(out, "********");
        word = slice_from(word, userinfo.at);
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
