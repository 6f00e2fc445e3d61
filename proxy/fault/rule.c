// SPDX-License-Identifier: MIT
#include "fault/rule.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "tls/alert.h"
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
    return (struct event_fault){.point = slice_of_string(rule->point_text),
                                .action = slice_of_string(rule->action_text),
                                .rule = slice_of_string(rule->text),
                                .exchange = exchange};
}

static struct slice next_word(struct slice *rest) {
    *rest = slice_trim(*rest);
    return slice_split(rest, ' ');
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
            "'%.*s' is no point: connect, tls, greeting, message, a verb such as RCPT, or *",
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

// `250ms`, `3s`.
static bool read_time(int64_t *out_ns, struct slice word) {
    uint64_t number = 0;
    int64_t unit_ns = NS_PER_S;
    if (slice_ends_with_nocase(word, SLICE("ms"))) {
        unit_ns = NS_PER_MS;
        word.len -= 2;
    } else if (slice_ends_with_nocase(word, SLICE("s"))) {
        word.len -= 1;
    } else {
        return false;
    }
    if (!text_parse_u64(&number, word, LIMIT_FAULT_TIME * 1000)) {
        return false;
    }
    *out_ns = (int64_t)number * unit_ns;
    return *out_ns <= (int64_t)LIMIT_FAULT_TIME * NS_PER_S;
}

// `N/Ss`.
static bool read_over(struct fault_rule *rule, struct slice word) {
    struct slice span = word;
    struct slice count = slice_split(&span, '/');
    return text_parse_u64(&rule->over_count, count, LIMIT_FAULT_OVER) &&
           read_time(&rule->over_span_ns, span) && rule->over_span_ns > 0;
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
        struct slice word = next_word(&words);
        struct slice value = takes_value(word) ? next_word(&words) : SLICE("");
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
        return fail(failure, ERR_USAGE, "'~' wants a regular expression after it");
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

static enum err read_left(struct fault_rule *rule, struct failure *failure, struct slice left) {
    struct slice rest = left;
    struct slice point = next_word(&rest);
    size_t tilde = slice_find_byte(rest, '~');
    struct slice before = tilde == SLICE_NONE ? rest : slice_sub(rest, 0, tilde);
    struct slice wrong;
    enum err err = read_point(rule, failure, point);
    if (err != OK) {
        return err;
    }
    if (!read_conditions(rule, before, &wrong)) {
        return fail(failure, ERR_USAGE,
                    "'%.*s' is no condition: ~ REGEX, #N, #N-M, #N-, session N, session N-M, P%%, "
                    "over N/Ss",
                    SHOWN(wrong));
    }
    return tilde == SLICE_NONE ? OK : read_pattern(rule, failure, slice_from(rest, tilde + 1));
}

// ── actions ─────────────────────────────────────────────────────────────────────────────────────

#define AT(point) (1u << (point))

// Points that are no verb have one bit each; of the verbs only some differ.
enum {
    AT_EHLO = 1u << 8,
    AT_TEXT = 1u << 9, // DATA, BDAT
    AT_REPLIES = AT(FAULT_GREETING) | AT(FAULT_COMMAND) | AT(FAULT_MESSAGE),
    AT_ALL = AT_REPLIES | AT(FAULT_CONNECT) | AT(FAULT_TLS),
};

static bool read_code(struct fault_action *action, struct slice words) {
    struct slice rest = words;
    struct slice word = next_word(&rest);
    uint64_t code = 0;
    if (word.len != 3 || !text_parse_u64(&code, word, 599) || code < 200) {
        return false;
    }
    action->code = (int)code;
    action->text = (const char *)words.data;
    return true;
}

static bool read_no_words(struct fault_action *action, struct slice words) {
    (void)action;
    return words.len == 0;
}

static bool read_delay(struct fault_action *action, struct slice words) {
    return read_time(&action->time_ns, words);
}

static bool read_count(struct fault_action *action, struct slice words) {
    return text_parse_u64(&action->count, words, INT64_MAX) && action->count > 0;
}

static bool read_after(struct fault_action *action, struct slice words) {
    struct slice rest = words;
    return slice_is(next_word(&rest), "after") && read_count(action, slice_trim(rest));
}

static bool read_text(struct fault_action *action, struct slice words) {
    action->text = (const char *)words.data;
    return words.len > 0;
}

static bool read_alert(struct fault_action *action, struct slice words) {
    int alert = tls_alert_find(words);
    action->count = alert == ALERT_NONE ? 0 : (uint64_t)alert;
    return alert != ALERT_NONE;
}

static bool read_certificate(struct fault_action *action, struct slice words) {
    static const char *const names[] = {
        [FAULT_CERTIFICATE_EXPIRED] = "expired",
        [FAULT_CERTIFICATE_NOT_YET_VALID] = "not-yet-valid",
        [FAULT_CERTIFICATE_WRONG_NAME] = "wrong-name",
        [FAULT_CERTIFICATE_SELF_SIGNED] = "self-signed",
        [FAULT_CERTIFICATE_UNKNOWN_ISSUER] = "unknown-issuer",
        [FAULT_CERTIFICATE_WEAK_KEY] = "weak-key",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_is(words, names[i])) {
            action->count = i;
            return true;
        }
    }
    return false;
}

// The first row whose name and words fit is the action. FAULT_ANSWER has no name.
static const struct action_row {
    enum fault_action_kind kind;
    const char *name;
    const char *form; // for the sentence about one that cannot be read
    unsigned points;
    bool (*parse)(struct fault_action *action, struct slice words);
} action_rows[] = {
    {FAULT_REPLACE, "replace", "replace CODE [ENHANCED] TEXT", AT_REPLIES, read_code},
    {FAULT_DELAY, "delay", "delay TIME, such as 250ms or 3s", AT_ALL, read_delay},
    {FAULT_SILENCE, "silence", "silence", AT_REPLIES, read_no_words},
    {FAULT_CLOSE, "close", "close", AT_ALL, read_no_words},
    {FAULT_CLOSE_AFTER, "close", "close after N", AT_TEXT | AT(FAULT_MESSAGE), read_after},
    {FAULT_RESET, "reset", "reset", AT_ALL, read_no_words},
    {FAULT_SLICE, "slice", "slice N", AT_REPLIES, read_count},
    {FAULT_RATE, "rate", "rate N", AT_REPLIES, read_count},
    {FAULT_STRIP, "strip", "strip KEYWORD…", AT_EHLO, read_text},
    {FAULT_ADD, "add", "add LINE", AT_EHLO, read_text},
    {FAULT_ALERT, "alert", "alert NAME of RFC 8446 6.2", AT(FAULT_TLS), read_alert},
    {FAULT_CERTIFICATE, "certificate",
     "certificate expired, not-yet-valid, wrong-name, self-signed, unknown-issuer or weak-key",
     AT(FAULT_TLS), read_certificate},
    {FAULT_REFUSE, "refuse", "refuse", AT(FAULT_CONNECT), read_no_words},
    {FAULT_UNREACHABLE, "unreachable", "unreachable", AT(FAULT_CONNECT), read_no_words},
    {FAULT_ANSWER, NULL, "CODE [ENHANCED] TEXT", AT_REPLIES, read_code},
};

enum { ACTION_ROWS = sizeof(action_rows) / sizeof(action_rows[0]) };

static const struct action_row *find_action(struct fault_action *out, const char *text) {
    for (size_t i = 0; i < ACTION_ROWS; i++) {
        const struct action_row *row = &action_rows[i];
        struct slice words = slice_of_string(text);
        bool named = row->name == NULL || slice_is(next_word(&words), row->name);
        *out = (struct fault_action){.kind = row->kind};
        if (named && row->parse(out, slice_trim(words))) {
            return row;
        }
    }
    return NULL;
}

static enum err unknown_action(struct failure *failure, const char *text) {
    struct slice rest = slice_of_string(text);
    struct slice word = next_word(&rest);
    for (size_t i = 0; i < ACTION_ROWS; i++) {
        if (action_rows[i].name != NULL && slice_is(word, action_rows[i].name)) {
            return fail(failure, ERR_USAGE, "'%s' is not '%s'", text, action_rows[i].form);
        }
    }
    return fail(failure, ERR_USAGE,
                "'%.*s' is no action: CODE TEXT, replace, delay, silence, close, reset, slice, "
                "rate, strip, add, alert, certificate, refuse, unreachable",
                SHOWN(word));
}

static unsigned points_of(const struct fault_rule *rule) {
    if (rule->point != FAULT_COMMAND) {
        return AT(rule->point);
    }
    unsigned points = AT(FAULT_COMMAND);
    points |= strcmp(rule->point_text, "EHLO") == 0 ? AT_EHLO : 0u;
    bool text = strcmp(rule->point_text, "DATA") == 0 || strcmp(rule->point_text, "BDAT") == 0;
    return points | (text ? AT_TEXT : 0u);
}

static bool adds_mechanism(const char *line) {
    struct slice rest = slice_of_string(line);
    struct slice keyword = next_word(&rest);
    return slice_is_nocase(slice_split(&keyword, '='), "AUTH");
}

static bool has_controls(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

// What would leave the two peers in different places, whatever the user meant by it.
static const char *nonsense(const struct fault_rule *rule) {
    if (has_controls(slice_of_string(rule->action_text))) {
        return "an answer is one line, without control characters";
    }
    if (rule->action.kind == FAULT_ADD && adds_mechanism(rule->action.text)) {
        return "no credential mechanism may be added that the server lacks, and those that it has "
               "it offers itself";
    }
    bool answers = rule->action.kind == FAULT_ANSWER || rule->action.kind == FAULT_REPLACE;
    if (answers && rule->action.code / 100 == 3) {
        return "a 3yz reply asks for more, which the server does not wait for";
    }
    bool tls = strcmp(rule->point_text, "STARTTLS") == 0 && rule->action.code == 220;
    if (answers && (tls || (rule->any_verb && rule->action.code == 220))) {
        return "a 220 to STARTTLS begins TLS, which the server does not know of";
    }
    if (rule->action.kind == FAULT_REPLACE && strcmp(rule->point_text, "DATA") == 0) {
        return "at DATA the server would wait for the message all the same; 'DATA: CODE TEXT' "
               "keeps "
               "DATA from it, 'message: replace ...' replaces the answer to the message";
    }
    if (rule->action.kind == FAULT_REPLACE && strcmp(rule->point_text, "STARTTLS") == 0) {
        return "at STARTTLS the server would wait for TLS all the same; 'STARTTLS: CODE TEXT' "
               "keeps "
               "STARTTLS from it";
    }
    return NULL;
}

static enum err read_action(struct fault_rule *rule, struct failure *failure, struct slice right) {
    rule->action_text = mem_string_of(slice_trim(right));
    const struct action_row *row = find_action(&rule->action, rule->action_text);
    if (row == NULL) {
        return unknown_action(failure, rule->action_text);
    }
    if ((row->points & points_of(rule)) == 0) {
        return fail(failure, ERR_USAGE, "'%s' makes no sense at '%s'", rule->action_text,
                    rule->point_text);
    }
    const char *why = nonsense(rule);
    return why == NULL ? OK : fail(failure, ERR_USAGE, "'%s': %s", rule->action_text, why);
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
        bool found = find_action(&action, right) != NULL;
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
        err = read_action(out, failure, slice_from(whole, colon + 1));
    }
    if (err != OK) {
        fault_rule_cleanup(out);
    }
    return err;
}
