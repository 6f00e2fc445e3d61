// SPDX-License-Identifier: MIT
// The forms of a secret are not listed and looked for: the text is read as if it were each of them,
// unit by unit, and compared with the secret. So a text may mix forms, as percent-encoding does.
#include "inspect/secret_form.h"

#include "base/text.h"

#include <string.h>

// So many units of a secret's beginning, cut off by the end of a cut text or by an ellipsis, are
// taken for the secret.
enum { BEGINNING_MIN = 4 };

size_t secret_first_sextet(size_t alignment) {
    return (8 * alignment + 5) / 6;
}

// Byte `index` of `alignment` zero bytes and the secret after them; `*out_mask` says whether it is
// one of the secret's.
static unsigned byte_of(const struct known_secret *secret, size_t alignment, size_t index,
                        unsigned *out_mask) {
    bool inside = index >= alignment && index < alignment + secret->len;
    *out_mask = inside ? 0xFF : 0;
    return inside ? secret->bytes[index - alignment] : 0;
}

uint8_t secret_sextet_of(const struct known_secret *secret, size_t alignment, size_t index,
                         uint8_t *out_mask) {
    size_t bit = 6 * index;
    unsigned first_mask = 0;
    unsigned second_mask = 0;
    unsigned first = byte_of(secret, alignment, bit / 8, &first_mask);
    unsigned second = byte_of(secret, alignment, bit / 8 + 1, &second_mask);
    unsigned shift = 10 - (unsigned)(bit % 8); // six of sixteen bits
    *out_mask = (uint8_t)((first_mask << 8 | second_mask) >> shift & 0x3F);
    return (uint8_t)((first << 8 | second) >> shift & 0x3F);
}

// ── one secret as text ──────────────────────────────────────────────────────────────────────────

static bool same(const struct known_secret *secret, uint8_t a, uint8_t b) {
    return a == b || (secret->fold && text_lower(a) == text_lower(b));
}

// The unit at `at` if it says `byte`. An escape goes before the plain byte: a text that means its
// `%` literally is found by the plain reading.
static struct unit unit_saying(const struct known_secret *secret, size_t index, struct slice text,
                               size_t at, enum reading reading) {
    struct unit unit = {0};
    switch (reading) {
    case READ_HEX:
        unit = unit_hex_at(text, at, index == 0);
        return unit.len > 0 && unit.value == secret->bytes[index] ? unit : (struct unit){0};
    case READ_ESCAPED:
    case READ_QUOTED:
        unit = reading == READ_ESCAPED ? unit_escape_at(text, at) : unit_quote_at(text, at);
        if (unit.len > 0 && same(secret, unit.value, secret->bytes[index])) {
            return unit;
        }
        break;
    case READ_PLAIN:
        break;
    }
    unit = unit_plain_at(text, at);
    if (unit.len > 0 && same(secret, unit.value, secret->bytes[index])) {
        return unit;
    }
    return (struct unit){0};
}

static bool is_ellipsis(struct slice rest) {
    return slice_starts_with(rest, SLICE("...")) || slice_starts_with(rest, SLICE("\xE2\x80\xA6"));
}

// Where an ellipsis cut a secret off: at `end`, or up to two bytes before it, since the secret may
// go on with the bytes that an ellipsis begins with. SLICE_NONE where there is none.
static size_t cut_off_at(struct slice text, size_t end) {
    enum { ELLIPSIS_LEN = 3 };
    for (size_t back = 0; back < ELLIPSIS_LEN && back <= end; back++) {
        if (is_ellipsis(slice_from(text, end - back))) {
            return end - back;
        }
    }
    return SLICE_NONE;
}

// What is left of a unit whose end was cut off, or nothing: half an escape sequence, or of a hex
// pair no more than its separator and one digit.
static bool is_part_of_unit(struct slice rest, bool hex) {
    return rest.len == 0 || (hex && rest.len <= 2) || unit_is_begun(rest);
}

