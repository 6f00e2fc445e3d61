// SPDX-License-Identifier: MIT
#include "base/text.h"
#include "inspect/secret_form.h"

int secret_sextet(uint8_t byte) {
    if (text_is_digit(byte)) {
        return byte - '0' + 52;
    }
    if (text_is_alpha(byte)) {
        return byte >= 'a' ? byte - 'a' + 26 : byte - 'A';
    }
    if (byte == '+' || byte == '-') {
        return 62;
    }
    return byte == '/' || byte == '_' ? 63 : -1;
}

static const struct unit none = {0, 0};

// ── numbers ─────────────────────────────────────────────────────────────────────────────────────

struct number {
    uint32_t value;
    size_t digits;
};

static struct number number_at(struct slice text, unsigned base, size_t digits_max) {
    struct number number = {0};
    while (number.digits < digits_max && number.digits < text.len) {
        int digit = text_hex_value(text.data[number.digits]);
        if (digit < 0 || (unsigned)digit >= base) {
            break;
        }
        number.value = number.value * base + (unsigned)digit;
        number.digits++;
    }
    return number;
}

// `opening_len` bytes and after them exactly `digits` digits.
static struct unit digits_after(struct slice rest, size_t opening_len, unsigned base,
                                size_t digits) {
    if (rest.len < opening_len + digits) {
        return none;
    }
    struct number number = number_at(slice_from(rest, opening_len), base, digits);
    return number.digits == digits ? (struct unit){(uint8_t)number.value, opening_len + digits}
                                   : none;
}

// `opening` and after it exactly `digits` digits.
static struct unit numbered(struct slice rest, struct slice opening, unsigned base, size_t digits) {
    return slice_starts_with(rest, opening) ? digits_after(rest, opening.len, base, digits) : none;
}

// `opening`, digits, and what ends them.
static struct unit enclosed(struct slice rest, struct slice opening, unsigned base,
                            uint8_t closing) {
    enum { CODE_POINT_DIGITS = 7 }; // U+10FFFF is 1114111
    if (!slice_starts_with_nocase(rest, opening)) {
        return none;
    }
    struct number number = number_at(slice_from(rest, opening.len), base, CODE_POINT_DIGITS);
    size_t end = opening.len + number.digits;
    bool closed = number.digits > 0 && end < rest.len && rest.data[end] == closing;
    return closed ? (struct unit){(uint8_t)number.value, end + 1} : none;
}

// ── escape sequences ────────────────────────────────────────────────────────────────────────────

// JSON has a character beyond U+FFFF as two; the low ten bits of the second are the character's.
static struct unit utf16(struct slice rest) {
    enum { HIGH_FIRST = 0xD8, HIGH_LAST = 0xDB, LEN = 6 };
    struct unit first = numbered(rest, SLICE("\\u"), 16, 4);
    struct unit high = numbered(rest, SLICE("\\u"), 16, 2);
    struct unit second =
        first.len == 0 ? none : numbered(slice_from(rest, LEN), SLICE("\\u"), 16, 4);
    bool is_pair = high.value >= HIGH_FIRST && high.value <= HIGH_LAST && second.len > 0;
    return is_pair ? (struct unit){second.value, first.len + second.len} : first;
}

static struct unit longer(struct unit a, struct unit b) {
    return b.len > a.len ? b : a;
}

// \c, \xXX, \x{X…}, \uXXXX, \u{X…}, \UXXXXXXXX, \OOO
static struct unit backslashed(struct slice rest) {
    struct unit unit = rest.len >= 2 ? (struct unit){rest.data[1], 2} : none;
    unit = longer(unit, numbered(rest, SLICE("\\"), 8, 3));
    unit = longer(unit, numbered(rest, SLICE("\\x"), 16, 2));
    unit = longer(unit, numbered(rest, SLICE("\\X"), 16, 2));
    unit = longer(unit, enclosed(rest, SLICE("\\x{"), 16, '}'));
    unit = longer(unit, enclosed(rest, SLICE("\\u{"), 16, '}'));
    unit = longer(unit, numbered(rest, SLICE("\\U"), 16, 4));
    unit = longer(unit, numbered(rest, SLICE("\\U"), 16, 8));
    return longer(unit, utf16(rest));
}

