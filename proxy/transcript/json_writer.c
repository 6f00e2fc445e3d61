// SPDX-License-Identifier: MIT
#include "transcript/json_writer.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

struct json_writer json_writer_on(struct buf *out, bool comma) {
    return (struct json_writer){.out = out, .comma = comma};
}

static void begin_value(struct json_writer *json) {
    if (json->comma) {
        buf_put_byte(json->out, ',');
    }
    json->comma = true;
}

void json_open(struct json_writer *json, char bracket) {
    begin_value(json);
    buf_put_byte(json->out, (uint8_t)bracket);
    json->comma = false;
}

void json_open_line(struct json_writer *json, char bracket) {
    begin_value(json);
    buf_put_byte(json->out, '\n');
    buf_put_byte(json->out, (uint8_t)bracket);
    json->comma = false;
}

void json_close(struct json_writer *json, char bracket) {
    buf_put_byte(json->out, (uint8_t)bracket);
    json->comma = true;
}

// Keys are a third of all that is written, so each is put in one go.
void json_key(struct json_writer *json, const char *key) {
    uint8_t text[JSON_KEY_MAX + sizeof(",\"\":")];
    struct slice name = slice_of_string(key);
    size_t at = 0;
    assert(name.len <= JSON_KEY_MAX);
    if (json->comma) {
        text[at++] = ',';
    }
    text[at++] = '"';
    memcpy(text + at, name.data, name.len);
    at += name.len;
    text[at++] = '"';
    text[at++] = ':';
    buf_put(json->out, slice_of(text, at));
    json->comma = false;
}

static void put_raw(struct json_writer *json, struct slice value) {
    begin_value(json);
    buf_put(json->out, value);
}

void json_null(struct json_writer *json) {
    put_raw(json, SLICE("null"));
}

void json_bool(struct json_writer *json, bool value) {
    put_raw(json, value ? SLICE("true") : SLICE("false"));
}

void json_uint(struct json_writer *json, uint64_t value) {
    begin_value(json);
    buf_put_u64(json->out, value);
}

void json_ms(struct json_writer *json, int64_t us) {
    int64_t fraction = us % 1000;
    if (us < 0) {
        json_uint(json, 0); // a time never is; a number all the same
        return;
    }
    json_uint(json, (uint64_t)(us / 1000));
    if (fraction > 0) {
        uint8_t digits[] = {'.', (uint8_t)('0' + fraction / 100),
                            (uint8_t)('0' + fraction / 10 % 10), (uint8_t)('0' + fraction % 10)};
        size_t len = fraction % 100 == 0 ? 2 : fraction % 10 == 0 ? 3 : 4;
        buf_put(json->out, slice_of(digits, len));
    }
}

enum { LONGEST_ESCAPE = 12 }; // a surrogate pair

static const struct slice REPLACEMENT = SLICE_INIT("\xEF\xBF\xBD"); // U+FFFD

// The length of the character at the start of `s`; 0 where JSON cannot hold it.
static size_t character_length(struct slice s) {
    return s.data[0] < 0x80 ? s.data[0] != '\0' : text_utf8_length(s);
}

