// SPDX-License-Identifier: MIT
#include "inspect/held_findings.h"

#include "base/memory.h"
#include "inspect/likely.h"
#include "inspect/preface.h"

#include <stdlib.h>

static bool is_about_smtp(enum rule rule) {
    bool tls = rule >= RULE_TLS_CLIENT_DISTRUSTS && rule <= RULE_TLS_TRUNCATED;
    return !tls && rule != RULE_SESSION_FAILED;
}

static bool is_known_to_be_smtp(const struct analysis *analysis) {
    const struct held *held = &analysis->held;
    return held->over || (!preface_may_be(&analysis->preface) &&
                          (held->proven || (held->server_spoke && !held->client_is_strange)));
}

void held_free(struct analysis *analysis) {
    struct held *held = &analysis->held;
    for (size_t i = 0; i < held->count; i++) {
        free(held->items[i].text);
    }
    free(held->items);
    held->items = NULL;
    held->count = 0;
}

void held_findings_release(struct analysis *analysis) {
    struct held *held = &analysis->held;
    if (!is_known_to_be_smtp(analysis)) {
        return;
    }
    for (size_t i = 0; i < held->count; i++) {
        const struct held_finding *item = &held->items[i];
        analysis_send(analysis, item->rule, item->severity, item->place, item->text);
    }
    held_free(analysis);
}

void held_drop_client(struct analysis *analysis) {
    struct held *held = &analysis->held;
    size_t kept = 0;
    for (size_t i = 0; i < held->count; i++) {
        struct held_finding *item = &held->items[i];
        if (item->place.side == PARTY_CLIENT) {
            analysis_take_tally(analysis, item->rule)->count--;
            free(item->text);
        } else {
            held->items[kept++] = *item;
        }
    }
    held->count = kept;
    likely_forget(analysis);
}

static void mute(struct analysis *analysis) {
    analysis->held.muted = true;
    for (size_t i = 0; i < analysis->tally_count; i++) {
        struct tally *tally = &analysis->tallies[i];
        tally->count = is_about_smtp(tally->rule) ? 0 : tally->count;
    }
    held_free(analysis);
    likely_forget(analysis);
}

// A client that has said no verb of SMTP may go on with another protocol, such as HTTP.
static void learn_command(struct held *held, const struct event_command *command) {
    enum verb verb = command->command.verb;
    held->client_knows_verbs |= verb != VERB_UNKNOWN && verb != VERB_NONE;
    held->client_is_strange = command->not_smtp || !held->client_knows_verbs;
}

void held_learn(struct analysis *analysis, const struct event *event) {
    struct held *held = &analysis->held;
    if (event->kind == EVENT_COMMAND) {
        learn_command(held, &event->command);
    } else if (event->kind == EVENT_REPLY) {
        held->server_spoke |= !event->reply.by_proxy && event->reply.code != 0;
        held->proven |= event->reply.proves_client && !event->reply.by_proxy;
    } else if (event->kind == EVENT_CLOSE && event->close.outcome == OUTCOME_PROTOCOL) {
        mute(analysis);
        return;
    }
    held->over |= event->kind == EVENT_CLOSE;
    held_findings_release(analysis);
}

bool held_take(struct analysis *analysis, enum rule rule, enum severity severity,
               struct place place, const char *text) {
    struct held *held = &analysis->held;
    if (!is_about_smtp(rule)) {
        return false;
    }
    if (held->muted || is_known_to_be_smtp(analysis)) {
        return held->muted;
    }
    held->items = mem_resize(held->items, held->count + 1, sizeof(held->items[0]));
    held->items[held->count++] = (struct held_finding){rule, severity, place, mem_string(text)};
    return true;
}