// HTML and XML: &amp; &#38; &#x26;
static struct unit entity(struct slice rest) {
    static const struct {
        const char *text;
        uint8_t value;
    } named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        struct slice text = slice_of_string(named[i].text);
        if (slice_starts_with_nocase(rest, text)) {
            return (struct unit){named[i].value, text.len};
        }
    }
    return longer(enclosed(rest, SLICE("&#"), 10, ';'), enclosed(rest, SLICE("&#x"), 16, ';'));
}

struct unit unit_escape_at(struct slice text, size_t at) {
    if (at >= text.len) {
        return none;
    }
    switch (text.data[at]) {
    case '%':
    case '=':
    case '+':
        return digits_after(slice_from(text, at), 1, 16, 2);
    case '\\':
        return backslashed(slice_from(text, at));
    case '&':
        return entity(slice_from(text, at));
    default:
        return none;
    }
}

struct unit unit_quote_at(struct slice text, size_t at) {
    // Of a shell within '…', of CSV, SQL and others within the quotes that are doubled.
    static const char *const quoted[] = {"'\\''", "'\"'\"'", "''", "\"\""};
    if (at >= text.len || (text.data[at] != '\'' && text.data[at] != '"')) {
        return none;
    }
    struct slice rest = slice_from(text, at);
    for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
        struct slice way = slice_of_string(quoted[i]);
        if (slice_starts_with(rest, way)) {
            return (struct unit){way.data[0], way.len};
        }
    }
    return none;
}

// ── what begins them ────────────────────────────────────────────────────────────────────────────

// What each goes on with, and how long one may be.
struct beginning {
    const char *bytes;
    bool hex; // … and with hex digits
    size_t len_max;
};

static struct beginning beginning_of(uint8_t lead) {
    switch (lead) {
    case '%':
    case '=':
    case '+':
        return (struct beginning){"", true, 3};
    case '\\':
        return (struct beginning){"xXuU{\\", true, 12};
    case '&':
        return (struct beginning){"#xmpltgquos", true, 11};
    case '\'':
    case '"':
        return (struct beginning){"\\'\"", false, 5};
    default:
        return (struct beginning){"", false, 0};
    }
}

bool secret_is_escape(uint8_t byte) {
    return beginning_of(byte).len_max > 0;
}

static bool goes_on(const struct beginning *beginning, uint8_t byte) {
    return (beginning->hex && text_hex_value(byte) >= 0) ||
           slice_find_byte(slice_of_string(beginning->bytes), byte) != SLICE_NONE;
}

bool unit_is_begun(struct slice rest) {
    struct beginning beginning = beginning_of(rest.len == 0 ? 0 : rest.data[0]);
    if (rest.len >= beginning.len_max) {
        return false;
    }
    size_t i = 1;
    while (i < rest.len && goes_on(&beginning, rest.data[i])) {
        i++;
    }
    return i == rest.len;
}

// ── the other units ─────────────────────────────────────────────────────────────────────────────

struct unit unit_plain_at(struct slice text, size_t at) {
    return at < text.len ? (struct unit){text.data[at], 1} : none;
}

struct unit unit_hex_at(struct slice text, size_t at, bool first) {
    struct slice rest = slice_from(text, at);
    struct unit unit = digits_after(rest, 0, 16, 2);
    if (unit.len == 0 && !first && rest.len > 0 &&
        slice_find_byte(SLICE(": -"), rest.data[0]) != SLICE_NONE) {
        unit = digits_after(rest, 1, 16, 2);
    }
    return unit;
}

static size_t line_end_at(struct slice text, size_t at) {
    struct slice rest = slice_from(text, at);
    return slice_starts_with(rest, SLICE("\r\n")) ? 2
           : slice_starts_with(rest, SLICE("\n")) ? 1
                                                  : 0;
}

struct unit unit_digit_at(struct slice text, size_t at) {
    size_t fold = line_end_at(text, at);
    struct unit unit = unit_plain_at(text, at + fold);
    if (unit.len > 0 && unit.value != '+' && secret_is_escape(unit.value)) {
        unit = unit_escape_at(text, at + fold);
    }
    int value = unit.len == 0 ? -1 : secret_sextet(unit.value);
    return value >= 0 ? (struct unit){(uint8_t)value, fold + unit.len} : none;
}