static inline bool is_plain(uint8_t byte) {
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

// Whether one of eight bytes is not plain. True for some that are all plain too, never false for
// others; so it is enough to look closer where it is true.
static inline bool has_odd(const uint8_t *bytes) {
    const uint64_t each = UINT64_C(0x0101010101010101);
    const uint64_t tops = each << 7;
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    uint64_t quote = word ^ each * '"';
    uint64_t backslash = word ^ each * '\\';
    // Less than 0x20 borrows into the top bit; so does what is 0 where it is equal.
    uint64_t odd =
        (word - each * 0x20) | (quote - each) | (backslash - each) | (word + each) | word;
    return (odd & tops) != 0;
}

// The length of the character at the start of `s` where it is written as it is, otherwise 0.
static inline size_t length_as_it_is(struct slice s) {
    if (is_plain(s.data[0])) {
        return 1;
    }
    size_t len = s.data[0] < 0x80 ? 0 : text_utf8_length(s);
    return len > 0 && text_is_treacherous(slice_of(s.data, len)) ? 0 : len;
}

static size_t run_as_it_is(struct slice text) {
    size_t at = 0;
    size_t len = 1;
    while (at < text.len && len > 0) {
        while (text.len - at >= sizeof(uint64_t) && !has_odd(text.data + at)) {
            at += sizeof(uint64_t);
        }
        while (at < text.len && is_plain(text.data[at])) {
            at++;
        }
        len = at < text.len ? length_as_it_is(slice_of(text.data + at, text.len - at)) : 0;
        at += len;
    }
    return at;
}

static size_t write_unit(char *out, uint32_t unit) {
    static const char digits[] = "0123456789abcdef";
    const char escape[] = {'\\',
                           'u',
                           digits[unit >> 12],
                           digits[unit >> 8 & 15],
                           digits[unit >> 4 & 15],
                           digits[unit & 15]};
    memcpy(out, escape, sizeof(escape));
    return sizeof(escape);
}

static size_t write_code_point(char *out, uint32_t point) {
    if (point <= 0xFFFF) {
        return write_unit(out, point);
    }
    size_t len = write_unit(out, 0xD800 + ((point - 0x10000) >> 10)); // RFC 8259 7
    return len + write_unit(out + len, 0xDC00 + ((point - 0x10000) & 0x3FF));
}

// Writes the form in a JSON string of one character that is not written as it is; an empty one
// is a byte that JSON cannot hold. Returns how many bytes that took.
static size_t write_escape(char out[static LONGEST_ESCAPE], struct slice character) {
    static const char shorts[0x80] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                      ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    if (character.len == 0) {
        memcpy(out, REPLACEMENT.data, REPLACEMENT.len);
        return REPLACEMENT.len;
    }
    if (character.len > 1 || shorts[character.data[0]] == 0) {
        return write_code_point(out, text_code_point(character));
    }
    out[0] = '\\';
    out[1] = shorts[character.data[0]];
    return 2;
}

// Appends what is not written as it is and begins `text`, some at a time, so that the buffer is
// asked once for many. Returns its length in `text`.
static size_t put_escapes(struct buf *out, struct slice text, bool *holds) {
    char escapes[LIMIT_ESCAPES_AT_ONCE];
    size_t len = 0;
    size_t at = 0;
    do {
        struct slice rest = slice_of(text.data + at, text.len - at);
        size_t character = character_length(rest);
        len += write_escape(escapes + len, slice_of(rest.data, character));
        *holds = *holds && character > 0;
        at += character == 0 ? 1 : character;
    } while (at < text.len && len + LONGEST_ESCAPE <= sizeof(escapes) &&
             length_as_it_is(slice_of(text.data + at, text.len - at)) == 0);
    buf_put(out, slice_of(escapes, len));
    return at;
}

bool json_text(struct json_writer *json, struct slice text) {
    bool holds = true;
    if (slice_is_null(text)) {
        json_null(json);
        return true;
    }
    begin_value(json);
    buf_put_byte(json->out, '"');
    while (text.len > 0) {
        size_t len = run_as_it_is(text);
        buf_put(json->out, slice_sub(text, 0, len));
        text = slice_from(text, len);
        if (text.len > 0) {
            text = slice_from(text, put_escapes(json->out, text, &holds));
        }
    }
    buf_put_byte(json->out, '"');
    return holds;
}

void json_put_shown(struct buf *out, struct slice text) {
    while (text.len > 0) {
        size_t len = character_length(text);
        buf_put(out, len == 0 ? REPLACEMENT : slice_sub(text, 0, len));
        text = slice_from(text, len == 0 ? 1 : len);
    }
}

void json_string(struct json_writer *json, const char *string) {
    json_text(json, slice_of_string(string));
}

void json_base64(struct json_writer *json, struct slice bytes) {
    begin_value(json);
    buf_put_byte(json->out, '"');
    base64_encode(json->out, bytes);
    buf_put_byte(json->out, '"');
}

void json_member_bool(struct json_writer *json, const char *key, bool value) {
    json_key(json, key);
    json_bool(json, value);
}

void json_member_uint(struct json_writer *json, const char *key, uint64_t value) {
    json_key(json, key);
    json_uint(json, value);
}

bool json_member_text(struct json_writer *json, const char *key, struct slice text) {
    json_key(json, key);
    return json_text(json, text);
}

void json_member_string(struct json_writer *json, const char *key, const char *string) {
    json_key(json, key);
    json_string(json, string);
}

void json_member_exact(struct json_writer *json, const char *name, struct slice text) {
    begin_value(json);
    buf_put_byte(json->out, '"');
    buf_put_string(json->out, name);
    buf_put(json->out, SLICE("_base64\":"));
    json->comma = false;
    json_base64(json, text);
}

// The most that the character at the start of `s` takes, which is not written as it is; its length
// in bytes, 0 where JSON does not hold it.
static size_t escape_size(struct slice s, size_t *out_len) {
    *out_len = character_length(s);
    return *out_len == 0 ? 3 : *out_len == 4 ? LONGEST_ESCAPE : LONGEST_ESCAPE / 2;
}

size_t json_text_size(struct slice text) {
    size_t size = 0;
    bool holds = true;
    for (struct slice rest = text; rest.len > 0;) {
        size_t len = run_as_it_is(rest);
        size += len;
        if (len == 0) {
            size += escape_size(rest, &len);
            holds = holds && len > 0;
            len = len == 0 ? 1 : len;
        }
        rest = slice_from(rest, len);
    }
    return holds ? size : size + (text.len + 2) / 3 * 4;
}
