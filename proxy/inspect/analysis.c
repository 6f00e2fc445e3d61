// SPDX-License-Identifier: MIT
#include "inspect/analysis.h"

#include "inspect/held_findings.h"
#include "inspect/likely.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/sentence.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct place place_of_exchange(enum party side, int exchange) {
    return (struct place){.side = side, .exchange = exchange, .message = EVENT_NO_MESSAGE};
}

struct place place_of_session(enum party side) {
    return place_of_exchange(side, EVENT_NO_EXCHANGE);
}

struct place place_of_command(const struct event_command *command) {
    return place_of_exchange(PARTY_CLIENT, command->exchange);
}

struct place place_of_reply(const struct event_reply *reply) {
    return (struct place){PARTY_SERVER, reply->to, reply->message};
}

static void send_finding(struct analysis *analysis, struct event_finding finding) {
    struct event event = {.kind = EVENT_FINDING,
                          .session = analysis->now->session,
                          .at_ns = analysis->now->at_ns,
                          .finding = finding};
    event_send(&analysis->sink, &event);
}

// A text that was too long may end within a character.
static struct slice whole_characters(const char *text) {
    struct slice s = slice_of_string(text);
    for (int i = 0; i < 3 && !text_is_utf8(s); i++) {
        s.len--;
    }
    return s;
}

const struct tally *analysis_tally(const struct analysis *analysis, enum rule rule) {
    static const struct tally none = {.count = 0};
    for (size_t i = 0; i < analysis->tally_count; i++) {
        if (analysis->tallies[i].rule == rule) {
            return &analysis->tallies[i];
        }
    }
    return &none;
}

struct tally *analysis_take_tally(struct analysis *analysis, enum rule rule) {
    for (size_t i = 0; i < analysis->tally_count; i++) {
        if (analysis->tallies[i].rule == rule) {
            return &analysis->tallies[i];
        }
    }
    size_t count = analysis->tally_count + 1;
    analysis->tallies = mem_resize(analysis->tallies, count, sizeof(analysis->tallies[0]));
    analysis->tallies[analysis->tally_count] = (struct tally){.rule = rule};
    return &analysis->tallies[analysis->tally_count++];
}

static unsigned count(struct tally *tally, enum severity severity, enum party side) {
    bool first = tally->count++ == 0;
    tally->worst = first || severity > tally->worst ? severity : tally->worst;
    tally->side = first || side == tally->side ? side : PARTY_NONE;
    return tally->count;
}

static void say(struct analysis *analysis, enum rule rule, enum severity severity,
                struct place place, const char *text) {
    if (analysis_ignores(analysis, rule)) {
        return;
    }
    if (count(analysis_take_tally(analysis, rule), severity, place.side) > LIMIT_FINDINGS_OF_RULE) {
        return;
    }
    likely_take_finding(analysis, rule, place, text);
    if (!held_take(analysis, rule, severity, place, text)) {
        analysis_send(analysis, rule, severity, place, text);
    }
}

void analysis_send(struct analysis *analysis, enum rule rule, enum severity severity,
                   struct place place, const char *text) {
    send_finding(analysis, (struct event_finding){.rule = rule_info(rule)->id,
                                                  .severity = severity,
                                                  .side = place.side,
                                                  .exchange = place.exchange,
                                                  .message = place.message,
                                                  .text = whole_characters(text),
                                                  .reference = rule_info(rule)->reference});
}

