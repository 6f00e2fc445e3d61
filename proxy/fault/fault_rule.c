// SPDX-License-Identifier: MIT
#include "fault/fault_rule.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "verdict/pattern.h"

#include <stdlib.h>
#include <string.h>

// `%.*s` of a slice; the command line has no NULs.
#define SHOWN(s) (int)(s).len, (const char *)(s).data

void fault_rule_cleanup(struct fault_rule *rule) {
    pattern_free(rule->pattern);
    free(rule->point_text);
    free(rule->action_text);
    free(rule->text);
    *rule = (struct fault_rule){0};
}

struct event_fault fault_rule_event(const struct fault_rule *rule, int exchange) {
    const struct fault_action *action = &rule->action;
    return (struct event_fault){.holds_ns = action->kind == FAULT_SILENCE ? INT64_MAX
                                            : action->kind == FAULT_DELAY ? action->time_ns
                                                                          : 0,
                                .point = slice_of_string(rule->point_text),
                                .action = slice_of_string(rule->action_text),
                                .rule = slice_of_string(rule->text),
                                .exchange = exchange};
}

// ── points ──────────────────────────────────────────────────────────────────────────────────────

static const struct {
    const char *name;
    enum fault_point point;
} named_points[] = {
    {"connect", FAULT_CONNECT},
    {"tls", FAULT_TLS},
    {"greeting", FAULT_GREETING},
    {"message", FAULT_MESSAGE},
};

static bool is_verb(struct slice word) {
    for (size_t i = 0; i < word.len; i++) {
        if (!text_is_alnum(word.data[i]) && word.data[i] != '-') {
            return false;
        }
    }
    return word.len > 0 && text_is_alpha(word.data[0]);
}

static char *upper_case(struct slice word) {
    char *text = mem_string_of(word);
    for (size_t i = 0; i < word.len; i++) {
        text[i] = (char)text_upper((uint8_t)text[i]);
    }
    return text;
}

static enum err read_point(struct fault_rule *rule, struct failure *failure, struct slice word) {
    for (size_t i = 0; i < sizeof(named_points) / sizeof(named_points[0]); i++) {
        if (slice_is(word, named_points[i].name)) {
            rule->point = named_points[i].point;
            rule->point_text = mem_string_of(word);
            return OK;
        }
    }
    rule->point = FAULT_COMMAND;
    rule->any_verb = slice_is(word, "*");
    if (!rule->any_verb && !is_verb(word)) {
        return fail(
            failure, ERR_USAGE,
            "'%.*s' is not a point: connect, tls, greeting, message, a verb such as RCPT, or *",
            SHOWN(word));
    }
    bool hello = slice_is_nocase(word, "HELO") || slice_is_nocase(word, "LHLO");
    rule->point_text = upper_case(hello ? SLICE("EHLO") : word);
    return OK;
}

bool fault_rule_is_for_verb(const struct fault_rule *rule, struct slice verb) {
    if (rule->point != FAULT_COMMAND) {
        return false;
    }
    bool hello = slice_is_nocase(verb, "HELO") || slice_is_nocase(verb, "LHLO");
    return rule->any_verb || slice_is_nocase(hello ? SLICE("EHLO") : verb, rule->point_text);
}

// ── numbers ─────────────────────────────────────────────────────────────────────────────────────

bool fault_range_has(struct fault_range range, uint64_t number) {
    return number >= range.first && number <= range.last;
}

// `N`, `N-M`, `N-`.
static bool read_range(struct fault_range *out, struct slice word) {
    struct slice last = word;
    struct slice first = slice_split(&last, '-');
    if (!text_parse_u64(&out->first, first, UINT64_MAX) || out->first == 0) {
        return false;
    }
    if (slice_is_null(last)) {
        out->last = out->first;
        return true;
    }
    if (last.len == 0) {
        out->last = UINT64_MAX;
        return true;
    }
    return text_parse_u64(&out->last, last, UINT64_MAX) && out->last >= out->first;
}

// `P%` with up to four decimals.
static bool read_chance(uint32_t *out_ppm, struct slice word) {
    struct slice decimals = slice_sub(word, 0, word.len - 1);
    struct slice whole = slice_split(&decimals, '.');
    uint64_t percent = 0;
    uint64_t fraction = 0;
    if (!text_parse_u64(&percent, whole, 100) || (!slice_is_null(decimals) && decimals.len > 4)) {
        return false;
    }
    if (!slice_is_null(decimals) && !text_parse_u64(&fraction, decimals, UINT64_MAX)) {
        return false;
    }
    for (size_t i = decimals.len; i < 4; i++) {
        fraction *= 10;
    }
    *out_ppm = (uint32_t)(percent * 10000 + fraction);
    return *out_ppm <= FAULT_ALWAYS;
}

// `N/Ss`.
static bool read_over(struct fault_rule *rule, struct slice word) {
    struct slice span = word;
    struct slice count = slice_split(&span, '/');
    return text_parse_u64(&rule->over_count, count, LIMIT_FAULT_OVER) &&
           fault_time_read(&rule->over_span_ns, span) && rule->over_span_ns > 0;
}

// ── conditions ──────────────────────────────────────────────────────────────────────────────────

