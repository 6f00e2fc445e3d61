// SPDX-License-Identifier: MIT
#include "verdict/xml.h"

#include "base/text.h"

// How many bytes the character at the start of `s` has, a byte that is not UTF-8 being one.
static size_t character_length(struct slice s) {
    size_t len = text_utf8_length(s);
    return len == 0 ? 1 : len;
}

// Whether XML 1.0 (2.2) allows the character; C1 is allowed there, but shows nothing.
static bool xml_allows(struct slice character) {
    uint8_t first = character.data[0];
    bool c0 = first < 0x20 && first != '\t' && first != '\n' && first != '\r';
    bool not_a_character = character.len == 3 && first == 0xEF && character.data[1] == 0xBF &&
                           character.data[2] >= 0xBE;
    return !c0 && first != 0x7F && !not_a_character && text_is_utf8(character);
}

static const char *xml_entity(uint8_t byte) {
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

void xml_put(struct buf *out, struct slice text) {
    struct slice s = text;
    while (s.len > 0) {
        struct slice character = slice_sub(s, 0, character_length(s));
        const char *entity = xml_entity(character.data[0]);
        if (entity != NULL) {
            buf_put_string(out, entity);
        } else if (xml_allows(character) && text_is_treacherous(character)) {
            buf_putf(out, "&#x%X;", (unsigned)text_code_point(character));
        } else if (xml_allows(character)) {
            buf_put(out, character);
        } else {
            buf_put(out, SLICE("\xEF\xBF\xBD"));
        }
        s = slice_from(s, character.len);
    }
}
