// SPDX-License-Identifier: MIT
#include "transcript/json_writer.h"

#include "base/digest.h"
#include "base/text.h"

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

void json_key(struct json_writer *json, const char *key) {
    begin_value(json);
    buf_put_byte(json->out, '"');
    buf_put_string(json->out, key);
    buf_put(json->out, SLICE("\":"));
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
    uint8_t digits[20];
    size_t start = sizeof(digits);
    do {
        digits[--start] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put_raw(json, slice_of(digits + start, sizeof(digits) - start));
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

// Bytes that are written in a JSON string as they are.
static size_t plain_run(struct slice s) {
    size_t len = 0;
    while (len < s.len && s.data[len] >= 0x20 && s.data[len] < 0x7F && s.data[len] != '"' &&
           s.data[len] != '\\') {
        len++;
    }
    return len;
}

static void put_unit(struct buf *out, uint32_t unit) {
    buf_putf(out, "\\u%04x", (unsigned)unit);
}

static void put_code_point(struct buf *out, uint32_t point) {
    if (point > 0xFFFF) { // a surrogate pair, RFC 8259 7
        put_unit(out, 0xD800 + ((point - 0x10000) >> 10));
        put_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
        put_unit(out, point);
    }
}

static void put_escaped(struct buf *out, uint8_t byte) {
    static const char shorts[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char letter = byte < 0x20 ? shorts[byte] : 0;
    if (byte == '"' || byte == '\\') {
        letter = (char)byte;
    }
    if (letter == 0) {
        put_unit(out, byte);
        return;
    }
    buf_put_byte(out, '\\');
    buf_put_byte(out, (uint8_t)letter);
}

// The length of the character at the start of `s`; 0 where JSON cannot hold it.
static size_t character_length(struct slice s) {
    return s.data[0] == '\0' ? 0 : text_utf8_length(s);
}

// Appends the character at the start of `s`, which is not a plain one, and returns its length.
static size_t put_character(struct buf *out, struct slice s) {
    size_t len = character_length(s);
    if (len == 0) {
        buf_put(out, SLICE("\xEF\xBF\xBD"));
        return 1;
    }
    struct slice character = slice_sub(s, 0, len);
    if (len == 1) {
        put_escaped(out, s.data[0]);
    } else if (text_is_treacherous(character)) {
        put_code_point(out, text_code_point(character));
    } else {
        buf_put(out, character);
    }
    return len;
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
        size_t len = plain_run(text);
        if (len > 0) {
            buf_put(json->out, slice_sub(text, 0, len));
        } else {
            holds = holds && character_length(text) > 0;
            len = put_character(json->out, text);
        }
        text = slice_from(text, len);
    }
    buf_put_byte(json->out, '"');
    return holds;
}

void json_put_shown(struct buf *out, struct slice text) {
    while (text.len > 0) {
        size_t len = character_length(text);
        buf_put(out, len == 0 ? SLICE("\xEF\xBF\xBD") : slice_sub(text, 0, len));
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

// What the character at the start of `s`, which is not a plain one, takes; its length in bytes, 0
// where JSON does not hold it.
static size_t character_size(struct slice s, size_t *out_len) {
    *out_len = character_length(s);
    if (*out_len > 1 && text_is_treacherous(slice_sub(s, 0, *out_len))) {
        return *out_len == 4 ? 12 : 6;
    }
    return *out_len == 0 ? 3 : *out_len == 1 ? 6 : *out_len;
}

size_t json_text_size(struct slice text) {
    size_t size = 0;
    bool holds = true;
    for (struct slice rest = text; rest.len > 0;) {
        size_t len = plain_run(rest);
        size += len;
        if (len == 0) {
            size += character_size(rest, &len);
            holds = holds && len > 0;
            len = len == 0 ? 1 : len;
        }
        rest = slice_from(rest, len);
    }
    return holds ? size : size + (text.len + 2) / 3 * 4;
}
