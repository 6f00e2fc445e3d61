// SPDX-License-Identifier: MIT
#include "base/text.h"

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
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static bool wants_backslash(uint8_t byte) {
    return byte == '"' || byte == '\\';
}

static size_t plain_run(struct slice s, bool quoted) {
    size_t len = 0;
    while (len < s.len && s.data[len] >= 0x20 && s.data[len] < 0x7F &&
           !(quoted && wants_backslash(s.data[len]))) {
        len++;
    }
    return len;
}

static void put_hidden(struct buf *out, struct slice s) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        const char escape[] = {'\\', 'x', digits[s.data[i] >> 4], digits[s.data[i] & 15]};
        buf_put(out, slice_of(escape, sizeof(escape)));
    }
}

// Its bytes need no look at what follows them.
static void put_ascii(struct buf *out, struct slice byte, bool quoted) {
    if (quoted && wants_backslash(byte.data[0])) {
        const char escape[] = {'\\', (char)byte.data[0]};
        buf_put(out, slice_of(escape, sizeof(escape)));
    } else {
        put_hidden(out, byte);
    }
}

// One character that is no plain one, or one byte that belongs to none. Returns its length.
static size_t put_character(struct buf *out, struct slice s, bool quoted) {
    enum { ASCII_END = 0x80 };
    if (s.data[0] < ASCII_END) {
        put_ascii(out, slice_sub(s, 0, 1), quoted);
        return 1;
    }
    size_t len = text_utf8_length(s);
    struct slice unit = slice_sub(s, 0, len == 0 ? 1 : len);
    if (len == 0 || text_is_treacherous(unit)) {
        put_hidden(out, unit);
    } else {
        buf_put(out, unit);
    }
    return unit.len;
}

static void put_visible(struct buf *out, struct slice s, bool quoted) {
    while (s.len > 0) {
        size_t len = plain_run(s, quoted);
        if (len > 0) {
            buf_put(out, slice_sub(s, 0, len));
        } else {
            len = put_character(out, s, quoted);
        }
        s = slice_from(s, len);
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
