// SPDX-License-Identifier: MIT
#include "web/metrics.h"

#include "base/limits.h"

#include <inttypes.h>

static const int64_t bounds_us[TIME_BOUNDS] = {1000,   2500,   5000,   10000,   25000,   50000,
                                               100000, 250000, 500000, 1000000, 5000000, 30000000};

enum { OUTPUTS_SHOWN = 64 };

// ── counting ────────────────────────────────────────────────────────────────────────────────────

static void add(_Atomic uint64_t *counter, uint64_t more) {
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void take_time(struct time_histogram *histogram, int64_t ns) {
    size_t bound = 0;
    int64_t us = ns / NS_PER_US;
    while (bound < TIME_BOUNDS && us > bounds_us[bound]) {
        bound++;
    }
    add(&histogram->counts[bound], 1);
    add(&histogram->sum_us, (uint64_t)us);
}

static void take_finding(struct metrics *metrics, const struct event_finding *finding) {
    enum rule rule = rule_find(slice_of_string(finding->rule));
    if (rule < RULE_COUNT) {
        add(&metrics->findings[rule][finding->severity], 1);
    }
}

static void take_close(struct metrics *metrics, const struct event_close *close) {
    add(&metrics->live, UINT64_MAX); // one less
    add(&metrics->sessions[close->outcome], 1);
    add(&metrics->bytes[SIDE_CLIENT], close->bytes_from_client);
    add(&metrics->bytes[SIDE_SERVER], close->bytes_from_server);
}

static void *session_new(void *context) {
    struct metrics *metrics = context;
    add(&metrics->live, 1);
    return metrics;
}

static void take(void *context, const struct event *event) {
    struct metrics *metrics = context;
    if (event->kind == EVENT_CLOSE) {
        take_close(metrics, &event->close);
    } else if (event->kind == EVENT_MESSAGE) {
        add(&metrics->messages[event->message.accepted   ? MESSAGE_ACCEPTED
                               : event->message.code > 0 ? MESSAGE_REFUSED
                                                         : MESSAGE_UNANSWERED],
            1);
    } else if (event->kind == EVENT_FINDING) {
        take_finding(metrics, &event->finding);
    } else if (event->kind == EVENT_TLS && event->tls.error == NULL) {
        take_time(&metrics->handshakes[event->tls.side], event->tls.handshake_ns);
    } else if (event->kind == EVENT_REPLY && !event->reply.by_proxy &&
               event->reply.latency_ns >= 0) {
        take_time(&metrics->replies, event->reply.latency_ns);
    }
}

const struct sink_ops metrics_sink = {.session_new = session_new, .take = take};

uint64_t metrics_ended(const struct metrics *metrics) {
    uint64_t ended = 0;
    for (size_t i = 0; i < OUTCOMES; i++) {
        ended += get(&metrics->sessions[i]);
    }
    return ended;
}

uint64_t metrics_messages(const struct metrics *metrics) {
    uint64_t messages = 0;
    for (size_t i = 0; i < MESSAGE_OUTCOMES; i++) {
        messages += get(&metrics->messages[i]);
    }
    return messages;
}

uint64_t metrics_findings(const struct metrics *metrics, enum severity severity) {
    uint64_t findings = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        findings += get(&metrics->findings[i][severity]);
    }
    return findings;
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static void put_head(struct buf *out, const char *name, const char *type, const char *help) {
    buf_putf(out, "# HELP smtpscope_%s %s\n# TYPE smtpscope_%s %s\n", name, help, name, type);
}

static void put_labelled(struct buf *out, const char *name, const char *label, const char *value,
                         uint64_t count) {
    buf_putf(out, "smtpscope_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, count);
}

static void put_sessions(struct buf *out, const struct metrics *metrics) {
    put_head(out, "sessions_live", "gauge", "Sessions that are open now.");
    buf_putf(out, "smtpscope_sessions_live %" PRIu64 "\n", get(&metrics->live));
    put_head(out, "sessions_total", "counter", "Sessions that have ended, by outcome.");
    for (size_t i = 0; i < OUTCOMES; i++) {
        put_labelled(out, "sessions_total", "outcome", outcome_name((enum outcome)i),
                     get(&metrics->sessions[i]));
    }
}

static void put_messages(struct buf *out, const struct metrics *metrics) {
    static const char *const names[] = {[MESSAGE_ACCEPTED] = "accepted",
                                        [MESSAGE_REFUSED] = "refused",
                                        [MESSAGE_UNANSWERED] = "unanswered"};
    put_head(out, "messages_total", "counter", "Messages, by the server's reply.");
    for (size_t i = 0; i < MESSAGE_OUTCOMES; i++) {
        put_labelled(out, "messages_total", "outcome", names[i], get(&metrics->messages[i]));
    }
}

// A rule that has not fired has no line, so that there are not hundreds.
static void put_rule(struct buf *out, const struct metrics *metrics, enum rule rule) {
    for (size_t severity = 0; severity < SEVERITIES; severity++) {
        uint64_t count = get(&metrics->findings[rule][severity]);
        if (count > 0) {
            buf_putf(out, "smtpscope_findings_total{rule=\"%s\",severity=\"%s\"} %" PRIu64 "\n",
                     rule_info(rule)->id, severity_name((enum severity)severity), count);
        }
    }
}

static void put_findings(struct buf *out, const struct metrics *metrics) {
    put_head(out, "findings_total", "counter", "Findings, by rule and severity.");
    for (size_t rule = 0; rule < RULE_COUNT; rule++) {
        put_rule(out, metrics, (enum rule)rule);
    }
}

static void put_bytes(struct buf *out, const struct metrics *metrics) {
    put_head(out, "bytes_total", "counter", "Bytes inside TLS of sessions that have ended.");
    put_labelled(out, "bytes_total", "direction", "from_client", get(&metrics->bytes[SIDE_CLIENT]));
    put_labelled(out, "bytes_total", "direction", "from_server", get(&metrics->bytes[SIDE_SERVER]));
}

static void put_seconds(struct buf *out, uint64_t us) {
    buf_putf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

// `label` is `side="client",` or empty.
static void put_histogram(struct buf *out, const char *name, const char *label,
                          const struct time_histogram *histogram) {
    uint64_t count = 0;
    for (size_t i = 0; i <= TIME_BOUNDS; i++) {
        count += get(&histogram->counts[i]);
        buf_putf(out, "smtpscope_%s_bucket{%sle=\"", name, label);
        if (i < TIME_BOUNDS) {
            buf_putf(out, "%g", (double)bounds_us[i] / 1e6);
        } else {
            buf_put_string(out, "+Inf");
        }
        buf_putf(out, "\"} %" PRIu64 "\n", count);
    }
    size_t label_len = slice_of_string(label).len;
    struct buf braces;
    buf_init(&braces, NOTICE_MAX);
    if (label_len > 0) {
        buf_putf(&braces, "{%.*s}", (int)label_len - 1, label);
    }
    buf_putf(out, "smtpscope_%s_sum", name);
    buf_put(out, buf_slice(&braces));
    buf_put_byte(out, ' ');
    put_seconds(out, get(&histogram->sum_us));
    buf_putf(out, "\nsmtpscope_%s_count", name);
    buf_put(out, buf_slice(&braces));
    buf_putf(out, " %" PRIu64 "\n", count);
    buf_cleanup(&braces);
}

static void put_times(struct buf *out, const struct metrics *metrics) {
    put_head(out, "tls_handshake_seconds", "histogram", "TLS handshakes that succeeded.");
    put_histogram(out, "tls_handshake_seconds", "side=\"client\",",
                  &metrics->handshakes[SIDE_CLIENT]);
    put_histogram(out, "tls_handshake_seconds", "side=\"server\",",
                  &metrics->handshakes[SIDE_SERVER]);
    put_head(out, "reply_seconds", "histogram", "From a command to the server's reply.");
    put_histogram(out, "reply_seconds", "", &metrics->replies);
}

// A value of a label: `\` and `"` are escaped; what is not printable ASCII is shown as `?`.
static void put_value(struct buf *out, struct slice value) {
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (byte == '"' || byte == '\\') {
            buf_put_byte(out, '\\');
        }
        buf_put_byte(out, byte < 0x20 || byte > 0x7E ? '?' : byte);
    }
}

static void put_output(struct buf *out, const char *name, const struct output_status *output,
                       uint64_t count) {
    buf_putf(out, "smtpscope_%s{format=\"%s\",path=\"", name, output->format);
    put_value(out, slice_of_string(output->path));
    buf_putf(out, "\"} %" PRIu64 "\n", count);
}

static void put_outputs(struct buf *out, const struct output_set *outputs) {
    struct output_status status[OUTPUTS_SHOWN];
    size_t count = output_set_status(outputs, status, OUTPUTS_SHOWN);
    count = count < OUTPUTS_SHOWN ? count : OUTPUTS_SHOWN;
    put_head(out, "output_written_total", "counter", "Lines, documents or packets written.");
    for (size_t i = 0; i < count; i++) {
        put_output(out, "output_written_total", &status[i], status[i].lines);
    }
    put_head(out, "output_lost_total", "counter", "Lines that an output could not write.");
    for (size_t i = 0; i < count; i++) {
        put_output(out, "output_lost_total", &status[i], status[i].lost);
    }
}

void metrics_put(struct buf *out, const struct metrics *metrics, const struct output_set *outputs,
                 uint64_t dropped) {
    put_sessions(out, metrics);
    put_messages(out, metrics);
    put_findings(out, metrics);
    put_bytes(out, metrics);
    put_times(out, metrics);
    if (outputs != NULL) {
        put_outputs(out, outputs);
    }
    put_head(out, "web_dropped_total", "counter", "Sessions that the page dropped to make room.");
    buf_putf(out, "smtpscope_web_dropped_total %" PRIu64 "\n", dropped);
}