void analysis_say(struct analysis *analysis, enum rule rule, struct place place, const char *format,
                  ...) {
    char text[FINDING_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say(analysis, rule, rule_info(rule)->severity, place, text);
}

void analysis_say_mild(struct analysis *analysis, enum rule rule, struct place place,
                       const char *format, ...) {
    char text[FINDING_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say(analysis, rule, rule_info(rule)->mildest, place, text);
}

void analysis_note(struct analysis *analysis, const char *format, ...) {
    char text[FINDING_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct event event = {.kind = EVENT_NOTE,
                          .session = analysis->now->session,
                          .at_ns = analysis->now->at_ns,
                          .note.text = slice_of_string(text)};
    event_send(&analysis->sink, &event);
}

bool analysis_ignores(const struct analysis *analysis, enum rule rule) {
    const struct findings_config *config = &analysis->config;
    bool ignores = false;
    for (size_t i = 0; i < config->ignored_count && !ignores; i++) {
        ignores = strcmp(rule_info(rule)->id, config->ignored[i]) == 0;
    }
    return ignores;
}

bool analysis_lists(const struct analysis *analysis, enum rule rule) {
    return !analysis_ignores(analysis, rule) &&
           analysis_tally(analysis, rule)->count < LIMIT_FINDINGS_OF_RULE;
}

bool analysis_first_of_message(struct analysis *analysis, enum rule rule, int message) {
    if (analysis_tally(analysis, rule)->message == message) {
        return false;
    }
    analysis_take_tally(analysis, rule)->message = message;
    return true;
}

bool analysis_is_first(const struct analysis *analysis, enum rule rule) {
    return analysis_tally(analysis, rule)->count == 0;
}

void analysis_say_totals(struct analysis *analysis) {
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        const struct tally *tally = analysis_tally(analysis, (enum rule)rule);
        if (tally->count <= LIMIT_FINDINGS_OF_RULE) {
            continue;
        }
        char text[FINDING_TEXT_MAX];
        snprintf(text, sizeof(text),
                 "This rule fired %u times in this session; only the first %d are listed.",
                 tally->count, LIMIT_FINDINGS_OF_RULE);
        send_finding(analysis, (struct event_finding){.rule = info->id,
                                                      .severity = tally->worst,
                                                      .side = tally->side,
                                                      .exchange = EVENT_NO_EXCHANGE,
                                                      .message = EVENT_NO_MESSAGE,
                                                      .text = slice_of_string(text),
                                                      .reference = info->reference});
    }
}

// ── quoting ─────────────────────────────────────────────────────────────────────────────────────

struct quote quote_literal(const char *text) {
    struct quote quote;
    snprintf(quote.text, sizeof(quote.text), "%s", text);
    return quote;
}

// Cuts at a character, never within one.
static struct slice cut_to_quote(struct slice value) {
    size_t len = 0;
    while (len < value.len && len < QUOTE_MAX) {
        size_t step = text_utf8_length(slice_from(value, len));
        len += step == 0 ? 1 : step;
    }
    return slice_sub(value, 0, len);
}

static bool ends_cut_line(const struct event_line *line, struct slice value) {
    return line->len > line->text.len && value.len > 0 &&
           value.data + value.len == line->text.data + line->text.len;
}

// Whether a value goes to the end of what is kept of a longer line.
static bool is_cut(const struct event *now, struct slice value) {
    if (now->kind == EVENT_COMMAND) {
        return ends_cut_line(&now->command.line, value);
    }
    for (size_t i = 0; now->kind == EVENT_REPLY && i < now->reply.line_count; i++) {
        if (ends_cut_line(&now->reply.lines[i].line, value)) {
            return true;
        }
    }
    return false;
}

// Whether a value is, or is of, what the decoder marked as a credential: then the mask need not
// know it, as where it is too short.
static bool is_marked(const struct event *now, struct slice value) {
    const struct event_line *line = &now->command.line;
    uintptr_t at = (uintptr_t)value.data - (uintptr_t)line->text.data;
    for (size_t i = 0; now->kind == EVENT_COMMAND && i < line->secret_count; i++) {
        struct span secret = line->secrets[i];
        if (at < secret.offset + secret.len && at + value.len > secret.offset) {
            return true;
        }
    }
    return false;
}

struct quote quote_of(const struct analysis *analysis, struct slice value) {
    struct quote quote = {.text = ""};
    struct buf text;
    buf_init(&text, sizeof(quote.text) - 1);
    struct slice shown = cut_to_quote(value);
    bool cut = shown.len < value.len || is_cut(analysis->now, value);
    buf_put(&text, shown);
    buf_put_string(&text, cut ? "…" : "");
    struct buf marked;
    buf_init(&marked, sizeof(quote.text) - 1);
    sentence_put_value(&marked, buf_slice(&text));
    bool altered = cut || buf_len(&marked) != value.len + SENTENCE_MARKS;
    if (is_marked(analysis->now, value) || (altered && analysis->facts.credentials_seen)) {
        quote = quote_literal("(not shown)");
    } else {
        memcpy(quote.text, buf_slice(&marked).data, buf_len(&marked));
    }
    buf_wipe(&text);
    buf_wipe(&marked);
    return quote;
}

struct quote quote_of_command(const struct analysis *analysis, const struct event_command *event) {
    if (event->concealed) {
        return quote_literal("A line that is not shown");
    }
    if (event->continuation) {
        return quote_literal("A SASL line");
    }
    if (slice_trim(event->line.text).len == 0) {
        return quote_literal("An empty line");
    }
    bool secret = event->line.secret_count > 0 || event->command.verb == VERB_AUTH;
    return quote_of(analysis, secret ? event->command.name : event->line.text);
}
