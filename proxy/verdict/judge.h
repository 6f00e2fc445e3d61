// SPDX-License-Identifier: MIT
// judge: the verdict over recordings, for `check` and the end of `proxy` and `run`: which
// expectations hold, and which findings are at or above the bar. It knows records of sessions
// only, so a live capture and a recorded transcript are judged alike.
#ifndef SCOPE_VERDICT_JUDGE_H
#define SCOPE_VERDICT_JUDGE_H

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"
#include "verdict/expression_tally.h"

struct judge;
struct record;

// --fail-on: findings of this severity or worse fail.
enum fail_on { FAIL_ON_ERROR, FAIL_ON_WARNING, FAIL_ON_INFO, FAIL_ON_NEVER };

struct judge_options {
    enum fail_on fail_on;
    const char *const *expectations;
    size_t expectation_count;
    const char *const *ignored; // ids of rules whose findings are left out, as if they had no such
    size_t ignored_count;
};

// The options are borrowed as long as the judge lives. ERR_USAGE with a sentence where an
// expectation is no expression.
MUST_USE enum err judge_new(struct judge **out, struct failure *failure,
                            const struct judge_options *options);
void judge_free(struct judge *judge); // NULL is fine

// Where sessions come from files: those taken from now on are of this one. The name is borrowed as
// long as the judge lives.
void judge_begin_file(struct judge *judge, const char *name);

// Sessions come in any order, from any thread.
void judge_take(struct judge *judge, const struct record *session);
// The same of sessions that are known by their counts alone.
void judge_take_counts(struct judge *judge, const struct expression_counts *counts);

// ── the verdict, after the last session ─────────────────────────────────────────────────────────

bool judge_is_content(const struct judge *judge); // nothing failed

struct judge_expectation {
    const char *expression;
    bool holds;
    struct slice found; // for a person, as the documents have it; valid as long as the judge
};

size_t judge_expectation_count(const struct judge *judge);
struct judge_expectation judge_expectation_at(struct judge *judge, size_t index);

struct judge_finding {
    const char *file; // that its session is of; NULL where sessions come from a capture
    uint64_t session;
    struct event_finding finding; // valid as long as the judge
};

// The findings in order of file and session, up to a cap; judge_totals counts all.
size_t judge_finding_count(const struct judge *judge);
struct judge_finding judge_finding_at(struct judge *judge, size_t index);
bool judge_fails(const struct judge *judge, enum severity severity); // at or above the bar

struct judge_totals {
    uint64_t files;
    struct expression_counts counts;
};

struct judge_totals judge_totals(const struct judge *judge);

// Appends the JSON report: {"ok", "expectations", "findings"}.
void judge_put_json(struct buf *out, struct judge *judge);

#endif
