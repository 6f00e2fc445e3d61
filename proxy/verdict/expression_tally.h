// SPDX-License-Identifier: MIT
// expression_tally: an expression asked of the records of sessions, and whether it holds.
//
//   record ── ask ──▶ ┌───────┐
//   record ── ask ──▶ │ tally │ ── holds, put_found
//   counts ── ask ──▶ └───────┘
//
// A count (`sessions`, `messages`, `accepted`, `recipients`, `findings`) is summed over all
// sessions. A text is asked of each message or session: it holds when one of them has such a value,
// with `all:` when each of them has values and all of these are such. `all:` is true of no message,
// or no session.
//
// It keeps no record: sessions may go once they have been asked.
#ifndef SCOPE_VERDICT_EXPRESSION_TALLY_H
#define SCOPE_VERDICT_EXPRESSION_TALLY_H

#include "base/buf.h"
#include "event/event.h"
#include "verdict/expression.h"

struct record;

// What was seen of it so far. All-zero is nothing yet.
struct expression_tally {
    uint64_t sum;      // of a count
    uint64_t asked;    // messages or sessions that were asked
    uint64_t matching; // of these, those that have it
    struct buf found;  // the values seen, for a person; cut after some
    size_t found_count;
};

// The counts of sessions, summed.
struct expression_counts {
    uint64_t sessions;
    uint64_t messages;
    uint64_t accepted; // messages that the server took
    uint64_t recipients;
    uint64_t findings[SEVERITY_ERROR + 1];
};

// Adds what the session has of them.
void expression_count(struct expression_counts *counts, const struct record *session);
void expression_counts_add(struct expression_counts *sum, const struct expression_counts *more);

// Asks one session more. `tally` is of this expression alone.
void expression_ask(struct expression_tally *tally, const struct expression *expression,
                    const struct record *session);
// The same of sessions whose records are gone: only a count can be asked of them, without `all:`.
void expression_ask_counts(struct expression_tally *tally, const struct expression *expression,
                           const struct expression_counts *counts);
// The answer over all that was asked.
bool expression_holds(const struct expression *expression, const struct expression_tally *tally);
// Appends what was found, for a person: a number, or the values seen, or `nothing`. Values are as
// they are in the document, not escaped.
void expression_put_found(struct buf *out, const struct expression *expression,
                          const struct expression_tally *tally);
void expression_tally_cleanup(struct expression_tally *tally);

// Asks one session alone (`--only`).
bool expression_matches(const struct expression *expression, const struct record *session);

#endif
