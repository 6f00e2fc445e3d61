// SPDX-License-Identifier: MIT
// pattern: a POSIX extended regular expression of the user, matched against what a peer sent. The
// time of a match is linear in the text, whatever the two have written: the expression's size is
// bounded, and what only backtracking could match is refused. It knows no session.
#ifndef SCOPE_VERDICT_PATTERN_H
#define SCOPE_VERDICT_PATTERN_H

#include "base/err.h"

#include <stdbool.h>

struct pattern; // immutable: many threads may match it

// ERR_USAGE with the reason where `text` is no such expression, or is one that costs too much. The
// reason completes the sentence "'TEXT' …".
MUST_USE enum err pattern_new(struct pattern **out, struct failure *failure, const char *text);
void pattern_free(struct pattern *pattern); // NULL is fine

// Whether it matches somewhere in `value`, which is UTF-8: one `.` is one character, whatever the
// user's locale is.
bool pattern_matches(const struct pattern *pattern, const char *value);

#endif
