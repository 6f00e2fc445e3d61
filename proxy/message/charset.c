// SPDX-License-Identifier: MIT
#include "message/charset.h"

#include "base/memory.h"
#include "base/text.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static void put_utf8(struct buf *out, unsigned code) {
    if (code < 0x80) {
        buf_put_byte(out, (uint8_t)code);
    } else if (code < 0x800) {
        buf_put_byte(out, (uint8_t)(0xc0 | code >> 6));
        buf_put_byte(out, (uint8_t)(0x80 | (code & 0x3f)));
    } else {
        buf_put_byte(out, (uint8_t)(0xe0 | code >> 12));
        buf_put_byte(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
        buf_put_byte(out, (uint8_t)(0x80 | (code & 0x3f)));
    }
}

// ── sets of one byte a character ────────────────────────────────────────────────────────────────

static unsigned from_latin1(uint8_t byte) {
    return byte;
}

static unsigned from_latin9(uint8_t byte) {
    static const struct {
        uint8_t byte;
        unsigned code;
    } others[] = {{0xa4, 0x20ac}, {0xa6, 0x160}, {0xa8, 0x161}, {0xb4, 0x17d},
                  {0xb8, 0x17e},  {0xbc, 0x152}, {0xbd, 0x153}, {0xbe, 0x178}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].byte == byte) {
            return others[i].code;
        }
    }
    return byte;
}

static unsigned from_windows1252(uint8_t byte) {
    static const unsigned high[32] = {
        0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
    return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

static const struct {
    const char *name;
    unsigned (*code)(uint8_t byte);
} single_byte[] = {
    {"ISO-8859-1", from_latin1},  {"ISO8859-1", from_latin1},   {"ISO_8859-1", from_latin1},
    {"Latin1", from_latin1},      {"ISO-8859-15", from_latin9}, {"ISO8859-15", from_latin9},
    {"ISO_8859-15", from_latin9}, {"Latin-9", from_latin9},     {"windows-1252", from_windows1252},
    {"cp1252", from_windows1252},
};

static bool decode_single(struct buf *out, unsigned (*code)(uint8_t byte), struct slice text) {
    if (buf_room(out) < 3 * text.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        put_utf8(out, code(text.data[i]));
    }
    return true;
}

// ── the libc's ──────────────────────────────────────────────────────────────────────────────────

static const char *const libc_names[] = {
    "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",   "ISO-8859-7",
    "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-16",
    "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "KOI8-R",       "KOI8-U",       "GB2312",       "GBK",
    "GB18030",      "Big5",         "Shift_JIS",    "EUC-JP",       "ISO-2022-JP",  "EUC-KR",
    "ISO-2022-KR",  "TIS-620",      "UTF-7",        "UTF-16",       "UTF-16BE",     "UTF-16LE",
};

static const char *libc_name(struct slice charset) {
    for (size_t i = 0; i < sizeof(libc_names) / sizeof(libc_names[0]); i++) {
        if (slice_is_nocase(charset, libc_names[i])) {
            return libc_names[i];
        }
    }
    return slice_is_nocase(charset, "ks_c_5601-1987") ? "EUC-KR" : NULL;
}

// iconv wants a pointer to bytes that it may not change but is not declared so.
static bool convert(iconv_t converter, struct buf *out, struct slice text, size_t room) {
    uint8_t *to = buf_reserve(out, room);
    if (to == NULL) {
        return false;
    }
    char *source = mem_new(text.len);
    memcpy(source, text.data, text.len);
    char *in = source;
    char *end = (char *)to;
    size_t in_left = text.len;
    size_t out_left = room;
    bool fine = iconv(converter, &in, &in_left, &end, &out_left) != (size_t)-1 && in_left == 0 &&
                iconv(converter, NULL, NULL, &end, &out_left) != (size_t)-1;
    free(source);
    if (fine) {
        buf_commit(out, room - out_left);
    }
    return fine;
}

static bool decode_by_libc(struct buf *out, const char *name, struct slice text) {
    size_t room = 4 * text.len + 16;
    if (text.len == 0 || buf_room(out) < room) {
        return text.len == 0;
    }
    iconv_t converter = iconv_open("UTF-8", name);
    if (converter == (iconv_t)-1) {
        return false;
    }
    bool fine = convert(converter, out, text, room);
    iconv_close(converter);
    return fine;
}

bool charset_decode(struct buf *out, struct slice charset, struct slice text) {
    bool ascii = slice_is_nocase(charset, "US-ASCII") || slice_is_nocase(charset, "ASCII");
    bool utf8 = slice_is_nocase(charset, "UTF-8") || slice_is_nocase(charset, "UTF8");
    if (ascii || utf8) {
        return (utf8 ? text_is_utf8(text) : text_is_ascii(text)) && buf_append(out, text) == OK;
    }
    for (size_t i = 0; i < sizeof(single_byte) / sizeof(single_byte[0]); i++) {
        if (slice_is_nocase(charset, single_byte[i].name)) {
            return decode_single(out, single_byte[i].code, text);
        }
    }
    const char *name = libc_name(charset);
    return name != NULL && decode_by_libc(out, name, text);
}
