// SPDX-License-Identifier: MIT
#include "web/wait.h"

#include "base/limits.h"
#include "base/memory.h"
#include "verdict/expression_tally.h"
#include "verdict/judge.h"
#include "verdict/report.h"

#include <stdlib.h>

struct wait_for {
    struct collector *collector;
    struct store *store;
    char **texts;
    struct expression **expressions;
    struct expression_tally *tallies; // of what has ended
    size_t count;
    struct judge *judge; // of what has ended
    unsigned epoch;
    uint64_t version; // of the last look
    bool looked;
    bool holds;
    bool over; // the judge has all that the verdict speaks of
    uint64_t due_ms;
    bool prolonged;
};

// A finding does not make a wait fail: only what was expected counts.
static struct judge *new_judge(const struct wait_for *wait) {
    struct judge_options options = {.fail_on = FAIL_ON_NEVER,
                                    .expectations = (const char *const *)wait->texts,
                                    .expectation_count = wait->count};
    struct judge *judge = NULL;
    enum err err = judge_new(&judge, NULL, &options);
    return err == OK ? judge : NULL;
}

enum err wait_new(struct wait_for **out, struct failure *failure, struct store *store,
                  const char *const *expectations, size_t count) {
    struct wait_for *wait = mem_new(sizeof(*wait));
    enum err err = OK;
    *out = NULL;
    wait->store = store;
    wait->collector = store_watch(store);
    wait->texts = mem_new_array(count + 1, sizeof(*wait->texts));
    wait->expressions = mem_new_array(count + 1, sizeof(struct expression *));
    wait->tallies = mem_new_array(count + 1, sizeof(*wait->tallies));
    for (size_t i = 0; err == OK && i < count; i++) {
        err = expression_parse(&wait->expressions[i], failure, expectations[i], EXPRESSION_CHECK);
        wait->texts[i] = mem_string(expectations[i]);
        wait->count = i + 1;
    }
    if (err != OK) {
        wait_free(wait);
        return err;
    }
    wait->judge = new_judge(wait);
    *out = wait;
    return OK;
}

void wait_free(struct wait_for *wait) {
    if (wait == NULL) {
        return;
    }
    store_unwatch(wait->collector);
    judge_free(wait->judge);
    for (size_t i = 0; i < wait->count; i++) {
        free(wait->texts[i]);
        expression_free(wait->expressions[i]);
        expression_tally_cleanup(&wait->tallies[i]);
    }
    free((void *)wait->texts);
    free((void *)wait->expressions);
    free(wait->tallies);
    free(wait);
}

static void ask(struct expression_tally *tallies, const struct wait_for *wait,
                const struct record *record) {
    for (size_t i = 0; i < wait->count; i++) {
        expression_ask(&tallies[i], wait->expressions[i], record);
    }
}

// The page was cleared: what came before does not count any more.
static void begin_anew(struct wait_for *wait, unsigned epoch) {
    for (size_t i = 0; i < wait->count; i++) {
        expression_tally_cleanup(&wait->tallies[i]);
        wait->tallies[i] = (struct expression_tally){0};
    }
    judge_free(wait->judge);
    wait->judge = new_judge(wait);
    wait->epoch = epoch;
}

static void take_gone(struct wait_for *wait, const struct collected *collected) {
    for (size_t i = 0; i < wait->count; i++) {
        expression_ask_counts(&wait->tallies[i], wait->expressions[i], &collected->gone);
    }
    judge_take_counts(wait->judge, &collected->gone);
}

static void take_ended(struct wait_for *wait, const struct collected *collected) {
    for (size_t i = 0; i < collected->ended; i++) {
        struct kept_view view;
        if (kept_view_open(&view, collected->sessions[i])) {
            ask(wait->tallies, wait, view.record);
            judge_take(wait->judge, view.record);
            kept_view_close(&view);
        }
    }
}

// What has ended and what lives, together.
static bool all_hold(const struct wait_for *wait, const struct collected *collected) {
    struct expression_tally *tallies = mem_new_array(wait->count + 1, sizeof(*tallies));
    bool hold = true;
    for (size_t i = collected->ended; i < collected->count; i++) {
        struct kept_view view;
        if (kept_view_open(&view, collected->sessions[i])) {
            ask(tallies, wait, view.record);
            kept_view_close(&view);
        }
    }
    for (size_t i = 0; i < wait->count; i++) {
        tallies[i].sum += wait->tallies[i].sum;
        tallies[i].asked += wait->tallies[i].asked;
        tallies[i].matching += wait->tallies[i].matching;
        hold = hold && expression_holds(wait->expressions[i], &tallies[i]);
        expression_tally_cleanup(&tallies[i]);
    }
    free(tallies);
    return hold;
}

static struct collected collect(struct wait_for *wait) {
    struct collected collected = store_collect(wait->collector);
    if (collected.epoch != wait->epoch) {
        begin_anew(wait, collected.epoch);
    }
    take_gone(wait, &collected);
    take_ended(wait, &collected);
    return collected;
}

// The judge hears of the sessions that live too, as they are at this moment.
static void judge_live(struct wait_for *wait, const struct collected *collected) {
    for (size_t i = collected->ended; i < collected->count; i++) {
        struct kept_view view;
        if (kept_view_open(&view, collected->sessions[i])) {
            judge_take(wait->judge, view.record);
            kept_view_close(&view);
        }
    }
}

// A verdict has to be of the very sessions that were looked at: of more it might say the opposite.
static void look(struct wait_for *wait, bool last) {
    uint64_t version = store_version(wait->store);
    struct collected collected = collect(wait);
    wait->holds = all_hold(wait, &collected);
    wait->over = wait->holds || last;
    if (wait->over) {
        judge_live(wait, &collected);
    }
    wait->version = version;
    wait->looked = true;
    store_collected_free(&collected);
}

bool wait_look(struct wait_for *wait) {
    bool changed = !wait->looked || store_version(wait->store) != wait->version;
    if (changed && !wait->over) {
        look(wait, false);
    }
    return wait->holds;
}

bool wait_conclude(struct wait_for *wait) {
    if (!wait->over) {
        look(wait, true);
    }
    return wait->holds;
}

void wait_set_time(struct wait_for *wait, uint64_t now_ms, uint64_t wait_ms) {
    wait->due_ms = now_ms + wait_ms;
    wait->prolonged = false;
}

bool wait_is_due(struct wait_for *wait, uint64_t now_ms) {
    if (now_ms < wait->due_ms) {
        return false;
    }
    uint64_t late_ms = now_ms - wait->due_ms;
    if (wait->prolonged || late_ms <= WEB_LATE_MS) {
        return true;
    }
    wait->prolonged = true;
    wait->due_ms = now_ms + (late_ms < WEB_LATE_MAX_MS ? late_ms : WEB_LATE_MAX_MS);
    return false;
}

uint64_t wait_due_ms(const struct wait_for *wait) {
    return wait->due_ms;
}

void wait_put_verdict(struct buf *out, struct wait_for *wait) {
    report_put(out, wait->judge, REPORT_JSON);
}

void wait_put_report(struct buf *out, struct wait_for *wait) {
    report_put(out, wait->judge, REPORT_TEXT);
}
