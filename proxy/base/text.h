// SPDX-License-Identifier: MIT
// text: ASCII folding, numbers, UTF-8 and the escaping of the text output. Knows no protocol.
#ifndef SCOPE_BASE_TEXT_H
#define SCOPE_BASE_TEXT_H

#include "base/buf.h"
#include "base/limits.h"

#include <stdbool.h>

uint8_t text_lower(uint8_t byte); // ASCII only
uint8_t text_upper(uint8_t byte);
bool text_is_alpha(uint8_t byte);
bool text_is_upper(uint8_t byte);
bool text_is_digit(uint8_t byte);
bool text_is_alnum(uint8_t byte);
bool text_is_blank(uint8_t byte); // SP or HTAB
bool text_is_space(uint8_t byte); // … or CR or LF
int text_hex_value(uint8_t byte); // 0 to 15, or -1

// A decimal number that fills all of `s` and is at most `max`. False for anything else, `+1`,
// `1 ` and the empty slice too.
bool text_parse_u64(uint64_t *out, struct slice s, uint64_t max);
// Writes the number in decimal; returns how many digits.
size_t text_write_u64(char out[static LIMIT_U64_DIGITS], uint64_t number);

// The length in bytes (1 to 4) of the well-formed UTF-8 character at the start of `s` (RFC 3629:
// no surrogates, no over-long forms), or 0 where there is none.
size_t text_utf8_length(struct slice s);
bool text_is_utf8(struct slice s);
uint32_t text_code_point(struct slice character); // of one well-formed character
bool text_is_ascii(struct slice s);
// As much of the text as `max` bytes hold of whole characters.
struct slice text_cut(struct slice text, size_t max);

// Whether the well-formed character moves a terminal, or shows other text than what is there: C0,
// DEL and C1; what reorders text (U+202E and its like), is invisible (U+200B, U+FEFF, the tags of
// U+E0000), or breaks a line (U+2028).
bool text_is_treacherous(struct slice character);

// Appends `s` as the text output shows it between quotes: `"` and `\` escaped by `\`; treacherous
// characters and bytes that are not UTF-8 as \xHH, upper case, a byte each. So no line can forge
// another or move a terminal. Whatever may reach a terminal or a report goes through this, or its
// like for JSON (json_writer.h) or XML.
void text_escape(struct buf *out, struct slice s);

// The same for text outside quotes: `"` and `\` stay as they are.
void text_put_printable(struct buf *out, struct slice s);

// Appends the lower-case hex of `s`, two characters a byte.
void text_put_hex(struct buf *out, struct slice s);

#endif
