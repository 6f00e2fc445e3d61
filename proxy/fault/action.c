// SPDX-License-Identifier: MIT
#include "fault/action.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "fault/fault_rule.h"
#include "tls/alert.h"

#include <string.h>

// `%.*s` of a slice; the command line has no NULs.
#define SHOWN(s) (int)(s).len, (const char *)(s).data

// ── words ───────────────────────────────────────────────────────────────────────────────────────

struct slice fault_word_next(struct slice *rest) {
    *rest = slice_trim(*rest);
    return slice_split(rest, ' ');
}

bool fault_time_read(int64_t *out_ns, struct slice word) {
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

// ── how each reads ──────────────────────────────────────────────────────────────────────────────

#define AT(point) (1u << (point))

// Points that are no verb have one bit each; of the verbs only some differ.
enum {
    AT_EHLO = 1u << 8,
    AT_TEXT = 1u << 9, // DATA, BDAT
    AT_REPLIES = AT(FAULT_GREETING) | AT(FAULT_COMMAND) | AT(FAULT_MESSAGE),
    AT_ALL = AT_REPLIES | AT(FAULT_CONNECT) | AT(FAULT_TLS),
    AT_SILENCE = AT_REPLIES | AT(FAULT_TLS),
};

static bool read_code(struct fault_action *action, struct slice words) {
    struct slice rest = words;
    struct slice word = fault_word_next(&rest);
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
    return fault_time_read(&action->time_ns, words) && action->time_ns > 0;
}

static bool read_count(struct fault_action *action, struct slice words) {
    return text_parse_u64(&action->count, words, INT64_MAX) && action->count > 0;
}

static bool read_after(struct fault_action *action, struct slice words) {
    struct slice rest = words;
    return slice_is(fault_word_next(&rest), "after") && read_count(action, slice_trim(rest));
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
    action->certificate = certificate_fault_find(words);
    return action->certificate != NULL;
}

static bool read_version(struct fault_action *action, struct slice words) {
    struct tls_version_range range;
    bool one = tls_version_range_parse(&range, words) && range.min == range.max &&
               slice_find_byte(words, '-') == SLICE_NONE;
    action->version = one ? range.min : TLS_VERSION_1_0;
    return one;
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
    {FAULT_SILENCE, "silence", "silence", AT_SILENCE, read_no_words},
    {FAULT_CLOSE, "close", "close", AT_ALL, read_no_words},
    {FAULT_CLOSE_AFTER, "close", "close after N", AT_TEXT | AT(FAULT_MESSAGE), read_after},
    {FAULT_RESET, "reset", "reset", AT_ALL, read_no_words},
    {FAULT_SLICE, "slice", "slice N", AT_REPLIES, read_count},
    {FAULT_RATE, "rate", "rate N", AT_REPLIES, read_count},
    {FAULT_STRIP, "strip", "strip KEYWORD…", AT_EHLO, read_text},
    {FAULT_ADD, "add", "add LINE", AT_EHLO, read_text},
    {FAULT_ALERT, "alert", "alert NAME of RFC 8446 6.2", AT(FAULT_TLS), read_alert},
    {FAULT_CERTIFICATE, "certificate", "certificate FAULT", AT(FAULT_TLS), read_certificate},
    {FAULT_VERSION, "version", "version 1.0, 1.1, 1.2 or 1.3", AT(FAULT_TLS), read_version},
    {FAULT_PLAIN, "plain", "plain", AT(FAULT_TLS), read_no_words},
    {FAULT_REFUSE, "refuse", "refuse", AT(FAULT_CONNECT), read_no_words},
    {FAULT_UNREACHABLE, "unreachable", "unreachable", AT(FAULT_CONNECT), read_no_words},
    {FAULT_ANSWER, NULL, "CODE [ENHANCED] TEXT", AT_REPLIES, read_code},
};

enum { ACTION_ROWS = sizeof(action_rows) / sizeof(action_rows[0]) };

static const struct action_row *find_action(struct fault_action *out, const char *text) {
    for (size_t i = 0; i < ACTION_ROWS; i++) {
        const struct action_row *row = &action_rows[i];
        struct slice words = slice_of_string(text);
        bool named = row->name == NULL || slice_is(fault_word_next(&words), row->name);
        *out = (struct fault_action){.kind = row->kind};
        if (named && row->parse(out, slice_trim(words))) {
            return row;
        }
    }
    return NULL;
}

bool fault_action_find(struct fault_action *out, const char *text) {
    return find_action(out, text) != NULL;
}

static enum err unknown_certificate(struct failure *failure, const char *text) {
    struct buf words;
    buf_init(&words, FAILURE_MAX);
    for (size_t i = 0; i < certificate_fault_count(); i++) {
        buf_putf(&words, "%s%s", i == 0 ? "" : ", ", certificate_fault_at(i)->word);
    }
    enum err err = fail(failure, ERR_USAGE, "'%s' is not 'certificate' and one of: %.*s", text,
                        SHOWN(buf_slice(&words)));
    buf_cleanup(&words);
    return err;
}

static enum err no_action(struct failure *failure, struct slice word) {
    struct buf names;
    const char *last = "CODE TEXT";
    buf_init(&names, FAILURE_MAX);
    buf_put_string(&names, last);
    for (size_t i = 0; action_rows[i].name != NULL; i++) { // `close` has two rows
        if (strcmp(action_rows[i].name, last) != 0) {
            buf_putf(&names, ", %s", action_rows[i].name);
        }
        last = action_rows[i].name;
    }
    enum err err = fail(failure, ERR_USAGE, "'%.*s' is not an action: %.*s", SHOWN(word),
                        SHOWN(buf_slice(&names)));
    buf_cleanup(&names);
    return err;
}

static enum err unknown_action(struct failure *failure, const char *text) {
    struct slice rest = slice_of_string(text);
    struct slice word = fault_word_next(&rest);
    for (size_t i = 0; i < ACTION_ROWS; i++) {
        if (action_rows[i].name != NULL && slice_is(word, action_rows[i].name)) {
            return action_rows[i].kind == FAULT_CERTIFICATE
                       ? unknown_certificate(failure, text)
                       : fail(failure, ERR_USAGE, "'%s' is not '%s'", text, action_rows[i].form);
        }
    }
    return no_action(failure, word);
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
    struct slice keyword = fault_word_next(&rest);
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
        return "at DATA the server would still wait for the message; 'DATA: CODE TEXT' keeps "
               "DATA from it, 'message: replace ...' replaces the answer to the message";
    }
    if (rule->action.kind == FAULT_REPLACE && strcmp(rule->point_text, "STARTTLS") == 0) {
        return "at STARTTLS the server would still wait for TLS; 'STARTTLS: CODE TEXT' keeps "
               "STARTTLS from it";
    }
    return NULL;
}

enum err fault_action_read(struct fault_rule *rule, struct failure *failure) {
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
