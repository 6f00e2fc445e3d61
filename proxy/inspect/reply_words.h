// SPDX-License-Identifier: MIT
// reply_words: what a refusal means and what to try, in plain English: the reply codes of RFC 5321,
// 4954 and 7504, the enhanced codes of RFC 3463 and of the registry that RFC 5248 opened (among
// them 7372, 7505 and 8689), and what well-known servers mean by their own texts.
#ifndef SCOPE_INSPECT_REPLY_WORDS_H
#define SCOPE_INSPECT_REPLY_WORDS_H

#include "base/slice.h"

// Both are ends of a sentence, static. `meaning` goes behind "refused with 550 5.1.1: ".
struct reply_words {
    const char *meaning;
    const char *advice; // what to try
};

// NULL where the code is not known. `enhanced` is "5.1.1"; its class is not looked at but for a few
// codes that mean something else for now than for good.
const struct reply_words *reply_words_of_enhanced(struct slice enhanced);
const struct reply_words *reply_words_of_code(int code); // never NULL
// By the one of both that tells more; `enhanced` may be empty. Never NULL.
const struct reply_words *reply_words_of(int code, struct slice enhanced);
// By what the text of the reply says, lines joined by spaces, addresses left out: they are not the
// server's words. NULL where nothing is recognised.
const struct reply_words *reply_words_of_text(struct slice text);

#endif
