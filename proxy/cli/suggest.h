// SPDX-License-Identifier: MIT
// suggest: "did you mean": the known word that is nearest to one that is not known.
#ifndef SCOPE_CLI_SUGGEST_H
#define SCOPE_CLI_SUGGEST_H

#include "base/limits.h"
#include "base/slice.h"

// The best of the words that were offered.
struct suggestion {
    struct slice wrong; // the word that is not known; borrowed
    const char *best;   // NULL: none is near enough
    size_t distance;
};

struct suggestion suggest_for(struct slice wrong);
// Takes the known word, which outlives the suggestion, if it is the nearest so far.
void suggest_offer(struct suggestion *suggestion, const char *known);

struct suggestion_end {
    char text[SUGGEST_WORD_MAX + 32];
};
// The end of the sentence about the wrong word: "; did you mean WORD?", or "" where none is near.
struct suggestion_end suggest_end(const struct suggestion *suggestion);

#endif
