// SPDX-License-Identifier: MIT
// TRE follows all states of the expression at once. The C library's regexec takes the square of the
// text's length for expressions as plain as `[[:alpha:]]+x$`.
#include "verdict/pattern.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <tre/tre.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

struct pattern {
    regex_t regex;
    // 0 where the system has no UTF-8 locale, and a `.` is a byte.
    locale_t characters;
};

// ── the size ────────────────────────────────────────────────────────────────────────────────────

// `((a{1,30}){1,30}){1,30}` has 27,000 states, and each costs time with each character of a text.
// Groups deeper than LIMIT_PATTERN_DEPTH count as one.

struct measure {
    size_t sizes[LIMIT_PATTERN_DEPTH]; // of each open group, so far
    size_t depth;
    size_t atom; // the size of what a repetition would repeat
};

static void add_atom(struct measure *measure, size_t size) {
    measure->atom = size;
    measure->sizes[measure->depth] += size;
}

// How often `{n,m}` repeats at most; `*rest` begins after its `{`.
static size_t read_repetition(struct slice *rest) {
    struct slice inside = slice_split(rest, '}');
    size_t most = 1;
    while (!slice_is_null(inside)) {
        uint64_t bound = 0;
        if (text_parse_u64(&bound, slice_split(&inside, ','), LIMIT_PATTERN) && bound > most) {
            most = (size_t)bound;
        }
    }
    return most;
}

// After the `]`, which is a plain character as the first of the list.
static struct slice skip_list(struct slice rest) {
    size_t at = rest.len > 0 && rest.data[0] == '^' ? 1 : 0;
    at += at < rest.len && rest.data[at] == ']' ? 1 : 0;
    while (at < rest.len && rest.data[at] != ']') {
        bool class = rest.data[at] == '[' && at + 1 < rest.len && rest.data[at + 1] == ':';
        size_t end = class ? slice_find(slice_from(rest, at), SLICE(":]")) : SLICE_NONE;
        at += end == SLICE_NONE ? 1 : end + 2;
    }
    return slice_from(rest, at < rest.len ? at + 1 : rest.len);
}

static void close_group(struct measure *measure) {
    if (measure->depth > 0) {
        size_t size = measure->sizes[measure->depth];
        measure->depth--;
        add_atom(measure, size);
    }
}

static struct slice measure_next(struct measure *measure, struct slice rest) {
    uint8_t byte = rest.data[0];
    rest = slice_from(rest, 1);
    if (byte == '(' && measure->depth + 1 < LIMIT_PATTERN_DEPTH) {
        measure->depth++;
        measure->sizes[measure->depth] = 0;
    } else if (byte == ')') {
        close_group(measure);
    } else if (byte == '{') {
        size_t more = measure->atom * (read_repetition(&rest) - 1);
        measure->sizes[measure->depth] += more;
        measure->atom += more;
    } else if (byte == '*' || byte == '+' || byte == '?') {
        return rest; // one loop, whatever it repeats
    } else if (byte == '[') {
        rest = skip_list(rest);
        add_atom(measure, 1);
    } else {
        rest = byte == '\\' && rest.len > 0 ? slice_from(rest, 1) : rest;
        add_atom(measure, 1);
    }
    return rest;
}

// The number of characters of the expression when each repetition is written out.
static bool is_small(const char *text) {
    struct measure measure = {.depth = 0};
    struct slice rest = slice_of_string(text);
    while (rest.len > 0) {
        rest = measure_next(&measure, rest);
        if (measure.sizes[measure.depth] > LIMIT_PATTERN) {
            return false;
        }
    }
    return true;
}

// ── the expression ──────────────────────────────────────────────────────────────────────────────

static enum err compile(struct pattern *pattern, struct failure *failure, const char *text) {
    locale_t own = uselocale(pattern->characters);
    int code = tre_regcomp(&pattern->regex, text, REG_EXTENDED | REG_NOSUB);
    uselocale(own);
    if (code != 0) {
        char why[128];
        tre_regerror(code, &pattern->regex, why, sizeof(why));
        return fail(failure, ERR_USAGE, "is not a regular expression: %s", why);
    }
    // Neither is in POSIX; both are matched by backtracking.
    if (tre_have_backrefs(&pattern->regex) || tre_have_approx(&pattern->regex)) {
        tre_regfree(&pattern->regex);
        return fail(
            failure, ERR_USAGE,
            "is not a POSIX extended regular expression: these have neither back-references "
            "nor approximate matches");
    }
    return OK;
}

enum err pattern_new(struct pattern **out, struct failure *failure, const char *text) {
    *out = NULL;
    if (!is_small(text)) {
        return fail(failure, ERR_USAGE,
                    "is too large a regular expression: with its repetitions written out it has "
                    "more than %d characters",
                    LIMIT_PATTERN);
    }
    struct pattern *pattern = mem_new(sizeof(*pattern));
    pattern->characters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    enum err err = compile(pattern, failure, text);
    if (err == OK) {
        *out = pattern;
        return OK;
    }
    if (pattern->characters != (locale_t)0) {
        freelocale(pattern->characters);
    }
    free(pattern);
    return err;
}

void pattern_free(struct pattern *pattern) {
    if (pattern == NULL) {
        return;
    }
    tre_regfree(&pattern->regex);
    if (pattern->characters != (locale_t)0) {
        freelocale(pattern->characters);
    }
    free(pattern);
}

bool pattern_matches(const struct pattern *pattern, const char *value) {
    locale_t own = uselocale(pattern->characters);
    bool matches = tre_regexec(&pattern->regex, value, 0, NULL, 0) == 0;
    uselocale(own);
    return matches;
}
