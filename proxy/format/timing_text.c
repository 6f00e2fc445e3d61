// SPDX-License-Identifier: MIT
// timing_text: the steps of a session as lines.
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_COLUMNS = 19, // "TLS with the server"
    TABLE_COLUMNS = LABEL_COLUMNS + 10 + 4 * 9 + 3,
    BAR_LEAST = 12,
    WIDTH_ELSE = 100, // where no screen says how wide it is
    DURATION_SIZE = 32,
};

static const char letters[] = {[PARTY_CLIENT] = 'C', [PARTY_SERVER] = 'S', [PARTY_PROXY] = 'P'};

// 0.42 ms, 12.3 ms, 656 ms, 1.25 s, 2:05 min
static const char *duration(char out[static DURATION_SIZE], int64_t ns) {
    double ms = (double)ns / (double)NS_PER_MS;
    if (ms < 1000) {
        snprintf(out, DURATION_SIZE, "%.*f ms", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
    } else if (ms < 60000) {
        snprintf(out, DURATION_SIZE, "%.*f s", ms < 10000 ? 2 : 1, ms / 1000);
    } else {
        int64_t seconds = (ns + NS_PER_S / 2) / NS_PER_S;
        snprintf(out, DURATION_SIZE, "%lld:%02d min", (long long)(seconds / 60),
                 (int)(seconds % 60));
    }
    return out;
}

// ── the head ────────────────────────────────────────────────────────────────────────────────────

static const char *first_of(const char *one, const char *other, const char *none) {
    return one != NULL ? one : other != NULL ? other : none;
}

static void put_share(struct buf *out, const struct timing *timing, enum party who,
                      const char *words) {
    char text[DURATION_SIZE];
    int64_t spent = timing->sums_ns[who];
    buf_putf(out, "%s %s", words, duration(text, spent));
    if (timing->total_ns > 0) {
        buf_putf(out, ", %.0f %%", 100.0 * (double)spent / (double)timing->total_ns);
    }
}

static void put_head(struct buf *out, const struct record *record, const struct timing *timing) {
    const struct event_session *session = &record->session;
    char text[DURATION_SIZE];
    buf_putf(out, "Session %llu: ", (unsigned long long)session->id);
    text_put_printable(out, slice_of_string(first_of(session->client.program,
                                                     session->client.address, "unknown")));
    buf_put_string(out, " to ");
    text_put_printable(out, slice_of_string(session->has_server
                                                ? first_of(session->server.host,
                                                           session->server.address, "unknown")
                                                : "the embedded server"));
    buf_putf(out, ", %s, %s\n", record->closed ? outcome_name(record->close.outcome) : "not ended",
             duration(text, timing->total_ns));
    put_share(out, timing, PARTY_SERVER, "waiting for the server (S)");
    put_share(out, timing, PARTY_CLIENT, "; for the client (C)");
    put_share(out, timing, PARTY_PROXY, "; the proxy itself (P)");
    buf_put_byte(out, '\n');
}

// ── the rows ────────────────────────────────────────────────────────────────────────────────────

static struct slice label_of(const struct timing_step *step) {
    const struct record_exchange *exchange = step->exchange;
    if (exchange == NULL) {
        return slice_of_string(step->label);
    }
    const struct record_command *command = exchange->command;
    if (command == NULL) {
        return slice_of_string(exchange->n == 0 ? "greeting" : "unasked reply");
    }
    if (!slice_is_null(command->verb)) {
        return command->verb;
    }
    return exchange->continuation ? slice_of_string("SASL line") : command->line.text;
}

static void put_label(struct buf *out, const struct timing_step *step) {
    struct buf label;
    buf_init(&label, 4 * LABEL_COLUMNS); // each byte may become \xHH
    text_put_printable(&label, text_cut(label_of(step), LABEL_COLUMNS));
    struct slice shown = text_cut(buf_slice(&label), LABEL_COLUMNS);
    buf_putf(out, "%-*.*s", LABEL_COLUMNS, (int)shown.len, (const char *)shown.data);
    buf_cleanup(&label);
}

static void put_detail(struct buf *out, const struct timing_step *step) {
    if (step->code > 0) {
        buf_putf(out, " %-9d", step->code);
    } else {
        buf_putf(out, " %-9s", step->detail != NULL ? step->detail : "");
    }
}

static void put_number(struct buf *out, int64_t ns, bool always) {
    char text[DURATION_SIZE];
    buf_putf(out, "%9s", ns > 0 || always ? duration(text, ns) : "");
}

// What the steps show of their segments.
struct chart {
    const struct timing *timing;
    size_t width;
    char *bars; // of each step, `width` characters
    int64_t (*spent_ns)[PARTY_PROXY + 1];
};

static size_t column_of(const struct chart *chart, int64_t at_ns) {
    return (size_t)((double)chart->width * (double)at_ns / (double)chart->timing->total_ns);
}

// However short it was, it has a column.
static void draw(struct chart *chart, const struct timing_segment *segment) {
    size_t from = column_of(chart, segment->from_ns);
    size_t to = column_of(chart, segment->to_ns);
    from = from < chart->width ? from : chart->width - 1;
    memset(chart->bars + segment->step * chart->width + from, letters[segment->who],
           to > from ? to - from : 1);
    chart->spent_ns[segment->step][segment->who] += segment->to_ns - segment->from_ns;
}

static void put_row(struct buf *out, const struct chart *chart, size_t i) {
    const struct timing_step *step = &chart->timing->steps[i];
    put_label(out, step);
    put_detail(out, step);
    put_number(out, step->from_ns, true);
    put_number(out, chart->spent_ns[i][PARTY_SERVER], false);
    put_number(out, chart->spent_ns[i][PARTY_CLIENT], false);
    put_number(out, chart->spent_ns[i][PARTY_PROXY], false);
    buf_putf(out, " |%.*s|\n", (int)chart->width, chart->bars + i * chart->width);
}

static void put_column_names(struct buf *out) {
    buf_putf(out, "%-*s %-9s%9s%9s%9s%9s\n", LABEL_COLUMNS, "step", "reply", "from", "server",
             "client", "proxy");
}

// The segments of a step lie among those of steps that went on at the same time.
static void chart_init(struct chart *out, const struct timing *timing, unsigned columns) {
    size_t wanted = columns == 0 ? WIDTH_ELSE : columns;
    size_t width = wanted > TABLE_COLUMNS + BAR_LEAST ? wanted - TABLE_COLUMNS : BAR_LEAST;
    *out = (struct chart){.timing = timing,
                          .width = width,
                          .bars = mem_new_array(timing->step_count, width),
                          .spent_ns = mem_new_array(timing->step_count, sizeof(*out->spent_ns))};
    memset(out->bars, ' ', timing->step_count * width);
    for (size_t i = 0; i < timing->segment_count; i++) {
        draw(out, &timing->segments[i]);
    }
}

static void chart_cleanup(struct chart *chart) {
    free(chart->bars);
    free(chart->spent_ns);
}

void timing_write(const struct record *record, unsigned columns,
                  void (*write)(void *context, struct slice lines), void *context) {
    struct timing timing;
    struct chart chart;
    struct buf out;
    timing_init(&timing, record);
    chart_init(&chart, &timing, columns);
    buf_init(&out, 2 * LIMIT_WRITE);
    put_head(&out, record, &timing);
    put_column_names(&out);
    for (size_t i = 0; i < timing.step_count; i++) {
        put_row(&out, &chart, i);
        if (buf_len(&out) >= LIMIT_WRITE) {
            write(context, buf_slice(&out));
            buf_clear(&out);
        }
    }
    buf_put_byte(&out, '\n');
    write(context, buf_slice(&out));
    buf_cleanup(&out);
    chart_cleanup(&chart);
    timing_cleanup(&timing);
}
