// SPDX-License-Identifier: MIT
// metrics: counts of what happened since the start, for a monitoring system and for the page's
// status. A sink (observe/sink.h): it also counts what --only and the pause keep from the outputs.
// Written in Prometheus' text format 0.0.4.
#ifndef SCOPE_WEB_METRICS_H
#define SCOPE_WEB_METRICS_H

#include "base/buf.h"
#include "inspect/rule.h"
#include "observe/output.h"

#include <stdatomic.h>

enum message_outcome { MESSAGE_ACCEPTED, MESSAGE_REFUSED, MESSAGE_UNANSWERED, MESSAGE_OUTCOMES };
enum { OUTCOMES = OUTCOME_PROXY_STOPPED + 1, SEVERITIES = SEVERITY_ERROR + 1, TIME_BOUNDS = 12 };

// How many took up to each bound, and all of them.
struct time_histogram {
    _Atomic uint64_t counts[TIME_BOUNDS + 1]; // the last one is of what took longer
    _Atomic uint64_t sum_us;
};

// All-zero is nothing so far. Written on the sessions' threads.
struct metrics {
    _Atomic uint64_t live;
    _Atomic uint64_t sessions[OUTCOMES];
    _Atomic uint64_t messages[MESSAGE_OUTCOMES];
    _Atomic uint64_t findings[RULE_COUNT][SEVERITIES];
    _Atomic uint64_t bytes[2];           // inside TLS, by enum side
    struct time_histogram handshakes[2]; // by enum side
    struct time_histogram replies;
};

// With a `struct metrics` as its context.
extern const struct sink_ops metrics_sink;

uint64_t metrics_ended(const struct metrics *metrics);
uint64_t metrics_messages(const struct metrics *metrics);
uint64_t metrics_findings(const struct metrics *metrics, enum severity severity);

// `outputs` may be NULL; `dropped` is how many sessions the page had to let go.
void metrics_put(struct buf *out, const struct metrics *metrics, const struct output_set *outputs,
                 uint64_t dropped);

#endif
