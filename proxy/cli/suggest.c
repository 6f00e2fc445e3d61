// SPDX-License-Identifier: MIT
#include "cli/suggest.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

// Whether the letters before `i` of `a` and before `j` of `b` are the same two, the other way
// round.
static bool changed_places(struct slice a, size_t i, struct slice b, size_t j) {
    return i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1];
}

// Two letters that changed places count once (optimal string alignment), since that is the most
// common slip of all.
static size_t distance(struct slice a, struct slice b) {
    size_t rows[3][SUGGEST_WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = text_lower(a.data[i - 1]) == text_lower(b.data[j - 1]) ? 0 : 1;
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + change);
            row[j] = changed_places(a, i, b, j) ? least(row[j], two_above[j - 2] + 1) : row[j];
        }
    }
    return rows[a.len % 3][b.len];
}

struct suggestion suggest_for(struct slice wrong) {
    // One slip in three letters is a slip, two are another word.
    return (struct suggestion){.wrong = wrong, .distance = (wrong.len + 1) / 3 + 1};
}

void suggest_offer(struct suggestion *suggestion, const char *known) {
    struct slice word = slice_of_string(known);
    if (word.len > SUGGEST_WORD_MAX || suggestion->wrong.len > SUGGEST_WORD_MAX) {
        return;
    }
    size_t far = distance(suggestion->wrong, word);
    if (far < suggestion->distance) {
        suggestion->distance = far;
        suggestion->best = known;
    }
}

struct suggestion_end suggest_end(const struct suggestion *suggestion) {
    struct suggestion_end end = {.text = ""};
    if (suggestion->best != NULL) {
        snprintf(end.text, sizeof(end.text), "; did you mean %s?", suggestion->best);
    }
    return end;
}
