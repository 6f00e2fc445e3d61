// SPDX-License-Identifier: MIT
#include "inspect/findings.h"

#include "base/lines.h"
#include "base/memory.h"
#include "inspect/held_findings.h"
#include "inspect/likely.h"
#include "inspect/preface.h"
#include "inspect/themes.h"

#include <stdlib.h>

struct findings {
    struct analysis analysis;
};

typedef void judge(struct analysis *analysis, const struct event *event);

// In this order they speak of one event.
static judge *const themes[] = {
    smuggling_judge, message_judge, wire_judge,     step_judge,      pipeline_judge,
    order_judge,     hello_judge,   auth_judge,     extension_judge, path_judge,
    smtputf8_judge,  stall_judge,   reply_judge,    offer_judge,     refusal_judge,
    tls_judge,       closing_judge, envelope_judge, repeated_judge,
};

struct findings *findings_new(const struct findings_config *config, struct event_sink sink) {
    struct findings *findings = mem_new(sizeof(*findings));
    struct analysis *analysis = &findings->analysis;
    analysis->config = *config;
    analysis->sink = sink;
    facts_init(&analysis->facts);
    return findings;
}

void findings_free(struct findings *findings) {
    if (findings == NULL) {
        return;
    }
    struct analysis *analysis = &findings->analysis;
    facts_cleanup(&analysis->facts);
    held_free(analysis);
    likely_free(analysis);
    message_notes_free(analysis->message);
    envelope_free(analysis->envelope);
    attempts_free(analysis->attempts);
    sent_messages_free(analysis->sent);
    free(analysis->tallies);
    free(findings);
}

// Raw bytes and the lines of message text come by the million; what is wrong in them comes as a
// flaw.
static bool is_of_interest(enum event_kind kind) {
    return kind != EVENT_TEXT && kind != EVENT_BYTES && kind != EVENT_WIRE && kind != EVENT_FINDING;
}

// What the proxy says for itself is the fault of neither peer.
static bool is_to_be_judged(const struct event *event) {
    return event->kind == EVENT_COMMAND ? !event->command.by_proxy : is_of_interest(event->kind);
}

// A line that was cut off, or answered before its end: of it only that is judged which is true
// whatever would have followed.
static bool is_half_line(const struct event *event) {
    return event->kind == EVENT_COMMAND && event->command.line.ending == ENDING_NONE;
}

static void observe_half_line(struct analysis *analysis, const struct event *event) {
    if (!preface_holds(analysis, &event->command)) {
        wire_judge_half_line(analysis, &event->command);
        pipeline_judge(analysis, event);
    }
    if (event->command.begun) {
        facts_learn(&analysis->facts, event);
    } else {
        facts_learn_half_line(&analysis->facts, &event->command);
    }
}

// Lines of a message that the server did not ask for are one fault, not one for each line.
static bool is_stray(const struct analysis *analysis, const struct event *event) {
    return event->kind == EVENT_COMMAND && facts_is_stray_text(&analysis->facts, &event->command);
}

void findings_peer_left(struct findings *findings, enum side side,
                        const struct event_progress *progress, int64_t at_ns) {
    facts_peer_left(&findings->analysis.facts, side, progress, at_ns);
}

static void observe(struct analysis *analysis, const struct event *event) {
    analysis->now = event;
    if (!is_to_be_judged(event)) {
        return;
    }
    preface_learn(analysis, event);
    held_findings_release(analysis);
    likely_learn(analysis, event);
    if (is_half_line(event)) {
        observe_half_line(analysis, event);
        return;
    }
    if (event->kind == EVENT_COMMAND && preface_holds(analysis, &event->command)) {
        facts_learn(&analysis->facts, event);
        return;
    }
    bool stray = is_stray(analysis, event);
    for (size_t i = 0; i < sizeof(themes) / sizeof(themes[0]); i++) {
        if (!stray || themes[i] == order_judge) {
            themes[i](analysis, event);
        }
    }
    facts_learn(&analysis->facts, event);
    if (event->kind == EVENT_CLOSE) {
        analysis_say_totals(analysis);
        likely_conclude(analysis, &event->close);
    }
}

void findings_settle(struct findings *findings, const struct event *event) {
    struct analysis *analysis = &findings->analysis;
    analysis->now = event;
    if (is_to_be_judged(event)) {
        held_learn(analysis, event);
        smuggling_settle(analysis, event);
        refusal_settle(analysis, event);
    }
}

void findings_observe(struct findings *findings, const struct event *event) {
    if (event->kind != EVENT_FIELD) {
        observe(&findings->analysis, event);
        return;
    }
    // Of a line that ends in CR CR LF the CR is `bare-cr`, and no fault of the field that it ends.
    struct event clean = *event;
    clean.field.raw = lines_without_crs(clean.field.raw);
    clean.field.value = lines_without_crs(clean.field.value);
    observe(&findings->analysis, &clean);
}

struct slice findings_likely(const struct findings *findings) {
    const char *sentence = findings->analysis.likely.sentence;
    return slice_of_string(sentence);
}
