// SPDX-License-Identifier: MIT
// secrets_known: the secrets that one session has shown so far, and the search for them in later
// text. A secret is found in every form that a peer might echo it in:
//
//   as it is             s3cr+t         (also in another case, unless it is a short plain word)
//   percent, QP, xtext   s3cr%2Bt  s3cr=2Bt  s3cr+2Bt
//   backslashes          s3cr\+t  s3cr\x2Bt  s3cr\u002Bt  s3cr\053t
//   entities             s3cr&#43;t  s3cr&#x2B;t; &amp; for &
//   quotes within quotes '\'' '"'"' '' for ', "" for "
//   hex                  733363722b74, with or without separators
//   base64, base64url    at each of the three alignments, padded or not, within longer base64 too,
//                        and folded into lines
//
// Characters beyond ASCII are found in all of these, and in Latin-1.
//
// Knows nothing of SMTP or SASL: `mask_learn` decides what is a secret.
//
// A secret over LIMIT_SECRET bytes is remembered by its beginning and is "open": whatever
// follows a match of it, up to the end of the text, belongs to it.
#ifndef SCOPE_INSPECT_SECRET_SET_H
#define SCOPE_INSPECT_SECRET_SET_H

#include "base/limits.h"
#include "base/slice.h"

enum {
    SECRET_SET_SECRET_MIN = 4,
    SECRET_SET_KEY_MIN = 16,
    SECRET_SET_ALIGNMENTS = 3,
    // Each secret is looked for by so many keys: its bytes, and its base64 at each alignment.
    SECRET_SET_KEYS = 1 + SECRET_SET_ALIGNMENTS,
};

struct known_secret {
    uint8_t *bytes;
    size_t len;
    bool fold;   // ASCII case does not matter
    bool open;   // its end was not kept
    bool key;    // a long beginning of it is known again too, whatever follows
    bool quotes; // it has one, which may be said in another way within quotes
    // The index (secret_index.h): what its forms begin with, and the next key in the same row.
    uint32_t keys[SECRET_SET_KEYS];
    uint16_t next[SECRET_SET_KEYS];
    // The same by the whole of it.
    uint32_t hash;
    uint16_t next_known;
};

struct secret_index;

// Zeroed is empty. Owned by the mask.
struct secret_set {
    struct known_secret *secrets;
    size_t count;
    size_t room;
    size_t bytes;
    struct secret_index *index; // NULL while nothing is known
    // Past LIMIT_SECRETS or LIMIT_SECRET_BYTES, or where a secret was too long to be read, the
    // search can no longer be trusted; then the mask conceals all text.
    bool overflowed;
};

void secret_set_cleanup(struct secret_set *secrets_known);         // wipes
bool secret_set_is_active(const struct secret_set *secrets_known); // there is something to look for

// Remembers a copy of `secret`; `open` where more of it came than `secret` holds. What is shorter
// than SECRET_SET_SECRET_MIN, known already, or nothing but stars is passed over.
void secret_set_learn(struct secret_set *secrets_known, struct slice secret, bool open);

// The same for a password or token, and nothing else: so much of its beginning as
// SECRET_SET_KEY_MIN bytes is telling, and a server may cut it off where it likes.
void secret_set_learn_key(struct secret_set *secrets_known, struct slice secret, bool open);

// Something that may be a secret could not be read whole: the search can no longer be trusted.
void secret_set_give_up(struct secret_set *secrets_known);

// ── the search ──────────────────────────────────────────────────────────────────────────────────

// Where a text matched: `len` bytes from `at`, and `before` bytes in front of it that carry bits of
// the secret too (base64).
struct secret_match {
    size_t at;
    size_t before;
    size_t len;
};

// One text that is searched from its front. `cut` says that more of the text came than is there:
// then the beginning of a secret at the very end counts as a match. So does one in front of an
// ellipsis.
struct secret_search {
    const struct secret_set *secrets_known;
    struct slice text;
    bool cut;
    size_t at;   // where to go on
    size_t work; // bytes compared with secrets, and secrets thought of, so far
    size_t paid; // of it from the session's reserve
};

// The next position where a form of some secret begins, and the longest form there; false where
// there is none. Positions come in ascending order, matches may overlap. A text that is made to
// cost time (it begins like a long secret everywhere) is a match from there to its end.
bool secret_search_next(struct secret_search *search, struct secret_match *out);

#endif