// How much of the text is the secret's beginning, where a reading stopped after `units` units at
// `end`; 0 where that says nothing. `long_enough` says how many say it by themselves.
static size_t beginning_len(const struct secret_search *search, size_t end, size_t units,
                            size_t long_enough, bool hex) {
    struct slice rest = slice_from(search->text, end);
    if (units < BEGINNING_MIN) {
        return 0;
    }
    if (units >= long_enough) {
        return end - search->at;
    }
    if (search->cut && is_part_of_unit(rest, hex)) {
        return search->text.len - search->at;
    }
    size_t cut_at = cut_off_at(search->text, end);
    return cut_at != SLICE_NONE && end - cut_at + BEGINNING_MIN <= units ? cut_at - search->at : 0;
}

size_t secret_match_read(struct secret_search *search, const struct known_secret *secret,
                         enum reading reading) {
    struct slice text = search->text;
    size_t end = search->at;
    size_t long_enough = secret->key ? SECRET_SET_KEY_MIN : SIZE_MAX;
    for (size_t i = 0; i < secret->len; i++) {
        struct unit unit = unit_saying(secret, i, text, end, reading);
        search->work++;
        if ((reading == READ_ESCAPED || reading == READ_QUOTED) && search->cut &&
            is_part_of_unit(slice_from(text, end), false)) {
            return beginning_len(search, end, i, long_enough, false);
        }
        if (unit.len == 0) {
            return beginning_len(search, end, i, long_enough, reading == READ_HEX);
        }
        end += unit.len;
    }
    return (secret->open ? text.len : end) - search->at;
}

// ── one secret as base64 ────────────────────────────────────────────────────────────────────────

static size_t padding_at(struct slice text, size_t at) {
    size_t end = at;
    for (int i = 0; i < 2 && end < text.len; i++) {
        struct unit escaped = unit_escape_at(text, end);
        if (text.data[end] == '=') {
            end += escaped.len == 3 && escaped.value == '=' ? 3 : 1;
        } else if (escaped.len > 0 && escaped.value == '=') {
            end += escaped.len;
        }
    }
    return end - at;
}

static size_t open_digits_at(struct slice text, size_t at) {
    size_t end = at;
    for (struct unit unit = unit_digit_at(text, end);
         unit.len > 0 && !text_is_space(text.data[end]); unit = unit_digit_at(text, end)) {
        end += unit.len;
    }
    return end - at;
}

// The digit in front of the first one that the secret fills wholly carries its first bits.
static bool leads(const struct known_secret *secret, size_t alignment, struct slice text,
                  size_t at) {
    uint8_t mask = 0;
    uint8_t bits = secret_sextet_of(secret, alignment, secret_first_sextet(alignment) - 1, &mask);
    int value = at == 0 ? -1 : secret_sextet(text.data[at - 1]);
    return value >= 0 && ((unsigned)value & mask) == bits;
}

size_t secret_match_base64(struct secret_search *search, const struct known_secret *secret,
                           size_t alignment) {
    struct slice text = search->text;
    size_t end = search->at;
    size_t first = secret_first_sextet(alignment);
    size_t long_enough = secret->key ? (8 * SECRET_SET_KEY_MIN + 5) / 6 : SIZE_MAX;
    if (alignment > 0 && !leads(secret, alignment, text, end)) {
        return 0;
    }
    for (size_t i = first; 6 * i < 8 * (alignment + secret->len); i++) {
        uint8_t mask = 0;
        uint8_t bits = secret_sextet_of(secret, alignment, i, &mask);
        struct unit digit = unit_digit_at(text, end);
        search->work++;
        if (digit.len == 0 || (digit.value & mask) != bits) {
            return beginning_len(search, end, i - first, long_enough, false);
        }
        end += digit.len;
    }
    end += secret->open ? open_digits_at(text, end) : 0;
    return end + padding_at(text, end) - search->at;
}
