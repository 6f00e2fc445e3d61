// SPDX-License-Identifier: MIT
// taint: the secrets that one session has shown so far, and the search for them in later text. A
// secret is found in every form that a peer might echo it in:
//
//   as it is             s3cr+t         (also in another case, unless it is a short plain word)
//   percent, QP, xtext   s3cr%2Bt  s3cr=2Bt  s3cr+2Bt
//   backslashes          s3cr\+t  s3cr\x2Bt  s3cr\u002Bt
//   hex                  733363722b74, with or without separators
//   base64, base64url    at each of the three alignments, padded or not, within longer base64 too
//
// Knows nothing of SMTP or SASL: `mask_learn` decides what is a secret.
//
// A secret over TAINT_SECRET_MAX bytes is remembered by its beginning and is "open": whatever
// follows a match of it, up to the end of the text, belongs to it.
#ifndef SCOPE_INSPECT_TAINT_H
#define SCOPE_INSPECT_TAINT_H

#include "base/limits.h"
#include "base/slice.h"

enum { TAINT_SECRET_MIN = 4, TAINT_SECRET_MAX = 1024, TAINT_FILTER_BITS = 4096 };

struct taint_secret {
    uint8_t *bytes;
    size_t len;
    bool fold; // ASCII case does not matter
    bool open; // its end was not kept
};

// Zeroed is empty. Owned by the mask.
struct taint {
    struct taint_secret *secrets;
    size_t count;
    size_t capacity;
    size_t bytes;
    // Past LIMIT_SECRETS or LIMIT_SECRET_BYTES the search can no longer be trusted; then the mask
    // conceals all text.
    bool overflowed;
    // Which pairs of bytes, folded and hashed, can begin a form of some secret, and which single
    // bytes; so that most positions of a text cost one look.
    uint8_t pairs[TAINT_FILTER_BITS / 8];
    uint8_t firsts[256 / 8];
};

void taint_cleanup(struct taint *taint);         // wipes
bool taint_is_active(const struct taint *taint); // there is something to look for

// Remembers a copy of `secret`; `open` where more of it came than `secret` holds. What is shorter
// than TAINT_SECRET_MIN, known already, or nothing but stars is passed over.
void taint_learn(struct taint *taint, struct slice secret, bool open);

// Where a text matched: `len` bytes from the position asked for, and `before` bytes in front of it
// that carry bits of the secret too (base64).
struct taint_match {
    size_t before;
    size_t len; // 0 for no match
};

// The longest form of any secret that begins at `at`. `cut` says that more of the text came than is
// there: then the beginning of a secret at the very end counts as a match. So does one in front of
// an ellipsis.
struct taint_match taint_match_at(const struct taint *taint, struct slice text, size_t at,
                                  bool cut);

// For taint.c: the filter's hash of two bytes, and the digits of base64 and base64url.
size_t taint_pair_hash(uint8_t first, uint8_t second);
bool taint_is_escape(uint8_t byte); // begins an escape sequence
int taint_sextet(uint8_t byte);     // 0 to 63, or -1

// The first digits of a secret's base64 at one alignment: those that its bits fill wholly.
enum { TAINT_ALIGNMENTS = 3 };
size_t taint_first_sextet(size_t alignment);
// The six bits at `index` of the base64 of `alignment` zero bits and the secret behind them;
// `*out_mask` has the bits that the secret fills.
uint8_t taint_sextet_of(const struct taint_secret *secret, size_t alignment, size_t index,
                        uint8_t *out_mask);

#endif
