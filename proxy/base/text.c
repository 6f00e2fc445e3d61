// SPDX-License-Identifier: MIT
#include "base/text.h"

#include "base/limits.h"

#include <string.h>

uint8_t text_lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

uint8_t text_upper(uint8_t byte) {
    return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - ('a' - 'A')) : byte;
}

bool text_is_alpha(uint8_t byte) {
    uint8_t lower = text_lower(byte);
    return lower >= 'a' && lower <= 'z';
}

bool text_is_upper(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z';
}

bool text_is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

bool text_is_alnum(uint8_t byte) {
    return text_is_alpha(byte) || text_is_digit(byte);
}

bool text_is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

bool text_is_space(uint8_t byte) {
    return text_is_blank(byte) || byte == '\r' || byte == '\n';
}

int text_hex_value(uint8_t byte) {
    if (text_is_digit(byte)) {
        return byte - '0';
    }
    uint8_t lower = text_lower(byte);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool text_parse_u64(uint64_t *out, struct slice s, uint64_t max) {
    uint64_t value = 0;
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (!text_is_digit(s.data[i])) {
            return false;
        }
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (value > (max - digit) / 10 || digit > max) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

size_t text_write_u64(char out[static LIMIT_U64_DIGITS], uint64_t number) {
    char digits[LIMIT_U64_DIGITS];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

// The length that a first byte announces, 0 for a byte that begins nothing.
static size_t announced_length(uint8_t first) {
    if (first < 0xC2 || first > 0xF4) {
        return first < 0x80 ? 1 : 0;
    }
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// RFC 3629, table 3-7 of Unicode: the second byte's range depends on the first.
static bool may_follow(uint8_t first, uint8_t second) {
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return second >= low && second <= high;
}

size_t text_utf8_length(struct slice s) {
    size_t len = s.len == 0 ? 0 : announced_length(s.data[0]);
    if (len > s.len || (len > 1 && !may_follow(s.data[0], s.data[1]))) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((s.data[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool text_is_utf8(struct slice s) {
    while (s.len > 0) {
        size_t len = text_utf8_length(s);
        if (len == 0) {
            return false;
        }
        s = slice_from(s, len);
    }
    return true;
}

// Eight bytes at a time, since every byte of every message passes here.
bool text_is_ascii(struct slice s) {
    uint64_t seen = 0;
    size_t i = 0;
    for (; i + sizeof(seen) <= s.len; i += sizeof(seen)) {
        uint64_t word;
        memcpy(&word, s.data + i, sizeof(word));
        seen |= word;
    }
    for (; i < s.len; i++) {
        seen |= s.data[i];
    }
    return (seen & UINT64_C(0x8080808080808080)) == 0;
}

struct slice text_cut(struct slice text, size_t max) {
    if (text.len <= max) {
        return text;
    }
    while (max > 0 && (text.data[max] & 0xC0) == 0x80) {
        max--;
    }
    return slice_sub(text, 0, max);
}

uint32_t text_code_point(struct slice character) {
    static const uint8_t lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = character.data[0] & lead[character.len];
    for (size_t i = 1; i < character.len; i++) {
        point = point << 6 | (character.data[i] & 0x3F);
    }
    return point;
}

bool text_is_treacherous(struct slice character) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},       {0x7F, 0x9F},     // C0, DEL, C1
        {0xAD, 0xAD},       {0x34F, 0x34F},   // soft hyphen, grapheme joiner
        {0x61C, 0x61C},     {0x180E, 0x180E}, // Arabic letter mark, Mongolian separator
        {0x200B, 0x200F},   {0x2028, 0x202E}, // zero width, marks; separators, embeddings
        {0x2060, 0x206F},   {0xFEFF, 0xFEFF}, // joiners, isolates; byte order mark
        {0xFFF9, 0xFFFB},                     // annotations
        {0xE0000, 0xE007F},                   // tags
    };
    uint32_t point = text_code_point(character);
    size_t i = 0;
    while (i < sizeof(ranges) / sizeof(ranges[0]) && point > ranges[i].last) {
        i++; // they are in order
    }
    return i < sizeof(ranges) / sizeof(ranges[0]) && point >= ranges[i].first;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

static inline bool is_plain(uint8_t byte, bool quoted) {
    return byte >= 0x20 && byte < 0x7F && !(quoted && (byte == '"' || byte == '\\'));
}

// The length of the character at the start of `s` where it is shown as it is, otherwise 0.
static inline size_t length_as_it_is(struct slice s, bool quoted) {
    if (s.data[0] < 0x80) {
        return is_plain(s.data[0], quoted) ? 1 : 0;
    }
    size_t len = text_utf8_length(s);
    return len > 0 && text_is_treacherous(slice_of(s.data, len)) ? 0 : len;
}

// The highest bit of each byte that is zero, and perhaps of some after the first of them.
static inline uint64_t zero_bytes(uint64_t word) {
    return (word - EACH_BYTE) & ~word & EACH_BYTE << 7;
}

// Whether all eight bytes are plain.
static inline bool are_plain(uint64_t word, bool quoted) {
    uint64_t odd = word | (word - EACH_BYTE * 0x20) | (word + EACH_BYTE);
    if (quoted) {
        odd |= zero_bytes(word ^ EACH_BYTE * '"') | zero_bytes(word ^ EACH_BYTE * '\\');
    }
    return (odd & EACH_BYTE << 7) == 0;
}

static size_t plain_run(struct slice s, bool quoted) {
    size_t at = 0;
    uint64_t word;
    for (; at + sizeof(word) <= s.len; at += sizeof(word)) {
        memcpy(&word, s.data + at, sizeof(word));
        if (!are_plain(word, quoted)) {
            break;
        }
    }
    while (at < s.len && is_plain(s.data[at], quoted)) {
        at++;
    }
    return at;
}

static size_t run_as_it_is(struct slice s, bool quoted) {
    size_t at = 0;
    size_t len = 1;
    while (at < s.len && len > 0) {
        at += plain_run(slice_from(s, at), quoted);
        len = at < s.len ? length_as_it_is(slice_of(s.data + at, s.len - at), quoted) : 0;
        at += len;
    }
    return at;
}

enum { HEX_ESCAPE = 4, UTF8_LONGEST = 4 }; // bytes

static inline void write_hex(char *out, uint8_t byte) {
    static const char digits[] = "0123456789ABCDEF";
    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[byte >> 4];
    out[3] = digits[byte & 15];
}

// Writes the control characters that begin `s`, as many as `max` bytes hold: of a run of escapes
// most are such. Returns how many.
static inline size_t write_controls(char *out, size_t max, struct slice s) {
    size_t at = 0;
    while (at < s.len && at < max / HEX_ESCAPE && (s.data[at] < 0x20 || s.data[at] == 0x7F)) {
        write_hex(out + at * HEX_ESCAPE, s.data[at]);
        at++;
    }
    return at;
}

// Writes the first character of `s`; returns its length.
static size_t write_escape(char *out, size_t *out_len, struct slice s, bool quoted) {
    uint8_t byte = s.data[0];
    if (quoted && (byte == '"' || byte == '\\')) {
        out[0] = '\\';
        out[1] = (char)byte;
        *out_len = 2;
        return 1;
    }
    size_t len = text_utf8_length(s);
    len = len == 0 ? 1 : len; // a byte that belongs to none
    for (size_t i = 0; i < len; i++) {
        write_hex(out + i * HEX_ESCAPE, s.data[i]);
    }
    *out_len = len * HEX_ESCAPE;
    return len;
}

// Appends the characters that begin `s` and are not shown as they are, some at a time, so that the
// buffer is asked once for many. Returns their length.
static size_t put_escapes(struct buf *out, struct slice s, bool quoted) {
    char escapes[LIMIT_ESCAPES_AT_ONCE];
    size_t at = write_controls(escapes, sizeof(escapes), s);
    size_t len = at * HEX_ESCAPE;
    while (at < s.len && len + HEX_ESCAPE * UTF8_LONGEST <= sizeof(escapes) &&
           length_as_it_is(slice_from(s, at), quoted) == 0) {
        size_t written = 0;
        at += write_escape(escapes + len, &written, slice_from(s, at), quoted);
        len += written;
    }
    buf_put(out, slice_of(escapes, len));
    return at;
}

static void put_visible(struct buf *out, struct slice s, bool quoted) {
    while (s.len > 0) {
        size_t len = run_as_it_is(s, quoted);
        buf_put(out, slice_of(s.data, len));
        s = slice_from(s, len);
        if (s.len > 0) {
            s = slice_from(s, put_escapes(out, s, quoted));
        }
    }
}

void text_escape(struct buf *out, struct slice s) {
    put_visible(out, s, true);
}

void text_put_printable(struct buf *out, struct slice s) {
    put_visible(out, s, false);
}

void text_put_hex(struct buf *out, struct slice s) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        buf_put_byte(out, (uint8_t)digits[s.data[i] >> 4]);
        buf_put_byte(out, (uint8_t)digits[s.data[i] & 15]);
    }
}
