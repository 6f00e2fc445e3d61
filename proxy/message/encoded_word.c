// SPDX-License-Identifier: MIT
#include "message/encoded_word.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "message/charset.h"

struct word {
    struct slice whole; // =?charset?X?text?=
    struct slice charset;
    bool base64;
    struct slice text;
};

// Reads the word that begins at the start of `s`.
static bool read_word(struct word *out, struct slice s) {
    if (!slice_starts_with(s, SLICE("=?"))) {
        return false;
    }
    struct slice rest = slice_sub(s, 2, LIMIT_ENCODED_WORD);
    struct slice charset = slice_split(&rest, '?');
    struct slice encoding = slice_split(&rest, '?');
    size_t end = slice_find(rest, SLICE("?="));
    bool q = slice_is_nocase(encoding, "Q");
    bool b = slice_is_nocase(encoding, "B");
    if (charset.len == 0 || end == SLICE_NONE || (!q && !b) ||
        slice_find_byte(charset, ' ') != SLICE_NONE) {
        return false;
    }
    // RFC 2231 5: a language may follow the charset.
    *out = (struct word){
        .charset = slice_split(&charset, '*'), .base64 = b, .text = slice_sub(rest, 0, end)};
    out->whole = slice_sub(s, 0, (size_t)(rest.data - s.data) + end + 2);
    return true;
}

// The byte that `=XX` means, given the place of its `=`; -1 where it is not of that form.
static int hex_byte(struct slice text, size_t at) {
    int high = at + 2 < text.len ? text_hex_value(text.data[at + 1]) : -1;
    int low = at + 2 < text.len ? text_hex_value(text.data[at + 2]) : -1;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool decode_q(struct buf *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        int meant = byte == '=' ? hex_byte(text, i) : byte == '_' ? ' ' : byte;
        if (meant < 0) {
            return false;
        }
        buf_put_byte(out, (uint8_t)meant);
        i += byte == '=' ? 2 : 0;
    }
    return true;
}

static bool decode_bytes(struct buf *out, const struct word *word) {
    return word->base64 ? base64_decode(out, word->text) : decode_q(out, word->text);
}

// The word after `s` that only white space parts from it.
static bool read_next_word(struct word *out, struct slice s, size_t *out_space) {
    struct slice rest = slice_trim_left(s);
    *out_space = s.len - rest.len;
    return read_word(out, rest);
}

// Decodes the run of words of one charset that begins with `word`. Returns how many bytes of `s` it
// takes, 0 where it does not decode.
static size_t decode_run(struct buf *out, struct slice s, struct word word, bool joined) {
    struct buf bytes;
    buf_init(&bytes, LIMIT_ENCODED_WORDS);
    struct slice charset = word.charset;
    size_t used = 0;
    size_t space = 0;
    do {
        size_t before = buf_len(&bytes);
        if (!decode_bytes(&bytes, &word)) {
            buf_truncate(&bytes, before);
            break;
        }
        used += space + word.whole.len;
    } while (joined && read_next_word(&word, slice_from(s, used), &space) &&
             slice_equal_nocase(word.charset, charset));
    bool fine = used > 0 && charset_decode(out, charset, buf_slice(&bytes));
    buf_cleanup(&bytes);
    return fine ? used : 0;
}

static bool is_space(struct slice s) {
    return slice_trim(s).len == 0;
}

void encoded_word_decode(struct buf *out, struct slice text) {
    bool behind_word = false;
    bool join = true;
    while (text.len > 0) {
        size_t start = slice_find(text, SLICE("=?"));
        struct slice gap = slice_sub(text, 0, start);
        text = slice_from(text, gap.len);
        struct word word;
        size_t used = 0;
        size_t gap_at = buf_len(out);
        if (!(behind_word && start != SLICE_NONE && is_space(gap))) {
            buf_put(out, gap);
        }
        if (read_word(&word, text)) {
            // Where a run is broken as a whole, words are decoded one by one from there on.
            used = decode_run(out, text, word, join);
            join = join && used > 0;
            used = used > 0 ? used : decode_run(out, text, word, false);
        }
        behind_word = used > 0;
        if (used == 0) {
            buf_truncate(out, gap_at);
            buf_put(out, gap);
            used = text.len < 2 ? text.len : 2;
            buf_put(out, slice_sub(text, 0, used));
        }
        text = slice_from(text, used);
    }
}
