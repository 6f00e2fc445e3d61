// SPDX-License-Identifier: MIT
// secret_form: how one secret reads in each of its forms, and whether a text at one position says
// it so. All of a form is read unit by unit: a unit is a byte of the secret, or six bits of its
// base64, however many bytes of text it takes (`a`, `%61`, `\x61`, `61`).
//
// Knows nothing of which secrets there are: `secret_index` and `secret_search` do.
#ifndef SCOPE_INSPECT_SECRET_FORM_H
#define SCOPE_INSPECT_SECRET_FORM_H

#include "inspect/secret_set.h"

// ── units ───────────────────────────────────────────────────────────────────────────────────────

struct unit {
    uint8_t value; // of a character beyond ASCII its low byte; secret_set.c knows secrets so too
    size_t len;    // bytes of text; 0 at the end, or where there is no such unit
};

struct unit unit_plain_at(struct slice text, size_t at);
// %XX, =XX, +XX, \xXX, \uXXXX, \OOO, \c, &amp;, &#38;
struct unit unit_escape_at(struct slice text, size_t at);
// A quote as a shell or a table of values has it within quotes: '\'' '"'"' '' ""
struct unit unit_quote_at(struct slice text, size_t at);
// Whether `rest` is an escape sequence or a quote whose end may have been cut off.
bool unit_is_begun(struct slice rest);
// Two hex digits, and the separator in front of them where it is not the first pair.
struct unit unit_hex_at(struct slice text, size_t at, bool first);
// A base64 digit as its six bits, which may itself be escaped (%2B, %2F, \/), and the end of a line
// in front of it, where a long text is folded.
struct unit unit_digit_at(struct slice text, size_t at);

int secret_sextet(uint8_t byte);     // what a digit of base64 or base64url means, or -1
bool secret_is_escape(uint8_t byte); // begins an escape sequence or a quote

// ── one secret ──────────────────────────────────────────────────────────────────────────────────

// The first digit of a secret's base64 at one alignment that its bits fill wholly.
size_t secret_first_sextet(size_t alignment);
// The six bits at `index` of the base64 of `alignment` zero bytes and the secret after them;
// `*out_mask` has the bits that the secret fills.
uint8_t secret_sextet_of(const struct known_secret *secret, size_t alignment, size_t index,
                         uint8_t *out_mask);

// How the bytes of a text are read.
enum reading { READ_PLAIN, READ_ESCAPED, READ_QUOTED, READ_HEX };

// How many bytes from `search->at` on say the secret, 0 for none; `search->work` grows by what was
// compared.
size_t secret_match_read(struct secret_search *search, const struct known_secret *secret,
                         enum reading reading);
size_t secret_match_base64(struct secret_search *search, const struct known_secret *secret,
                           size_t alignment);

#endif