// How a condition that is one or two words reads; false where the words are none.
static bool read_condition(struct fault_rule *rule, struct slice word, struct slice value) {
    if (slice_is(word, "session")) {
        return read_range(&rule->sessions, value);
    }
    if (slice_is(word, "over")) {
        return read_over(rule, value);
    }
    if (word.len > 1 && word.data[0] == '#') {
        return read_range(&rule->nth, slice_from(word, 1));
    }
    return word.len > 1 && word.data[word.len - 1] == '%' && read_chance(&rule->chance_ppm, word);
}

static bool takes_value(struct slice word) {
    return slice_is(word, "session") || slice_is(word, "over");
}

// Whether all of these words are conditions; fills them in.
static bool read_conditions(struct fault_rule *rule, struct slice words, struct slice *out_wrong) {
    for (words = slice_trim(words); words.len > 0; words = slice_trim(words)) {
        struct slice word = fault_word_next(&words);
        struct slice value = takes_value(word) ? fault_word_next(&words) : SLICE("");
        if (!read_condition(rule, word, value)) {
            *out_wrong = takes_value(word) && value.len > 0 ? value : word;
            return false;
        }
    }
    return true;
}

// The expression goes up to the conditions after it, if there are any, and may have blanks.
static enum err read_pattern(struct fault_rule *rule, struct failure *failure, struct slice words) {
    struct slice expression = slice_trim(words);
    struct slice wrong;
    for (size_t i = 0; i < words.len; i++) {
        struct fault_rule attempt = *rule;
        if (words.data[i] == ' ' && slice_trim(slice_from(words, i)).len > 0 &&
            read_conditions(&attempt, slice_from(words, i), &wrong)) {
            expression = slice_trim(slice_sub(words, 0, i));
            *rule = attempt;
            break;
        }
    }
    if (expression.len == 0) {
        return fail(failure, ERR_USAGE, "'~' needs a regular expression after it");
    }
    char *text = mem_string_of(expression);
    struct failure reason;
    enum err err = pattern_new(&rule->pattern, &reason, text);
    if (err != OK) {
        err = fail(failure, err, "'%s' %s", text, reason.text);
    }
    free(text);
    return err;
}

// What could never hold, whatever the session.
static enum err check_conditions(const struct fault_rule *rule, struct failure *failure) {
    bool once =
        rule->point == FAULT_CONNECT || rule->point == FAULT_TLS || rule->point == FAULT_GREETING;
    if (rule->point == FAULT_GREETING && rule->pattern != NULL) {
        return fail(failure, ERR_USAGE, "'~' makes no sense at 'greeting', which has no argument");
    }
    if (once && rule->nth.first > 1) {
        return fail(failure, ERR_USAGE,
                    "'#%llu' makes no sense at '%s', which comes once in a session",
                    (unsigned long long)rule->nth.first, rule->point_text);
    }
    return OK;
}

static enum err read_left(struct fault_rule *rule, struct failure *failure, struct slice left) {
    struct slice rest = left;
    struct slice point = fault_word_next(&rest);
    size_t tilde = slice_find_byte(rest, '~');
    struct slice before = tilde == SLICE_NONE ? rest : slice_sub(rest, 0, tilde);
    struct slice wrong;
    enum err err = read_point(rule, failure, point);
    if (err != OK) {
        return err;
    }
    if (!read_conditions(rule, before, &wrong)) {
        return fail(
            failure, ERR_USAGE,
            "'%.*s' is not a condition: ~ REGEX, #N, #N-M, #N-, session N, session N-M, P%%, "
            "over N/Ss",
            SHOWN(wrong));
    }
    err = tilde == SLICE_NONE ? OK : read_pattern(rule, failure, slice_from(rest, tilde + 1));
    return err == OK ? check_conditions(rule, failure) : err;
}

// ── the whole ───────────────────────────────────────────────────────────────────────────────────

// Where the colon is that the action follows. An expression may have colons of its own, as in
// `RCPT ~ TO:<b@`: the first one with a blank and an action after it counts, else the first with a
// blank.
static size_t find_colon(struct slice text) {
    size_t first = SLICE_NONE;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.data[i] != ':' || !text_is_blank(text.data[i + 1])) {
            continue;
        }
        struct fault_action action;
        char *right = mem_string_of(slice_trim(slice_from(text, i + 1)));
        bool found = fault_action_find(&action, right);
        free(right);
        if (found) {
            return i;
        }
        first = first == SLICE_NONE ? i : first;
    }
    return first != SLICE_NONE ? first : slice_find_byte(text, ':');
}

enum err fault_rule_parse(struct fault_rule *out, struct failure *failure, const char *text) {
    const struct fault_range any = {.first = 0, .last = UINT64_MAX};
    struct slice whole = slice_trim(slice_of_string(text));
    size_t colon = find_colon(whole);
    *out = (struct fault_rule){
        .text = mem_string_of(whole), .nth = any, .sessions = any, .chance_ppm = FAULT_ALWAYS};
    enum err err = colon == SLICE_NONE
                       ? fail(failure, ERR_USAGE,
                              "'%s' has no ': ACTION', as in 'RCPT #3: 452 Too many'", out->text)
                       : read_left(out, failure, slice_sub(whole, 0, colon));
    if (err == OK) {
        out->action_text = mem_string_of(slice_trim(slice_from(whole, colon + 1)));
        err = fault_action_read(out, failure);
    }
    if (err != OK) {
        fault_rule_cleanup(out);
    }
    return err;
}
