// SPDX-License-Identifier: MIT
// folded_secret: secrets that run over the ends of a reply's lines, as where a server breaks a long
// token.
//
//   535-5.7.8 bad token ya29.a0Af     lines[0].marks: from `ya29` to its end
//   535 5.7.8 x-H9k2 again            lines[1].marks: `x-H9k2`
//
// What is in one line alone is left to the search of that line.
#ifndef SCOPE_INSPECT_FOLDED_SECRET_H
#define SCOPE_INSPECT_FOLDED_SECRET_H

#include "inspect/secret_set.h"

struct folded_line {
    struct slice text;    // with its code, without its line end
    struct span marks[2]; // ranges of `text`, ascending and apart
    size_t mark_count;
};

// Sets the marks of all lines; their codes and enhanced codes are none of the secret.
void folded_secret_find(const struct secret_set *secrets_known, struct folded_line *lines,
                        size_t count);

#endif
