// SPDX-License-Identifier: MIT
// secret_index: which secrets may begin at a position, by the first four units there, so that
// the time of a search does not grow with the number of secrets.
//
//   units at a position ─▶ key ─▶ row ─▶ (secret, form) ─▶ (secret, form) ─▶ end
//
// Four units are always there: the shortest secret has four bytes, and fills four digits of base64
// wholly at each alignment. Keys leave ASCII case out; the match that follows is exact.
#ifndef SCOPE_INSPECT_SECRET_INDEX_H
#define SCOPE_INSPECT_SECRET_INDEX_H

#include "inspect/secret_set.h"

enum { INDEX_UNITS = 4, INDEX_ROW_BITS = 12, INDEX_ROWS = 1 << INDEX_ROW_BITS };

// The forms of a secret's keys.
enum { INDEX_BYTES = 0, INDEX_BASE64 = 1 }; // base64 at alignment 0; the other alignments follow

struct secret_index {
    // What comes first in a row: secret * SECRET_SET_KEYS + form + 1; 0 ends a row. The next one
    // is in the secret.
    uint16_t rows[INDEX_ROWS];
    // What each byte of a text can be: its six bits as a digit of base64, and flags.
    uint16_t classes[256];
    bool begins[256]; // a secret begins with it, whatever the case
    // The secrets by their hashes: index + 1 of the first in each row.
    uint16_t known[INDEX_ROWS];
    // Work of searches that is left to the session beyond what each byte of its texts may cost.
    size_t reserve;
};

enum {
    CLASS_SEXTET = 0x3F,
    CLASS_FLAGS = 6,                   // the first bit of the flags
    CLASS_NO_DIGIT = 1 << CLASS_FLAGS, // it is no digit of base64
    CLASS_ESCAPE = 2 << CLASS_FLAGS,   // it begins an escape sequence, or the next line
    CLASS_HEX = 4 << CLASS_FLAGS,      // it is a hex digit
    CLASS_HEX_VALUE = CLASS_FLAGS + 3, // the first bit of its value
};

// A key of four bytes, the first in the highest place, and one of four sextets likewise. They never
// meet: each byte of the first kind has the bit 0x20 set, and the highest of the second is 0.
static inline uint32_t index_bytes_key(uint32_t four) {
    return four | 0x20202020u;
}

static inline uint32_t index_sextets_key(uint32_t four) {
    return four & 0xFFFFFFu;
}

static inline size_t index_row(uint32_t key) {
    return (key * 2654435761u) >> (32 - INDEX_ROW_BITS);
}

static inline bool index_is_hex(const struct secret_index *index, uint8_t byte) {
    return (index->classes[byte] & CLASS_HEX) != 0;
}

// The value of a hex digit.
static inline uint8_t index_hex(const struct secret_index *index, uint8_t byte) {
    return (uint8_t)(index->classes[byte] >> CLASS_HEX_VALUE);
}

// Takes in the secret at `index` of `secrets_known->secrets`.
void secret_index_add(struct secret_set *secrets_known, size_t index);

// The secret with these bytes, NULL if there is none.
struct known_secret *secret_index_find(const struct secret_set *secrets_known, struct slice bytes);

#endif
